//! Where connections are accepted, and the way from there to the frontend that a reload has put in place.

use super::Frontend;
use crate::engine::Limit;
use crate::listen::{Covered, Permit, Probe};
use haproxy_cfg_parser::model;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// One `bind` address.
#[derive(Debug)]
pub struct Listener {
    /// `name`, else the number as HAProxy names it (`sock-1`).
    pub name: String,
    /// Its id within the frontend.
    pub id: u32,
    /// The address as logs and statistics print it.
    pub address: String,
    /// The bound port; 0 for none.
    pub port: u16,
    /// The address that every connection to it reaches; none: a wildcard, or no TCP.
    pub bound: Option<SocketAddr>,
    /// `accept-proxy`.
    pub accept_proxy: bool,
    /// `accept-netscaler-cip`: the number that the header starts with.
    pub accept_netscaler: Option<u32>,
    /// A `stats socket` of that level; none: it feeds a frontend.
    pub level: Option<model::Level>,
    /// `expose-fd listeners`: its sessions may take all listening sockets.
    pub exposes: bool,
    /// `cluster-write`: its sessions may change what other nodes have, too.
    pub shares: bool,
    /// Connections now, and `maxconn` (0: none of its own).
    pub connections: Arc<Limit>,
    /// The frontend it feeds, once the plan is whole; none after a reload that gave its address to a successor.
    pub frontend: arc_swap::ArcSwapOption<Frontend>,
    /// After a reload, what accepts at its address now.
    pub successor: arc_swap::ArcSwapOption<Listener>,
    /// A reload has taken its address away: nothing more is accepted, and its idle connections end.
    pub retired: AtomicBool,
    /// Leave to listen; none: the address is always this node's.
    pub permit: Option<Permit>,
    /// Addresses among its own that are not always this node's, where others are.
    pub covered: Option<Covered>,
    /// How this node finds out whether clients of addresses that are not always its own would be served.
    pub probe: Option<Arc<Probe>>,
}

impl Listener {
    /// One that nothing reaches, for expressions that ask for one where there is no client.
    pub fn nowhere() -> Self {
        Self {
            name: String::new(),
            id: 0,
            address: String::new(),
            port: 0,
            bound: None,
            accept_proxy: false,
            accept_netscaler: None,
            level: None,
            exposes: false,
            shares: false,
            connections: Arc::default(),
            frontend: Default::default(),
            successor: Default::default(),
            retired: Default::default(),
            permit: None,
            covered: None,
            probe: None,
        }
    }

    /// Its connections begin with a header that says whom they are from.
    #[inline]
    pub fn announces(&self) -> bool {
        self.accept_proxy || self.accept_netscaler.is_some()
    }

    /// Leave that a connection goes on by: the listener's, or that of the address that it reached.
    #[inline]
    pub fn permit_for(&self, reached: Option<SocketAddr>) -> Option<&Permit> {
        match (&self.permit, &self.covered) {
            (None, Some(covered)) => covered.at(reached?),
            (permit, _) => permit.as_ref(),
        }
    }

    /// It is at an address that this node has now, and lets go of in good order: it accepts until then.
    pub fn outlasts_draining(&self) -> bool {
        let permit = self.permit.as_ref().or(self.covered.as_ref().map(Covered::permit));
        permit.is_some_and(Permit::takes_more)
    }

    /// A reload has taken its address away.
    #[inline]
    pub fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Relaxed)
    }

    /// Looks at what [`Self::current`] gives, without a count that all threads share.
    pub fn look<T>(listener: &mut Arc<Self>, look: impl FnOnce(&Frontend) -> T) -> Option<T> {
        loop {
            if let Some(frontend) = &*listener.frontend.load() {
                return Some(look(frontend));
            }
            let next = listener.successor.load_full()?;
            *listener = next;
        }
    }

    /// The frontend that a connection's next request goes to; the connection moves on to the listener that has the
    /// address now. A reload may take the frontend away at any time: it is asked for once, never found and then fetched.
    pub fn current(listener: &mut Arc<Self>) -> Option<Arc<Frontend>> {
        loop {
            if let Some(frontend) = listener.frontend.load_full() {
                return Some(frontend);
            }
            *listener = listener.successor.load_full()?;
        }
    }
}
