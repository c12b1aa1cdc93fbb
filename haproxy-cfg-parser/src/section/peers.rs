//! `peers` sections (manual 3.5).

use super::modifier::Modifier;
use super::proxy::kept;
use super::server::{self, Label};
use super::{bind, log};
use crate::model::{Address, Bind, BindOptions, Host, LogTarget, Peer, Peers, ServerLine};
use crate::parse::{Args, Cx};
use crate::{Diagnostic, Severity, value};

pub(crate) fn open(cx: &mut Cx<'_>, name: &str) {
    let place = cx.place.clone();
    cx.config.peers.push(Peers {
        name: name.to_owned(),
        default_server: ServerLine::blank(place.clone()),
        place,
        disabled: false,
        bind: None,
        default_bind: BindOptions::default(),
        peers: Vec::new(),
        tables: Vec::new(),
        logs: Vec::new(),
        shards: None,
    });
}

/// Takes something out of the section that was opened last.
fn take<T: Default>(cx: &mut Cx<'_>, of: fn(&mut Peers) -> &mut T) -> T {
    cx.config.peers.last_mut().map(|peers| std::mem::take(of(peers))).unwrap_or_default()
}

fn change(cx: &mut Cx<'_>, with: impl FnOnce(&mut Peers)) {
    if let Some(peers) = cx.config.peers.last_mut() {
        with(peers);
    }
}

/// `disabled`, `enabled`.
pub(crate) fn switch(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    let disabled = args.get(0) == "disabled";
    change(cx, |peers| peers.disabled = disabled);
}

/// `shards COUNT`.
pub(crate) fn shards(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    match args.get(1).parse::<u32>() {
        _ if cx.too_many(args, 1) => {}
        Ok(count) if count > 0 => change(cx, |peers| peers.shards = Some(count)),
        _ => cx.wrong(args, 1, "'shards' expects a number of groups above 0 as argument."),
    }
}

/// `log ADDRESS FACILITY ...`.
pub(crate) fn log(cx: &mut Cx<'_>, modifier: &mut Modifier, args: &Args<'_>) {
    let mut logs: Vec<LogTarget> = take(cx, |peers| &mut peers.logs);
    log::line(cx, &mut logs, args, *modifier, false);
    change(cx, |peers| peers.logs = logs);
}

/// `table NAME type ...`.
pub(crate) fn table(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    let name = format!("{}/{}", cx.part, args.get(1));
    match kept::table(args, 2) {
        Ok(()) => {
            cx.named.insert(("table", name));
            change(cx, |peers| peers.tables.push((args.get(1).to_owned(), args.owned(2))));
        }
        Err((index, text)) => cx.wrong(args, index, format!("table: {text}.")),
    }
}

/// `bind ADDRESS OPTIONS` and `default-bind OPTIONS`.
pub(crate) fn bind(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    let text = args.get(1);
    let mut options = cx.config.peers.last().map(|peers| peers.default_bind.clone()).unwrap_or_default();
    if args.get(0) == "default-bind" {
        let label = format!("'default-bind {text}' in section 'peers'");
        bind::options(cx, args, 1, &label, &mut options);
        change(cx, |peers| peers.default_bind = options);
        return;
    }
    let (mixed, other) = cx.config.peers.last().map_or((false, None), |peers| {
        let other = peers.bind.as_ref().map(|bind| bind.place.clone());
        (peers.peers.iter().any(|peer| peer.listens), other)
    });
    if mixed {
        cx.wrong(args, 0, "mixing \"peer\" and \"bind\" line is forbidden");
    } else if let Some(place) = other {
        let text = format!(
            "One listener per \"peers\" section is authorized but another is already configured at [{place}]."
        );
        cx.wrong(args, 0, text);
    } else if let Some(addresses) =
        (!text.is_empty()).then(|| bind::addresses(cx, args, &format!("'bind {text}'"), text)).flatten()
    {
        bind::options(cx, args, 2, &format!("'bind {text}' in section 'peers'"), &mut options);
        let place = cx.place.clone();
        change(cx, |peers| peers.bind = Some(Bind { addresses, options, place }));
    }
}

/// `default-server OPTIONS`.
pub(crate) fn default_server(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    let mut server = template(cx);
    let label = Label { place: cx.place.clone(), names: None };
    server::options(cx, args, 1, &label, &mut server, true);
    change(cx, |peers| peers.default_server = server);
}

fn template(cx: &Cx<'_>) -> ServerLine {
    let kept = cx.config.peers.last().map(|peers| peers.default_server.clone());
    kept.unwrap_or_else(|| ServerLine::blank(cx.place.clone()))
}

/// `peer NAME [ADDRESS:PORT] OPTIONS` and `server`; the local peer may leave its address to `bind`.
pub(crate) fn peer(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    let (word, name) = (args.get(0), args.get(1));
    if name.is_empty() {
        return;
    }
    let local = cx.env.get("HAPROXY_LOCALPEER") == Some(name);
    let Some(peers) = cx.config.peers.last() else { return };
    let bound = peers.bind.is_some();
    if bound && word == "peer" {
        cx.wrong(args, 0, "mixing \"peer\" and \"bind\" line is forbidden");
        return;
    }
    let first = if local { cx.named_before("local peer", &format!("{}/{name}", cx.part)) } else { None };
    if let Some(place) = first {
        let text = format!("'{word} {name}' : local peer name already referenced at {place}. {name}");
        cx.wrong(args, 1, text);
        return;
    }
    let mut server = template(cx);
    server.name = name.to_owned();
    server.place = cx.place.clone();
    // Beside `bind` the local peer's line has options only.
    let at = if local && bound { 2 } else { 3 };
    let address = if at == 2 { Ok(None) } else { address(cx, args, local) };
    let Ok(address) = address else { return };
    let owner = if local { name } else { "(null)" };
    let label = Label { place: cx.place.clone(), names: Some((owner, name)) };
    if !server::options(cx, args, at, &label, &mut server, at == 2) {
        return;
    }
    let checked = server.check.enabled || server.check.agent.enabled;
    if checked || server.init_addr.is_some() || server.resolve.resolvers.is_some() {
        let text = format!("'{word} {name}' : init_addr, resolvers, check and agent are ignored for peers.");
        cx.warn(args, 0, text);
    }
    let peer =
        Peer { name: name.to_owned(), address, listens: word == "peer", server, place: cx.place.clone() };
    change(cx, |peers| peers.peers.push(peer));
}

/// The third word, if there is one. Err: it is wrong, and said to be.
fn address(cx: &mut Cx<'_>, args: &Args<'_>, local: bool) -> Result<Option<Address>, ()> {
    let (word, name, text) = (args.get(0), args.get(1), args.get(2));
    if text.is_empty() {
        return Ok(None);
    }
    match value::address(text, &cx.env) {
        // Only the local peer listens.
        Ok(Address::Inet { ports: (0, 0), .. }) if local => {
            cx.wrong(args, 2, format!("'{word} {name}' : missing port specification in '{text}'"));
        }
        Ok(Address::Inet { host: Host::Name(host), .. }) if !cx.resolves(&host) => {
            let place = cx.place.to_string();
            let text = format!("[{place}] : 'server (null)/{name}' : invalid address: '{host}' in '{text}'");
            cx.alert_word(args, 2, text);
        }
        Ok(address) => return Ok(Some(address)),
        Err(error) => cx.wrong(args, 2, format!("'{word} {name}' : {error}")),
    }
    Err(())
}

/// Sections without the process itself are of no use.
pub(crate) fn check(cx: &Cx<'_>) -> Vec<Diagnostic> {
    let Some(local) = cx.env.get("HAPROXY_LOCALPEER") else { return Vec::new() };
    let mut findings = Vec::new();
    let sections =
        cx.config.peers.iter().filter(|peers| !peers.disabled && !cx.broken.contains(&peers.place));
    // HAProxy's list has the last one first.
    for peers in sections.rev() {
        let (message, help) = match peers.peers.iter().find(|peer| peer.name == local) {
            None => (
                format!("Removing incomplete section 'peers {}' (no peer named '{local}').", peers.name),
                format!("add `peer {local}` with its address, or name this process with `localpeer`"),
            ),
            Some(peer) => {
                let options = peers.bind.as_ref().map_or(&peers.default_bind, |bind| &bind.options);
                let (listener, server) = match (options.ssl, peer.server.ssl) {
                    (true, false) => ("a SSL", "a non-SSL"),
                    (false, true) => ("a non-SSL", "a SSL"),
                    _ => continue,
                };
                let message = format!(
                    "Peers section '{local}': local peer have {listener} listener and {server} server configured at line {}.",
                    peer.place
                );
                (message, "give both `bind` and the local peer `ssl`, or neither".to_owned())
            }
        };
        let (place, help) = (Some(peers.place.clone()), Some(help));
        findings.push(Diagnostic { severity: Severity::Warning, place, span: None, message, help });
    }
    findings
}
