//! Shared health: `show cluster health`, its metrics, and its section of the statistics page, made of one report.

use super::Observer;
use super::metrics::{Labels, counter, gauge, histogram, number, one, truth};
use crate::health::{Seen, Shown, Standing, View};
use crate::state::{NodeId, Ruling};
use lb_core::check::Status;
use lb_core::extension::{Look, Metric, Panel, Reading};
use serde::Serialize;
use std::fmt::Write;

/// Most rows on the page; those that are not plainly up come first.
const MAX_ROWS: usize = 100;
const RULINGS: [Ruling; 5] = [Ruling::Up, Ruling::Stopping, Ruling::Down, Ruling::Disputed, Ruling::Held];

/// What a node knows of servers. Times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// `on`, `off`, or `alone` while no majority is reached.
    pub sharing: &'static str,
    /// This node trusts what its own checks find.
    pub trusts_itself: bool,
    /// The servers that this node has.
    pub servers: Vec<Server>,
    /// What is said of servers that it does not have: other nodes' files name them.
    pub elsewhere: Vec<Elsewhere>,
}

/// A server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Server {
    /// `BACKEND/SERVER`.
    pub name: String,
    /// What it is known by on all nodes that check it alike.
    pub id: String,
    /// What the nodes agreed on.
    pub verdict: &'static str,
    /// When, since 1970; none for what is up.
    pub since: Option<u64>,
    /// What this node's traffic goes by.
    pub here: &'static str,
    /// Who checks it.
    pub prober: Option<String>,
    /// What each node sees that looks.
    pub views: Vec<Eye>,
}

/// What a node sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Eye {
    /// The node.
    pub node: String,
    /// What its checks have led to.
    pub sees: &'static str,
    /// The last one passed.
    pub passed: bool,
    /// The last one's result: `L4OK`.
    pub status: &'static str,
}

/// A server of others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Elsewhere {
    /// `BACKEND/SERVER`.
    pub name: String,
    /// What was agreed on.
    pub verdict: &'static str,
    /// By whom it was found.
    pub by: String,
}

impl Report {
    pub(super) fn new(observer: &Observer) -> Self {
        let view = observer.view();
        let name =
            |node: NodeId| view.as_ref().map_or_else(|| node.to_string(), |view| view.status.name(node));
        let Shown { enabled, shared, fit, servers, foreign } = observer.health.shown();
        let servers = servers.into_iter().map(|seen| server(seen, shared, &name)).collect::<Vec<_>>();
        let mut report = Self {
            sharing: match (enabled, shared) {
                (false, _) => "off",
                (true, false) => "alone",
                (true, true) => "on",
            },
            trusts_itself: fit,
            servers,
            elsewhere: foreign
                .into_iter()
                .map(|verdict| Elsewhere {
                    verdict: verdict.ruling.name(),
                    by: name(verdict.by),
                    name: verdict.name,
                })
                .collect(),
        };
        report.servers.sort_by(|a, b| a.name.cmp(&b.name));
        report
    }
}

fn server(seen: Seen, shared: bool, name: &impl Fn(NodeId) -> String) -> Server {
    let eye = |(node, view): (NodeId, View)| Eye {
        node: name(node),
        sees: sees(view.standing),
        passed: view.good,
        status: Status::of(view.found.status).unwrap_or_default().code(),
    };
    Server {
        id: seen.target.to_string(),
        verdict: if shared { seen.ruling.name() } else { "own" },
        since: seen.at,
        here: sees(seen.state),
        prober: seen.prober.map(name),
        views: seen.views.into_iter().map(eye).collect(),
        name: seen.name,
    }
}

fn sees(standing: Standing) -> &'static str {
    standing.ruling().name()
}

/// `lb1=up(L4OK)`, and a mark where the last check says otherwise.
fn views(server: &Server) -> String {
    let eye = |eye: &Eye| {
        let doubt = if eye.passed == (eye.sees != "down") { "" } else { "?" };
        format!("{}={}{doubt}({})", eye.node, eye.sees, eye.status)
    };
    server.views.iter().map(eye).collect::<Vec<_>>().join(" ")
}

/// What people read.
pub(super) fn text(report: &Report) -> String {
    let trust = if report.trusts_itself { "" } else { "; this node distrusts itself" };
    let mut out = format!("sharing: {}{trust}\n# server verdict here prober views\n", report.sharing);
    for server in &report.servers {
        let prober = server.prober.as_deref().unwrap_or("-");
        let _ =
            writeln!(out, "{} {} {} {prober} {}", server.name, server.verdict, server.here, views(server));
    }
    for Elsewhere { name, verdict, by } in &report.elsewhere {
        let _ = writeln!(out, "{name} {verdict} - {by} (not in this node's file)");
    }
    out
}

/// The section of the page; none where there is nothing shared.
pub(super) fn panel(report: &Report) -> Option<Panel> {
    if report.sharing == "off" || report.servers.is_empty() {
        return None;
    }
    let mut servers: Vec<_> = report.servers.iter().collect();
    servers.sort_by_key(|server| server.verdict == "up");
    let rows = servers.iter().take(MAX_ROWS).map(|server| {
        let look = match server.here {
            "down" => Look::Bad,
            _ if server.verdict == "disputed" => Look::Unknown,
            _ => Look::Good,
        };
        let prober = server.prober.as_deref().unwrap_or("-");
        let cells = [&server.name, server.verdict, server.here, prober, &views(server)];
        (look, cells.map(str::to_owned).to_vec())
    });
    let how = match report.sharing {
        "on" => "each server is checked by one node",
        _ => "no majority is reached: this node checks every server",
    };
    let trust = if report.trusts_itself { "" } else { "; this node distrusts its own checks" };
    let cut = report.servers.len().saturating_sub(MAX_ROWS);
    let more = if cut > 0 { format!("; {cut} more in show cluster health") } else { String::new() };
    Some(Panel {
        title: "shared health".to_owned(),
        summary: format!("{how}{trust}{more}"),
        head: vec!["Server", "Verdict", "Here", "Checked by", "Views"],
        rows: rows.collect(),
    })
}

/// Its metrics.
pub(super) fn metrics(observer: &Observer) -> Vec<Metric> {
    let (counts, tally) = (&observer.counts.health, observer.health.tally());
    let of = |ruling| tally.rulings.get(&ruling).copied().unwrap_or_default();
    let verdicts: Vec<(Labels, Reading)> = RULINGS
        .iter()
        .map(|ruling| (vec![("verdict", ruling.name().to_owned())], Reading::Number(number(of(*ruling)))))
        .collect();
    vec![
        gauge(
            "lb_cluster_health_shared",
            "Verdicts on servers are shared with other nodes",
            one(truth(tally.shares)),
        ),
        gauge(
            "lb_cluster_health_trusted",
            "This node trusts what its own checks find",
            one(truth(tally.fit)),
        ),
        gauge("lb_cluster_health_servers", "Servers of this node, by what the nodes agreed on", verdicts),
        counter(
            "lb_cluster_probes_total",
            "Health checks that this node made",
            one(number(counts.made.get())),
        ),
        counter(
            "lb_cluster_probes_saved_total",
            "Health checks that were due here and that another node made",
            one(number(counts.saved.get())),
        ),
        counter(
            "lb_cluster_confirmations_total",
            "Servers that failed here, and that were then agreed upon",
            one(number(counts.confirmations.get())),
        ),
        counter(
            "lb_cluster_disputes_total",
            "Servers that nodes began to see differently",
            one(number(counts.disputes.get())),
        ),
        histogram(
            "lb_cluster_verdict_seconds",
            "How long servers had been failing here when they were agreed to be down",
            &counts.latency,
        ),
        histogram(
            "lb_cluster_verdict_commit_seconds",
            "How long verdicts took to be committed",
            &counts.commits,
        ),
        counter(
            "lb_cluster_verdicts_uncommitted_total",
            "Verdicts of this node that were not committed",
            one(number(counts.uncommitted.get())),
        ),
    ]
}
