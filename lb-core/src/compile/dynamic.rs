//! Servers that commands add to a backend while it runs, and delete (management guide 9.3 "add server", "del server").

use super::way::{tlvs, way};
use super::{Context, Plan, check, guid, supported};
use crate::check::Watch;
use crate::proxy::Backend;
use crate::server::{Server, ServerAddress};
use haproxy_cfg_parser::model::{Address, Config, Host, ServerLine};
use haproxy_cfg_parser::{Diagnostic, Severity, Source, SystemWorld, parse};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// Keywords that HAProxy takes in a file only.
const STATIC: &[&str] = &[
    "cookie",
    "init-addr",
    "log-proto",
    "max-reuse",
    "namespace",
    "no-check",
    "non-stick",
    "redir",
    "resolve-net",
    "resolve-opts",
    "resolve-prefer",
    "resolvers",
    "socks4",
    "stick",
    "tcp-ut",
];

const TAKEN: &str = "Already exists a server with the same name in backend.";

/// A server that is not yet one of its backend's.
struct Newcomer {
    server: Arc<Server>,
    watches: Vec<Watch>,
    /// Whom it tracks.
    leader: Option<Arc<Server>>,
}

/// Whether such a server could be added.
///
/// # Errors
/// What is wrong, in HAProxy's words.
pub(crate) fn check_server(
    plan: &Plan,
    backend: &Backend,
    name: &str,
    words: &[String],
) -> Result<(), String> {
    newcomer(plan, backend, name, words).map(drop)
}

/// Makes a server as the words behind its name say: in maintenance, and with its checks disabled.
fn newcomer(plan: &Plan, backend: &Backend, name: &str, words: &[String]) -> Result<Newcomer, String> {
    if !backend.balance.is_dynamic() {
        return Err("Backend must use a dynamic load balancing to support dynamic servers.".into());
    }
    if backend.servers.find(name).is_some() {
        return Err(TAKEN.into());
    }
    let mut line = read(backend, name, words)?;
    let in_file = || plan.config.proxies.iter().find(|one| one.kind.is_backend() && one.name == backend.name);
    let section = backend.section.as_deref().or_else(in_file).ok_or("No such backend.")?;
    if line.source.is_none() {
        line.source = section.source.clone();
    }
    let mut context = Context::new(&plan.config, Some(section));
    let way = way(&line, &context)?;
    let tlvs = tlvs(&line, &mut context).unwrap_or_default();
    let address = address(&line)?;
    let id = id(backend, &line)?;
    guid::of_server(&line).map_or(Ok(()), |guid| guid::is_free(plan, guid))?;
    let leader = line.check.track.as_deref().map(|word| leader(plan, backend, word)).transpose()?;
    let threads = plan.threads;
    let mut server = Server::new(line, &backend.name, id, address, Arc::clone(&backend.farm), threads);
    (server.way, server.tlvs) = (way, tlvs);
    server.dynamic = true;
    server.await_commands();
    let server = Arc::new(server);
    let watches = check::watches(section, &[Arc::clone(&server)], &mut context);
    if let Some(error) = context.diagnostics.iter().find(|finding| finding.severity == Severity::Alert) {
        return Err(error.message.clone());
    }
    Ok(Newcomer { server, watches, leader })
}

/// Adds a server as the words behind its name say.
///
/// # Errors
/// What is wrong, in HAProxy's words.
pub(crate) fn add_server(plan: &Plan, backend: &Backend, name: &str, words: &[String]) -> Result<(), String> {
    let Newcomer { server, watches, leader } = newcomer(plan, backend, name, words)?;
    if let Some(leader) = &leader {
        server.set_tracked(Some(Arc::clone(leader)));
        leader.add_tracker(&server);
        server.mirror(leader);
    }
    backend.servers.edit(|servers| {
        if servers.iter().any(|known| known.name == name) {
            return Err(TAKEN.to_owned());
        }
        servers.push(Arc::clone(&server));
        Ok(())
    })?;
    check::tie(backend);
    backend.watches.rcu(|known| {
        let mut all = Vec::clone(known);
        all.extend(watches.iter().cloned().map(Arc::new));
        all
    });
    backend.farm.changed();
    plan.revised.send_replace(());
    Ok(())
}

/// Why a server may not be deleted now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// It goes away only if somebody does something.
    Lasting(&'static str),
    /// It goes away by itself.
    Passing(&'static str),
}

impl Obstacle {
    /// In HAProxy's words.
    pub(crate) fn why(self) -> &'static str {
        match self {
            Self::Lasting(why) | Self::Passing(why) => why,
        }
    }
}

/// Whether a server may be deleted now.
///
/// # Errors
/// Why not, in HAProxy's words.
pub(crate) fn removable(plan: &Plan, server: &Server) -> Result<(), Obstacle> {
    if plan.pinned.contains(&server.uid) {
        return Err(Obstacle::Lasting(
            "This server cannot be removed at runtime due to other configuration elements pointing to it.",
        ));
    }
    if !server.in_maintenance() {
        return Err(Obstacle::Lasting("Only servers in maintenance mode can be deleted."));
    }
    if server.served.load(Relaxed) > 0 || server.queued.load(Relaxed) > 0 {
        return Err(Obstacle::Passing("Server still has connections attached to it, cannot remove it."));
    }
    Ok(())
}

/// Deletes a server that is in maintenance, and that nothing refers to.
///
/// # Errors
/// Why it stays, in HAProxy's words.
pub(crate) fn delete_server(plan: &Plan, backend: &Backend, name: &str) -> Result<(), String> {
    let gone = backend.servers.edit(|servers| {
        let at = servers.iter().position(|known| known.name == name).ok_or("No such server.")?;
        let server = servers.get(at).ok_or("No such server.")?;
        removable(plan, server).map_err(Obstacle::why)?;
        Ok(servers.remove(at))
    })?;
    gone.retired.store(true, Relaxed);
    if let Some(leader) = gone.tracked() {
        leader.remove_tracker(&gone);
    }
    backend.watches.rcu(|known| {
        let others = known.iter().filter(|watch| watch.server.uid != gone.uid);
        others.cloned().collect::<Vec<_>>()
    });
    backend.farm.changed();
    plan.revised.send_replace(());
    Ok(())
}

/// Reads the words as a `server` line of a file is read.
fn read(backend: &Backend, name: &str, words: &[String]) -> Result<ServerLine, String> {
    if words.is_empty() {
        return Err("'server' expects <name> and <addr>[:<port>] as arguments.".into());
    }
    // What it follows runs already, which a file of one line does not know.
    let (track, words) = without_track(words);
    let words: Vec<String> =
        std::iter::once(name).chain(words.iter().map(String::as_str)).map(quoted).collect();
    let mode = backend.mode.name();
    let muxed = |pair: &[String]| matches!(pair, [name, value] if name == "'proto'" && value != "'none'");
    if mode == "tcp" && words.windows(2).any(muxed) {
        return Err("MUX protocol is not usable for server.".into());
    }
    let text = format!("backend b\n mode {mode}\n server {}\n", words.join(" "));
    let (config, found) = parse(&[Source::new("CLI", text)], &SystemWorld::default());
    if let Some(used) = config.uses.first(|word| STATIC.contains(&word.name)) {
        return Err(format!("'{}' option is not accepted for dynamic server", used.word.name));
    }
    let unmet = supported::check(&config);
    let wrong = found.iter().chain(&unmet).find(|finding| finding.severity == Severity::Alert);
    match (wrong, line(config)) {
        (Some(finding), _) => Err(reason(finding)),
        (None, Some(line)) if track.is_some() && (line.check.enabled || line.check.agent.enabled) => {
            Err("unable to enable checks and tracking at the same time!.".into())
        }
        (None, Some(mut line)) => {
            line.check.track = track;
            Ok(line)
        }
        (None, None) => Err("'server' expects <name> and <addr>[:<port>] as arguments.".into()),
    }
}

/// A word as a file would have it.
pub(super) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The words without `track`, and what it names.
fn without_track(words: &[String]) -> (Option<String>, Vec<String>) {
    let at = words.iter().position(|word| word == "track").filter(|at| at + 1 < words.len());
    let Some(at) = at else { return (None, words.to_vec()) };
    let mut others = words.to_vec();
    let track = others.drain(at..at + 2).next_back();
    (track, others)
}

fn line(config: Config) -> Option<ServerLine> {
    config.proxies.into_iter().next()?.servers.into_iter().next().map(std::sync::Arc::unwrap_or_clone)
}

/// What a finding says without the place of a file.
pub(super) fn reason(finding: &Diagnostic) -> String {
    let text = finding.message.split_once("] : ").map_or(&*finding.message, |(_, text)| text);
    let text = match text.strip_prefix("'server ") {
        Some(rest) => rest.split_once("' : ").map_or(text, |(_, rest)| rest),
        None => text,
    };
    text.to_owned()
}

/// Where it is. Nothing would look up its name later, and nothing may wait for an answer now.
fn address(line: &ServerLine) -> Result<ServerAddress, String> {
    match &line.address {
        Address::Inet { host: Host::Name(name), .. } => {
            Err(format!("'server' : lb takes IP addresses and UNIX sockets here, not the name '{name}'."))
        }
        address => super::backend::literal_address(address),
    }
}

fn id(backend: &Backend, line: &ServerLine) -> Result<u32, String> {
    let servers = backend.servers.load();
    match line.id {
        None => Ok(servers.iter().map(|server| server.id).max().unwrap_or(0) + 1),
        Some(id) => match servers.iter().find(|server| server.id == id) {
            None => Ok(id),
            Some(known) => {
                let place = &known.config.place;
                Err(format!("'id' : custom id {id} already used at {place} ('server {}').", known.name))
            }
        },
    }
}

/// The server that `track` names.
fn leader(plan: &Plan, backend: &Backend, word: &str) -> Result<Arc<Server>, String> {
    let (proxy, name) = word.split_once('/').unwrap_or((&backend.name, word));
    let found = plan.backends.find(proxy);
    let found = found.ok_or_else(|| format!("unable to find required proxy '{proxy}' for tracking."))?;
    let leader = found.servers.find(name);
    let leader = leader.ok_or_else(|| format!("unable to find required server '{name}' for tracking."))?;
    if leader.dynamic {
        return Err(format!("unable to use {proxy}/{name} for tracking as it is a dynamic server."));
    }
    if leader.check.is_none() && leader.agent.is_none() && leader.tracked().is_none() {
        return Err(format!(
            "unable to use {proxy}/{name} for tracking as it does not have any check nor agent enabled."
        ));
    }
    Ok(leader)
}
