//! What outlives plans: a new plan takes over the numbers, limits, queues, servers, lists and name servers of the one that
//! runs, by name.
//!
//! Compiling changes nothing of them: a plan that is never swapped in leaves no trace. What differs is set by [`succeed`],
//! once nothing can fail any more.

#[cfg(test)]
mod tests;

use super::{Options, Plan};
use crate::engine::{Limit, RateLimit};
use crate::listen::{Entrance, Gate, Permit, Probe};
use crate::proxy::{Backend, Frontend, ProxyStats};
use crate::resolve::Resolvers;
use crate::server::Server;
use haproxy_cfg_parser::model::{self, Address, Config, Host, ServerLine};
use std::collections::{HashMap, HashSet};
use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};
use xxhash_rust::xxh3::xxh3_64;

/// The process's limit of connections.
pub(super) fn connections(previous: Option<&Plan>, maxconn: u32) -> Arc<Limit> {
    previous.map_or_else(|| Arc::new(Limit::new(maxconn)), |plan| Arc::clone(&plan.connections))
}

/// A limit of the process per second.
pub(super) fn rate_limit(
    options: &Options<'_>,
    wanted: Option<u64>,
    known: impl FnOnce(&Plan) -> &RateLimit,
) -> RateLimit {
    let max = wanted.map_or(0, |max| u32::try_from(max).unwrap_or(u32::MAX));
    RateLimit::succeed(options.previous.map(known), options.threads.max(1), max)
}

fn frontend<'a>(previous: Option<&'a Plan>, name: &str) -> Option<&'a Frontend> {
    previous?.frontends.iter().find(|known| known.name == name).map(|known| &**known)
}

/// A frontend's limit of connections.
pub(super) fn frontend_connections(previous: Option<&Plan>, name: &str, maxconn: u32) -> Arc<Limit> {
    match frontend(previous, name) {
        Some(known) => Arc::clone(&known.connections),
        None => Arc::new(Limit::new(maxconn)),
    }
}

/// The limit of connections of a `bind` line.
pub(super) fn listener_connections(
    previous: Option<&Plan>,
    name: &str,
    address: &str,
    maxconn: u32,
) -> Arc<Limit> {
    let mut known = previous.into_iter().flat_map(|plan| &plan.binds).map(|spec| &spec.listener);
    match known.find(|known| known.address == address && known.name == name) {
        Some(known) => Arc::clone(&known.connections),
        None => Arc::new(Limit::new(maxconn)),
    }
}

/// What looks whether clients are served at an address; it goes on with what is on its way.
pub(super) fn probe(previous: Option<&Plan>, at: SocketAddr) -> Arc<Probe> {
    let mut known =
        previous.into_iter().flat_map(|plan| &plan.binds).filter_map(|spec| spec.listener.probe.as_ref());
    known.find(|known| known.at() == at).map_or_else(|| Arc::new(Probe::new(at)), Arc::clone)
}

/// Leave to listen on addresses that are not always this node's.
pub(super) fn permit(previous: Option<&Plan>) -> Permit {
    previous.map_or_else(Permit::default, |plan| plan.permit.clone())
}

/// A frontend's entrance.
pub(super) fn gate(previous: Option<&Plan>, name: &str) -> Arc<Gate> {
    frontend(previous, name).map_or_else(Arc::default, |known| Arc::clone(&known.gate))
}

/// A frontend's numbers.
pub(super) fn frontend_stats(options: &Options<'_>, name: &str) -> Arc<ProxyStats> {
    match frontend(options.previous, name) {
        Some(known) => Arc::clone(&known.stats),
        None => Arc::new(ProxyStats::new(options.threads)),
    }
}

/// The backend of that name.
pub(super) fn backend(previous: Option<&Plan>, name: &str) -> Option<Arc<Backend>> {
    previous?.backends.find(name)
}

/// The servers of a backend by their names.
pub(super) fn servers(backend: Option<&Backend>) -> HashMap<String, Arc<Server>> {
    let servers = backend.map(|known| Vec::clone(&known.servers.load())).unwrap_or_default();
    servers.into_iter().map(|known| (known.name.clone(), known)).collect()
}

/// All servers of a plan.
fn all_servers(plan: &Plan) -> Vec<Arc<Server>> {
    plan.backends.load().iter().flat_map(|backend| Vec::clone(&backend.servers.load())).collect()
}

/// The `resolvers` sections; one that says what it said goes on, with what it knows and has counted.
pub(super) fn resolvers(config: &Config, previous: Option<&Plan>) -> Vec<Arc<Resolvers>> {
    let known: Vec<_> = previous.into_iter().flat_map(|plan| &plan.resolvers).collect();
    let resolvers = |section: &model::Resolvers| {
        let same = |known: &&&Arc<Resolvers>| said(&known.config) == said(section);
        known.iter().find(same).map_or_else(|| Arc::new(Resolvers::new(section)), |known| Arc::clone(known))
    };
    config.resolvers.iter().map(resolvers).collect()
}

/// What lines of a file say, whatever their place there.
pub(super) fn said(lines: &impl Debug) -> String {
    let text = format!("{lines:?}");
    let mut parts = text.split("Place { ");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest =
        |part: &'_ str| part.split_once("\", line: ")?.1.split_once(" }").map(|(_, rest)| rest.to_owned());
    parts.fold(first, |said, part| said + &rest(part).unwrap_or_else(|| part.to_owned()))
}

/// A number that stands for what is [`said`], the same in every process.
pub fn fingerprint(lines: &impl Debug) -> u64 {
    xxh3_64(said(lines).as_bytes())
}

/// The line says what it said: the server goes on as it is, with all that commands changed.
pub(super) fn is_same(known: &Server, line: &ServerLine, id: u32) -> bool {
    known.id == id && said(&known.config) == said(line)
}

/// The line's address is what it was. One that is a name without `resolvers` is what the system makes of it now.
pub(super) fn keeps_address(known: &Server, line: &ServerLine) -> bool {
    let follows_name = |line: &ServerLine| line.resolve.resolvers.clone();
    let is_name = matches!(line.address, Address::Inet { host: Host::Name(_), .. });
    said(&known.config.address) == said(&line.address)
        && follows_name(&known.config) == follows_name(line)
        && (!is_name || line.resolve.resolvers.is_some())
}

/// Puts a first plan's parts into connection: who follows whom, and who tells about servers.
pub(super) fn settle(plan: &Plan) {
    restore(plan);
    follow(plan);
    configure(plan);
    plan.variables.set(&plan.checks);
}

/// Puts servers into the state that a file says.
fn restore(plan: &Plan) {
    let saved = std::mem::take(&mut *plan.saved.lock().unwrap_or_else(PoisonError::into_inner));
    saved.iter().for_each(|(saved, server)| saved.restore(server));
}

/// Sets what the new plan says otherwise than the one before in what both share, and gives new servers what those of
/// their name had. It cannot fail.
pub fn succeed(previous: &Plan, plan: &Plan) {
    if plan.maxconn != previous.maxconn {
        plan.connections.set_max(plan.maxconn);
    }
    plan.connection_rate.inherit(&previous.connection_rate);
    plan.session_rate.inherit(&previous.session_rate);
    for new in &plan.frontends {
        if frontend(Some(previous), &new.name).is_some_and(|known| known.maxconn != new.maxconn) {
            new.connections.set_max(new.maxconn);
        }
    }
    for shut in plan.frontends.iter().filter(|one| one.gate.get() == Entrance::Shut) {
        shut.gate.set(Entrance::Open);
    }
    for spec in &plan.binds {
        spec.listener
            .connections
            .set_max(spec.options.maxconn.map_or(0, |max| u32::try_from(max).unwrap_or(u32::MAX)));
    }
    let kept: HashSet<usize> = all_servers(plan).iter().map(|one| one.uid).collect();
    for new in plan.backends.load().iter() {
        let before = backend(Some(previous), &new.name);
        let known = servers(before.as_deref());
        let same_checks = before.as_ref().is_some_and(|before| before.checks == new.checks);
        for server in new.servers.load().iter() {
            if let Some(known) = known.get(&*server.name).filter(|known| known.uid != server.uid) {
                let stays = keeps_address(known, &server.config);
                if stays {
                    // Commands and name servers may have moved it since the plan was compiled.
                    server.set_address(known.address());
                    server.set_hostname(known.hostname().map(|name| (*name).clone()));
                }
                let healthy = same_checks && stays && said(&server.config.check) == said(&known.config.check);
                server.inherit(known, healthy);
            }
        }
    }
    restore(plan);
    for server in all_servers(previous) {
        server.retired.store(!kept.contains(&server.uid), Relaxed);
    }
    // One that a command has deleted since the plan was compiled is there again, as the file says.
    all_servers(plan).iter().for_each(|server| server.retired.store(false, Relaxed));
    inherit_lists(previous, plan);
    follow(plan);
    configure(plan);
    for new in plan.backends.load().iter() {
        // Who waits for a server that is gone, or for any, looks again at those that are there.
        for server in new.servers.load().iter() {
            new.farm.dispatch(server);
        }
    }
    if previous.variables.said != plan.variables.said {
        plan.variables.set(&plan.checks);
    }
}

/// Sets who follows whom (`track`); those who follow take over the state of the other.
fn follow(plan: &Plan) {
    let mut trackers: HashMap<usize, Vec<_>> = HashMap::new();
    let mut tracked: HashMap<usize, &Arc<Server>> = HashMap::new();
    for (follower, leader) in &plan.follows {
        trackers.entry(leader.uid).or_default().push(Arc::downgrade(follower));
        tracked.insert(follower.uid, leader);
    }
    for server in all_servers(plan) {
        server.set_trackers(trackers.remove(&server.uid).unwrap_or_default());
        server.set_tracked(tracked.get(&server.uid).map(|leader| Arc::clone(leader)));
    }
    // In a chain each follows the one before it: the ends are reached after as many rounds.
    for _ in 0..plan.follows.len() {
        let changes = plan.follows.iter().filter(|(follower, leader)| follower.mirror(leader)).count();
        if changes == 0 {
            return;
        }
    }
}

/// Lists of patterns that are read from the same file or line, and say the same there, keep what commands made of them.
fn inherit_lists(previous: &Plan, plan: &Plan) {
    let mut known: HashMap<_, Vec<_>> = HashMap::new();
    for list in previous.references.iter().rev().filter(|list| list.is_edited()) {
        known.entry(list.origin()).or_default().push(list);
    }
    for list in &plan.references {
        if let Some(known) = known.get_mut(&list.origin()).and_then(Vec::pop) {
            list.inherit(known);
        }
    }
}

fn configure(plan: &Plan) {
    plan.backends.load().iter().for_each(|backend| configure_backend(backend));
}

/// Gives what a backend's servers share what its section says.
pub(super) fn configure_backend(backend: &Backend) {
    let redispatch = backend.options.redispatch.is_some_and(|interval| interval != 0);
    backend.farm.configure(backend.fullconn, redispatch, &backend.announcer);
}
