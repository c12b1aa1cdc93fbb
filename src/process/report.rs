//! What a running proxy tells of its proxies and servers when a signal asks, in HAProxy's words.

use lb_core::compile::Plan;
use lb_core::proxy::{Backend, Frontend, ProxyStats};
use lb_core::server::Server;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// A section: both sides of it. A `listen` section has both.
#[derive(Default)]
struct Section<'a> {
    front: Option<&'a Arc<Frontend>>,
    back: Option<Arc<Backend>>,
}

/// Sections by id, which is their order in the file.
fn sections(plan: &Plan) -> BTreeMap<u32, Section<'_>> {
    let mut sections: BTreeMap<u32, Section<'_>> = BTreeMap::new();
    for front in &plan.frontends {
        sections.entry(front.id).or_default().front = Some(front);
    }
    for back in plan.backends.load().iter() {
        sections.entry(back.id).or_default().back = Some(Arc::clone(back));
    }
    sections
}

impl Section<'_> {
    fn name(&self) -> &str {
        self.front
            .map(|front| front.name.as_str())
            .or(self.back.as_ref().map(|back| back.name.as_str()))
            .unwrap_or_default()
    }

    /// `frontend`, or `proxy` for one that has a backend too.
    fn kind(&self) -> &'static str {
        if self.back.is_some() { "proxy" } else { "frontend" }
    }

    fn listens(&self) -> bool {
        self.front.is_some_and(|front| !front.listeners.is_empty())
    }

    fn front_stats(&self) -> Option<&ProxyStats> {
        self.front.map(|front| &*front.stats)
    }

    fn back_stats(&self) -> Option<&ProxyStats> {
        self.back.as_ref().map(|back| &*back.stats)
    }
}

fn total(stats: Option<&ProxyStats>) -> u64 {
    stats.map_or(0, |stats| stats.counters.sum(|counters| counters.sess_tot.get()))
}

fn current(stats: Option<&ProxyStats>) -> u32 {
    stats.map_or(0, |stats| stats.current.load(Relaxed))
}

/// SIGUSR1: first those that listen, then the others.
pub(super) fn stopped(plan: &Plan) -> Vec<String> {
    let sections = sections(plan);
    let (listening, others): (Vec<_>, Vec<_>) = sections.values().partition(|section| section.listens());
    let lines = listening.into_iter().chain(others).map(|section| {
        let (front, back) = (total(section.front_stats()), total(section.back_stats()));
        format!("Proxy {} stopped (cumulated conns: FE: {front}, BE: {back}).", section.name())
    });
    lines.collect()
}

/// The time for a soft stop is over: those that still have connections.
pub(super) fn hard_stopped(plan: &Plan) -> Vec<String> {
    let sections = sections(plan);
    let left = sections.values().map(|section| (section.name(), current(section.front_stats())));
    left.filter(|&(_, count)| count > 0)
        .map(|(name, count)| format!("Proxy {name} hard-stopped ({count} remaining conns will be closed)."))
        .collect()
}

/// SIGTTOU.
pub(super) fn paused(plan: &Plan) -> Vec<String> {
    of_listening(plan, "Paused")
}

/// SIGTTIN.
pub(super) fn resumed(plan: &Plan) -> Vec<String> {
    of_listening(plan, "Resumed")
}

fn of_listening(plan: &Plan, what: &str) -> Vec<String> {
    let sections = sections(plan);
    let listening = sections.values().filter(|section| section.listens());
    listening.map(|section| format!("{what} {} {}.", section.kind(), section.name())).collect()
}

/// SIGHUP.
pub(super) fn servers(plan: &Plan) -> Vec<String> {
    let mut lines = vec!["SIGHUP received, dumping servers states.".to_owned()];
    for section in sections(plan).values() {
        let servers = section.back.as_ref().map(|back| Vec::clone(&back.servers.load())).unwrap_or_default();
        lines.extend(servers.iter().map(|server| {
            format!(
                "SIGHUP: Server {}/{} is {}. Conn: {} act, {} pend, {} tot.",
                section.name(),
                server.name,
                if server.up() { "UP" } else { "DOWN" },
                server.served.load(Relaxed),
                server.queued.load(Relaxed),
                server.counters.sum(|counters| counters.sess_tot.get()),
            )
        }));
        let unassigned = section.back_stats().map_or(0, |stats| stats.queued.load(Relaxed));
        let pending: u32 = servers.iter().map(|server| server.queued.load(Relaxed)).sum::<u32>() + unassigned;
        lines.push(format!(
            "SIGHUP: Proxy {} {} Conn: act(FE+BE): {}+{}, {pending} pend ({unassigned} unass), tot(FE+BE): {}+{}.",
            section.name(),
            availability(&servers),
            current(section.front_stats()),
            current(section.back_stats()),
            total(section.front_stats()),
            total(section.back_stats()),
        ));
    }
    lines
}

fn availability(servers: &[Arc<Server>]) -> String {
    let up =
        |backup: bool| servers.iter().filter(|server| server.config.backup == backup && server.up()).count();
    match (servers.is_empty(), up(false), up(true)) {
        (true, ..) => "has no servers.".to_owned(),
        (_, 0, 0) => "has no server available !".to_owned(),
        (_, 0, _) => "is running on backup servers !".to_owned(),
        (_, active, backup) => format!("has {active} active servers and {backup} backup servers available."),
    }
}
