//! `show cluster`, `show cluster events`, `cluster step-down`, and the table of all commands.

use super::{Observer, Report, config, health, membership};
use crate::cluster::Order;
use crate::events::Event;
use lb_core::admin::Level;
use lb_core::extension::{Command, Run, Said};
use lb_core::process::Severity;
use std::fmt::Write;
use std::pin::Pin;
use std::time::UNIX_EPOCH;

/// All of them, by name.
pub(super) fn all(observer: &Observer) -> Vec<Command> {
    let command = |words, usage, doc, run: Does| {
        let observer = observer.clone();
        let run: Run = Box::new(move |args| {
            let observer = observer.clone();
            Box::pin(async move { run(&observer, &args)?.await })
        });
        Command { words, usage, doc, level: Level::User, writes: false, run }
    };
    let order = |words, usage, doc, run| {
        let command = command(words, usage, doc, run);
        Command { level: Level::Admin, writes: true, ..command }
    };
    vec![
        order(
            &["cluster", "add-node"],
            "cluster add-node <name> <ip>:<port> [witness]",
            "take in an empty node that runs, in place of the one that had its name",
            membership::add,
        ),
        order(
            &["cluster", "remove-node"],
            "cluster remove-node <name>",
            "take a node out; it has no vote any more",
            membership::remove,
        ),
        order(
            &["cluster", "step-down"],
            "cluster step-down",
            "have another node lead and hold the virtual addresses",
            step_down,
        ),
        command(
            &["show", "cluster"],
            "show cluster [json]",
            "nodes, leader and virtual addresses, as this node knows them",
            |observer, args| form(args, || Ok(text(&observer.report())), || json(&observer.report())),
        ),
        command(
            &["show", "cluster", "config"],
            "show cluster config [json]",
            "whether the nodes have the same proxy sections, and which not",
            |observer, args| form(args, || config::text(observer), || config::as_json(observer)),
        ),
        command(
            &["show", "cluster", "health"],
            "show cluster health [json]",
            "what the nodes have agreed on of each server, who checks it, and what each node sees",
            |observer, args| {
                let report = health::Report::new(observer);
                form(args, || Ok(health::text(&report)), || json(&report))
            },
        ),
        command(
            &["show", "cluster", "events"],
            "show cluster events [json]",
            "what this node has seen of the cluster lately, oldest first",
            |observer, args| form(args, || Ok(events(&observer.history())), || events_json(observer)),
        ),
    ]
}

/// What a command comes to, now or later.
pub(super) type Later = Pin<Box<dyn Future<Output = Said> + Send>>;
type Does = fn(&Observer, &[String]) -> Result<Later, String>;

fn now(text: String) -> Later {
    Box::pin(std::future::ready(Ok(text)))
}

/// One of two forms, as the words ask for it.
fn form(args: &[String], text: impl Fn() -> Said, json: impl Fn() -> Said) -> Result<Later, String> {
    match args {
        [] => text().map(now),
        [word] if word == "json" => json().map(now),
        [word, ..] => Err(format!("'{word}' means nothing here; 'json' may stand here, or nothing.")),
    }
}

/// Fails where this node is not the one that decides.
pub(super) fn must_lead(report: &Report) -> Result<(), String> {
    if report.role == "leader" {
        return Ok(());
    }
    let leader =
        report.leader.as_ref().map_or_else(|| "nobody leads".to_owned(), |name| format!("{name} does"));
    Err(format!("This node does not lead: {leader}."))
}

fn step_down(observer: &Observer, args: &[String]) -> Result<Later, String> {
    if let Some(word) = args.first() {
        return Err(format!("'{word}' means nothing here; the command takes no words."));
    }
    let report = observer.report();
    must_lead(&report)?;
    if !report.nodes.iter().any(|node| node.role == "follower" && node.reachable == Some(true)) {
        return Err("No other node that may hold the addresses answers.".to_owned());
    }
    observer.ask(Order::StepDown)?;
    Ok(now(String::new()))
}

pub(super) fn json(value: &impl serde::Serialize) -> Result<String, String> {
    serde_json::to_string(value).map(|text| text + "\n").map_err(|error| error.to_string())
}

/// What people read.
fn text(report: &Report) -> String {
    let or_none = |name: &Option<String>| name.clone().unwrap_or_else(|| "none".to_owned());
    let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    let mut out = format!("cluster: {}\n", report.cluster);
    let _ = writeln!(out, "node: {}, {}, term {}", report.node, report.role, report.term);
    let _ = writeln!(out, "quorum: {}", if report.quorum { "yes" } else { "no" });
    let _ = writeln!(out, "leader: {}", or_none(&report.leader));
    let _ = writeln!(out, "holder: {}", or_none(&report.holder));
    for address in &report.addresses {
        let _ = writeln!(out, "address: {} ({})", address.ip, address.guard);
    }
    let left = report.lease_left.map_or_else(|| "not held".to_owned(), |left| format!("{left} ms left"));
    let _ = writeln!(out, "lease: {} ms, {left}", report.lease);
    let [shortest, longest] = report.election_timeout;
    let _ = writeln!(out, "election-timeout: {shortest} to {longest} ms, heartbeat {} ms", report.heartbeat);
    let _ = writeln!(out, "log: last {}, applied {}", number(report.last), number(report.applied));
    if let Some(days) = report.certificate_days {
        let _ = writeln!(out, "certificate: {days} days left");
    }
    let refused = report.transport;
    let _ = writeln!(
        out,
        "links: {} requests answered; turned away: {} strangers, {} crowded, {} handshakes, {} other terms, {} malformed",
        refused.requests,
        refused.strangers,
        refused.crowded,
        refused.handshakes,
        refused.terms,
        refused.malformed
    );
    out.push_str("# node id address role votes heard_ms\n");
    for node in &report.nodes {
        let id = node.id.as_deref().unwrap_or("-");
        let (votes, heard) = (if node.votes { "yes" } else { "no" }, number(node.heard));
        let _ = writeln!(out, "{} {id} {} {} {votes} {heard}", node.name, node.address, node.role);
    }
    out
}

fn severity(event: &Event) -> &'static str {
    match event.severity {
        Severity::Alert => "alert",
        Severity::Warning => "warning",
        _ => "notice",
    }
}

fn events(events: &[Event]) -> String {
    let mut out = String::new();
    for event in events {
        let at = jiff::Timestamp::try_from(event.at).unwrap_or_default();
        let _ = writeln!(out, "{at:.3} {} {}", severity(event), event.text);
    }
    out
}

#[derive(serde::Serialize)]
struct Line {
    /// Seconds since 1970.
    at: f64,
    severity: &'static str,
    text: String,
}

fn events_json(observer: &Observer) -> Result<String, String> {
    let line = |event: &Event| Line {
        at: event.at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64(),
        severity: severity(event),
        text: event.text.clone(),
    };
    json(&observer.history().iter().map(line).collect::<Vec<_>>())
}
