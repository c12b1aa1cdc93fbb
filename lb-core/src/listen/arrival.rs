//! A connection just accepted: counted in all its places, with what rules and logs know about it.

use super::Tenure;
use crate::compile::Plan;
use crate::engine::Limit;
use crate::exchange::Session;
use crate::net::{Deadline, Io};
use crate::process;
use crate::proxy::{Frontend, Listener, ProxyStats};
use crate::sample::Vars;
use std::net::SocketAddr;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Weak};
use std::time::{Instant, SystemTime};

/// A connection just accepted.
pub struct Arrival {
    /// The connection.
    pub io: Io,
    /// Gives up what is waited for; the task's own.
    pub deadline: Deadline,
    /// What outlives exchanges; lent to the running one.
    pub session: Option<Box<Session>>,
    /// The plan that accepted it.
    pub plan: Arc<Plan>,
    /// The frontend that it came to.
    pub frontend: Arc<Frontend>,
    /// Keeps it counted.
    pub counted: Counted,
    /// The time within which it may be served; none: it came to an address that is always this node's.
    pub tenure: Option<Tenure>,
}

impl Arrival {
    /// Counts a connection from and to these `ends`, none for a unix socket.
    pub fn new(
        plan: Arc<Plan>,
        listener: Arc<Listener>,
        frontend: Arc<Frontend>,
        io: Io,
        ends: (Option<SocketAddr>, Option<SocketAddr>),
        tenure: Option<Tenure>,
    ) -> Self {
        let counted = Counted::new(&plan, &listener, &frontend);
        let socket = match &io {
            Io::Lazy(stream) if frontend.asks_kernel => stream.socket(),
            _ => Weak::new(),
        };
        let session = Box::new(Session {
            socket,
            src: ends.0,
            dst: ends.1,
            ends,
            listener,
            accepted_at: SystemTime::now(),
            accepted: Instant::now(),
            vars: Vars::default(),
            expects: Default::default(),
            proxied: None,
            last_rule: None,
            requests: 0,
        });
        Self { io, deadline: Deadline::default(), session: Some(session), plan, frontend, counted, tenure }
    }
}

impl Arrival {
    /// Counts the session that the connection became once connection rules let it in.
    pub fn count_session(&self) {
        let counters = self.counted.stats.counters.mine();
        counters.sess_tot.inc();
        let now = crate::clock::millis();
        counters.sess_rate.add(1, now);
        self.plan.session_rate.count(now);
    }
}

/// Counts a connection in all its places for as long as it lives. It holds nothing of the plan, which an idle connection
/// outlives.
pub struct Counted {
    process: Arc<Limit>,
    listener: Arc<Limit>,
    frontend: Arc<Limit>,
    stats: Arc<ProxyStats>,
}

impl Counted {
    fn new(plan: &Plan, listener: &Listener, frontend: &Frontend) -> Self {
        process::live().connections.fetch_add(1, Relaxed);
        plan.connections.enter();
        listener.connections.enter();
        frontend.connections.enter();
        let stats = &frontend.stats;
        let now = stats.current.fetch_add(1, Relaxed) + 1;
        stats.current_max.fetch_max(now, Relaxed);
        let counters = stats.counters.mine();
        counters.conn_tot.inc();
        let now = crate::clock::millis();
        counters.conn_rate.add(1, now);
        plan.connection_rate.count(now);
        Self {
            process: Arc::clone(&plan.connections),
            listener: Arc::clone(&listener.connections),
            frontend: Arc::clone(&frontend.connections),
            stats: Arc::clone(stats),
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        process::live().connections.fetch_sub(1, Relaxed);
        self.stats.current.fetch_sub(1, Relaxed);
        self.frontend.leave();
        self.listener.leave();
        self.process.leave();
    }
}
