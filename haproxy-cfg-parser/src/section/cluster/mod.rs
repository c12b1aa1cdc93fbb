//! The `cluster` section, which only lb has: nodes, the addresses that the leader holds, and when a leader is replaced.

mod check;

use crate::model::{Class, Cluster, Guard, Holding, Node, Notify, Trust, VirtualAddress};
use crate::parse::{Args, Cx};
use crate::suggest;
use crate::tables::keywords::cluster as table;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// `election-timeout` where the file has none: measured to replace a dead leader within about half a second.
const ELECTION: (Duration, Duration) = (Duration::from_millis(75), Duration::from_millis(300));
/// How long a `notify` command may take where the line has no time.
const NOTIFY_TIMEOUT: Duration = Duration::from_secs(5);

/// The section while it is read.
pub(crate) struct Draft {
    cluster: Cluster,
    /// `heartbeat`, where it is said.
    heartbeat: Option<Duration>,
}

/// Opens the section; none, and an error, if it has no usable name or is the second one.
pub(super) fn open(cx: &mut Cx<'_>, args: &Args<'_>) -> Option<Draft> {
    let name = args.get(1);
    if name.is_empty() {
        cx.wrong(args, 0, "missing name for cluster section.");
        return None;
    }
    if let Some(c) = forbidden(name) {
        cx.wrong(args, 1, format!("character '{c}' is not permitted in 'cluster' name '{name}'."));
        return None;
    }
    cx.too_many(args, 1);
    if let Some(other) = &cx.config.cluster {
        let there = other.place.clone();
        cx.wrong(args, 0, format!("a process is a node of one cluster only, and {there} has one already."));
        return None;
    }
    let cluster = Cluster {
        name: name.to_owned(),
        place: cx.place.clone(),
        nodes: Vec::new(),
        addresses: Vec::new(),
        data_dir: String::new(),
        bind: None,
        trust: None,
        election: ELECTION,
        heartbeat: Duration::ZERO,
        guard: Guard::default(),
        preferred: Vec::new(),
        notify: None,
        shared_health: true,
    };
    Some(Draft { cluster, heartbeat: None })
}

/// One line of the section.
pub(super) fn line(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let word = args.get(0);
    match table::ROWS.iter().find(|row| row.name == word) {
        Some(row) => {
            cx.uses(Class::Keyword, row.name);
            (row.parse)(cx, draft, args);
        }
        None => {
            let best = suggest::closest(word, table::ROWS.iter().map(|row| row.name));
            super::other::unknown(cx, args, "cluster", best);
        }
    }
}

/// Ends the section: what only the whole of it shows, and the values that follow from others.
pub(super) fn close(cx: &mut Cx<'_>, mut draft: Draft) {
    let (shortest, longest) = draft.cluster.election;
    draft.cluster.heartbeat = draft.heartbeat.unwrap_or((longest / 6).min(shortest * 2 / 3));
    for finding in check::check(&draft.cluster) {
        cx.push(finding);
    }
    cx.config.cluster = Some(draft.cluster);
}

fn forbidden(name: &str) -> Option<char> {
    name.chars().find(|c| !c.is_ascii_alphanumeric() && !"._-".contains(*c))
}

/// `IP:PORT`, of a node: known before any name can be resolved, since only members may open a connection.
fn node_address(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| {
        format!("'{text}' is no IP address with a port; write it as 192.0.2.1:7000 or [2001:db8::1]:7000.")
    })?;
    let ip = address.ip();
    match address.port() {
        0 => Err(format!("'{text}' has no port.")),
        _ if ip.is_unspecified() || ip.is_multicast() => {
            Err(format!("'{text}' is no address that other nodes can reach."))
        }
        _ => Ok(address),
    }
}

/// `node NAME IP:PORT [witness]`.
pub(crate) fn node(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let (name, text) = (args.get(1), args.get(2));
    if text.is_empty() {
        cx.wrong(args, 0, "'node' expects <name> and <ip>:<port> as arguments.");
        return;
    }
    if let Some(c) = forbidden(name) {
        cx.wrong(args, 1, format!("character '{c}' is not permitted in node name '{name}'."));
        return;
    }
    let address = match node_address(text) {
        Ok(address) => address,
        Err(reason) => {
            cx.wrong(args, 2, format!("'node {name}' : {reason}"));
            return;
        }
    };
    let witness = match args.get(3) {
        "" => false,
        "witness" => true,
        other => {
            cx.wrong(
                args,
                3,
                format!("'node {name}' : unknown keyword '{other}'; only 'witness' may stand here."),
            );
            return;
        }
    };
    if cx.too_many(args, 3) {
        return;
    }
    let known = draft.cluster.nodes.iter().find(|node| node.name == name || node.address == address);
    if let Some(other) = known {
        let what = if other.name == name { "name" } else { "address" };
        let there = other.place.clone();
        cx.wrong(args, 1, format!("'node {name}' has the {what} of the node at {there}."));
        return;
    }
    draft.cluster.nodes.push(Node { name: name.to_owned(), address, witness, place: cx.place.clone() });
}

/// `virtual-ip IP[/BITS] interface NAME` or `virtual-ip IP bind-only`.
pub(crate) fn virtual_ip(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let text = args.get(1);
    let (ip, bits) = text.split_once('/').map_or((text, None), |(ip, bits)| (ip, Some(bits)));
    let Ok(ip) = ip.parse::<IpAddr>() else {
        cx.wrong(
            args,
            1,
            format!("'virtual-ip' expects an IP address, maybe with a prefix (192.0.2.1/24), not '{text}'."),
        );
        return;
    };
    let whole = if ip.is_ipv4() { 32 } else { 128 };
    let Some(prefix) =
        bits.map_or(Some(whole), |bits| bits.parse().ok()).filter(|bits| (1..=whole).contains(bits))
    else {
        cx.wrong(args, 1, format!("'virtual-ip {text}' : the prefix must be between 1 and {whole}."));
        return;
    };
    if ip.is_unspecified() || ip.is_multicast() {
        cx.wrong(args, 1, format!("'virtual-ip {text}' : no node can hold this address."));
        return;
    }
    let (holding, last) = match (args.get(2), args.get(3)) {
        ("bind-only", _) => (Holding::BindOnly, 2),
        // The kernel's limit is 15 bytes.
        ("interface", name) if name.is_empty() || name.len() > 15 || name.contains(['/', ' ']) => {
            cx.wrong(args, 3, format!("'virtual-ip {text}' : '{name}' is no name of an interface."));
            return;
        }
        ("interface", name) => (Holding::Interface(name.to_owned()), 3),
        (other, _) => {
            cx.wrong(
                args,
                2,
                format!("'virtual-ip {text}' expects 'interface <name>' or 'bind-only' after the address, not '{other}'."),
            );
            return;
        }
    };
    if cx.too_many(args, last) {
        return;
    }
    if let Some(other) = draft.cluster.addresses.iter().find(|other| other.ip == ip) {
        let there = other.place.clone();
        cx.wrong(args, 1, format!("'virtual-ip {text}' stands at {there} already."));
        return;
    }
    let place = cx.place.clone();
    draft.cluster.addresses.push(VirtualAddress { ip, prefix, holding, place });
}

/// The one argument of a keyword; none, and an error, if it is not there or not alone.
fn only<'a>(cx: &mut Cx<'_>, args: &Args<'a>, what: &str) -> Option<&'a str> {
    let text = args.get(1);
    if text.is_empty() {
        cx.wrong(args, 0, format!("'{}' expects {what} as argument.", args.get(0)));
        return None;
    }
    (!cx.too_many(args, 1)).then_some(text)
}

/// `data-dir FOLDER`.
pub(crate) fn data_dir(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if let Some(folder) = only(cx, args, "a folder") {
        draft.cluster.data_dir = folder.to_owned();
    }
}

/// `bind IP:PORT`.
pub(crate) fn bind(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let Some(text) = only(cx, args, "<ip>:<port>") else { return };
    match text.parse::<SocketAddr>().ok().filter(|address| address.port() != 0) {
        Some(address) => draft.cluster.bind = Some(address),
        None => cx.wrong(args, 1, format!("'bind {text}' : expects one IP address with a port.")),
    }
}

/// `crt FILE ca-file FILE`, in either order.
pub(crate) fn certificate(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let (one, other) = if args.get(0) == "crt" { ("crt", "ca-file") } else { ("ca-file", "crt") };
    let (first, second) = (args.get(1), args.get(3));
    if first.is_empty() || args.get(2) != other || second.is_empty() {
        cx.wrong(args, 0, format!("'{one}' expects a file, then '{other}' and its file, on the same line."));
        return;
    }
    if cx.too_many(args, 3) {
        return;
    }
    let (crt, ca_file) = if one == "crt" { (first, second) } else { (second, first) };
    trust(cx, draft, args, Trust::Certificate { crt: crt.to_owned(), ca_file: ca_file.to_owned() });
}

/// `secret-file FILE`.
pub(crate) fn secret(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if let Some(file) = only(cx, args, "a file") {
        trust(cx, draft, args, Trust::Secret(file.to_owned()));
    }
}

fn trust(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>, trust: Trust) {
    if draft.cluster.trust.is_some() {
        cx.wrong(
            args,
            0,
            "nodes know each other either by 'crt' and 'ca-file' or by one 'secret-file', said once.",
        );
        return;
    }
    draft.cluster.trust = Some(trust);
}

/// `election-timeout SHORTEST LONGEST`.
pub(crate) fn election(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if args.get(2).is_empty() {
        cx.wrong(
            args,
            0,
            "'election-timeout' expects the shortest and the longest wait, two times, as arguments.",
        );
        return;
    }
    if cx.too_many(args, 2) {
        return;
    }
    let what = "'election-timeout'";
    if let (Some(shortest), Some(longest)) = (cx.time(args, 1, "ms", what), cx.time(args, 2, "ms", what)) {
        draft.cluster.election = (shortest, longest);
    }
}

/// `heartbeat TIME`.
pub(crate) fn heartbeat(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if only(cx, args, "a time").is_some() {
        draft.heartbeat = cx.time(args, 1, "ms", "'heartbeat'").or(draft.heartbeat);
    }
}

/// `guard kernel|weak`.
pub(crate) fn guard(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    match only(cx, args, "'kernel' or 'weak'") {
        Some("kernel") => draft.cluster.guard = Guard::Kernel,
        Some("weak") => draft.cluster.guard = Guard::Weak,
        Some(other) => cx.wrong(args, 1, format!("'guard' expects 'kernel' or 'weak', not '{other}'.")),
        None => {}
    }
}

/// `shared-health on|off`.
pub(crate) fn shared_health(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    match only(cx, args, "'on' or 'off'") {
        Some("on") => draft.cluster.shared_health = true,
        Some("off") => draft.cluster.shared_health = false,
        Some(other) => cx.wrong(args, 1, format!("'shared-health' expects 'on' or 'off', not '{other}'.")),
        None => {}
    }
}

/// `prefer NODE...`.
pub(crate) fn prefer(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if args.get(1).is_empty() {
        cx.wrong(args, 0, "'prefer' expects the names of nodes, the best one first.");
        return;
    }
    draft.cluster.preferred = args.owned(1);
}

/// `notify COMMAND [timeout TIME]`.
pub(crate) fn notify(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let command = args.get(1).to_owned();
    if command.is_empty() || (args.has(2) && (args.get(2) != "timeout" || args.get(3).is_empty())) {
        cx.wrong(args, 0, "'notify' expects a command, maybe with 'timeout' and a time after it.");
        return;
    }
    let timeout = match args.has(2) {
        true => cx.time(args, 3, "ms", "'notify'"),
        false => Some(NOTIFY_TIMEOUT),
    };
    if cx.too_many(args, 3) {
        return;
    }
    match timeout {
        Some(timeout) if timeout.is_zero() => cx.wrong(args, 3, "'notify' : a command needs some time."),
        Some(timeout) => draft.cluster.notify = Some(Notify { command, timeout }),
        None => {}
    }
}

#[cfg(test)]
mod tests;
