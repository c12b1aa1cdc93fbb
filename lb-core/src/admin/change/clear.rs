//! Numbers begin anew (`clear counters`).

use crate::compile::Plan;
use crate::proxy::{ProxyCounters, ProxyStats};
use crate::server::Server;
use crate::thread::PerThread;
use std::sync::atomic::{AtomicU32, Ordering};

/// Maxima begin at what there is now; with `all`, every counter at zero.
pub(super) fn clear(plan: &Plan, all: bool) {
    let of_proxy = |stats: &ProxyStats| {
        clear_max(&stats.current, &stats.current_max);
        clear_max(&stats.queued, &stats.queued_max);
        clear_counters(&stats.counters, all);
    };
    plan.connection_rate.clear_highest();
    plan.session_rate.clear_highest();
    plan.frontends.iter().for_each(|frontend| of_proxy(&frontend.stats));
    for backend in plan.backends.load().iter() {
        of_proxy(&backend.stats);
        for server in backend.servers.load().iter() {
            clear_one(server, all);
        }
    }
}

/// Every counter of a server begins at zero.
pub(super) fn clear_server(server: &Server) {
    clear_one(server, true);
}

fn clear_one(server: &Server, all: bool) {
    clear_max(&server.served, &server.served_max);
    clear_max(&server.queued, &server.queued_max);
    clear_counters(&server.counters, all);
    if all {
        clear_checks(server);
    }
}

/// Counters of checks and of what followed from them begin anew.
fn clear_checks(server: &Server) {
    [&server.downs, &server.downtime, &server.observed.reactions]
        .into_iter()
        .for_each(|n| n.store(0, Ordering::Relaxed));
    for probe in [&server.check, &server.agent].into_iter().flatten() {
        probe.failures.store(0, Ordering::Relaxed);
    }
}

/// A maximum begins at what there is now.
fn clear_max(now: &AtomicU32, max: &AtomicU32) {
    max.store(now.load(Ordering::Relaxed), Ordering::Relaxed);
}

fn clear_counters(counters: &PerThread<ProxyCounters>, all: bool) {
    for c in counters.iter() {
        c.times_max.iter().for_each(|time| time.set(0));
        [&c.conn_rate, &c.sess_rate, &c.req_rate].iter().for_each(|rate| rate.clear_max());
        if !all {
            continue;
        }
        let single = [
            &c.conn_tot,
            &c.sess_tot,
            &c.req_tot,
            &c.bin,
            &c.bout,
            &c.dreq,
            &c.dresp,
            &c.ereq,
            &c.econ,
            &c.eresp,
            &c.wretr,
            &c.wredis,
            &c.wrew,
            &c.eint,
            &c.cli_abrt,
            &c.srv_abrt,
            &c.dcon,
            &c.dses,
            &c.lbtot,
            &c.intercepted,
            &c.connect,
            &c.reuse,
        ];
        single.into_iter().chain(&c.hrsp).chain(&c.times).for_each(|counter| counter.set(0));
    }
}
