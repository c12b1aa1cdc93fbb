//! A server: its address, state, weight, limits and numbers. It outlives plans.

mod address;
pub mod admission;
mod attempts;
mod farm;
mod inherit;
mod lease;
mod lineup;
pub mod persistence;
pub mod queue;
pub(crate) mod report;
pub mod slowstart;
mod state;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod ties;
mod turn;

pub use address::ServerAddress;
pub use admission::{Acquired, Admission, Refusal, acquire, admit};
pub use attempts::Attempts;
pub use farm::Farm;
pub use lineup::Lineup;
pub use queue::{Priority, Slot, Turn, Waiting};
pub use state::{Operational, admin};
pub use ties::{Severed, Tie, Ties};
pub use turn::Cause;

use crate::check::{Observed, Probe};
use crate::connect::pool::Shelves;
use crate::connect::{Route, Way};
use crate::exchange::Exchange;
use crate::log::Format;
use crate::net::Io;
use crate::proxy::ProxyCounters;
use crate::proxy_protocol;
use crate::thread::PerThread;
use arc_swap::{ArcSwap, ArcSwapOption};
use haproxy_cfg_parser::model;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};

/// One server.
#[derive(Debug)]
pub struct Server {
    /// Its name.
    pub name: String,
    /// The backend's name.
    pub backend: String,
    /// Where the file, or the system for a name, said at the start that it is.
    pub start: ServerAddress,
    /// Its id within the backend (`sid`).
    pub id: u32,
    /// A number of its own in this process for as long as it lives, for per-thread pools.
    pub uid: usize,
    _lease: lease::Lease,
    /// A command has added it.
    pub dynamic: bool,
    /// The name that its address is of.
    hostname: ArcSwapOption<String>,
    /// Where it is reached: [`Server::address`], [`Server::set_address`].
    whereabouts: address::Whereabouts,
    /// The port of the client's connection is taken and this added to it, for the line names none of its own.
    pub port_offset: Option<u16>,
    /// Its line has no address: clients are taken to the one that they wanted to reach.
    anywhere: bool,
    /// The PROXY header that its connections begin with.
    pub introduces: Option<proxy_protocol::Style>,
    /// Further values in that header, by type (`set-proxy-v2-tlv-fmt`).
    pub tlvs: Vec<(u8, Format)>,
    /// How connections to it are made.
    pub way: Way,
    /// Everything else that its line says.
    pub config: Arc<model::ServerLine>,
    /// What it shares with the other servers of its backend.
    pub farm: Arc<Farm>,
    /// Weight now, before scaling. Change it with [`Server::set_weight`].
    pub weight: AtomicU32,
    /// Administrative state, bits of [`admin`]. Change it with [`Server::set_admin`].
    pub admin: AtomicU8,
    /// Operational state, an [`Operational`]. Change it with [`Server::set_operational`].
    pub operational: AtomicU8,
    /// Most requests at once; 0: no limit. Change it with [`Server::set_maxconn`].
    pub maxconn: AtomicU32,
    /// Requests in flight on it (`scur`), counted against `maxconn`.
    pub served: AtomicU32,
    /// Most at once (`smax`).
    pub served_max: AtomicU32,
    /// Requests waiting for it (`qcur`) ...
    pub queued: AtomicU32,
    /// ... and the most there were.
    pub queued_max: AtomicU32,
    /// How many idle connections there are ...
    pub idle: AtomicU32,
    /// ... and they themselves.
    pub idle_connections: Shelves,
    /// Milliseconds since the start of the process of the last session; 0: none yet.
    pub last_session: AtomicU64,
    /// Milliseconds since the start of the process of the last change of state (`lastchg`).
    pub changed: AtomicU64,
    /// Chosen from when its backend's algorithm last looked; for backup servers, whether they are in use.
    pub rotating: AtomicBool,
    /// When it was last chosen, in picks of its backend: least connections take the longest waiting of equals.
    pub picked: AtomicU64,
    /// Its health checks.
    pub check: Option<Box<Probe>>,
    /// Its agent checks.
    pub agent: Option<Box<Probe>>,
    /// Errors that traffic showed.
    pub observed: Observed,
    /// How often it went down (`chkdown`).
    pub downs: AtomicU64,
    /// Milliseconds that it was down, up to the last change.
    pub downtime: AtomicU64,
    /// The server whose state it follows (`track`): [`Server::tracked`].
    tracked: ArcSwapOption<Server>,
    /// The servers that follow it: [`Server::set_trackers`].
    trackers: ArcSwap<Vec<Weak<Server>>>,
    /// Its connections that may be ended from outside, if any may.
    pub ties: OnceLock<Ties>,
    /// Held while its state changes.
    turning: Mutex<()>,
    /// A reload has taken it out of the plan: no idle connection to it is kept.
    pub retired: AtomicBool,
    /// Numbers.
    pub counters: Arc<PerThread<ProxyCounters>>,
}

impl Server {
    /// A server as its line has it: up, in maintenance if `disabled`, idle. `threads`: how many traffic threads there
    /// are.
    pub fn new(
        config: impl Into<Arc<model::ServerLine>>,
        backend: &str,
        id: u32,
        address: ServerAddress,
        farm: Arc<Farm>,
        threads: usize,
    ) -> Self {
        let lease = lease::Lease::take();
        let config = config.into();
        let hostname = match &config.address {
            model::Address::Inet { host: model::Host::Name(name), .. }
                if !crate::resolve::is_service(name, &config) =>
            {
                Some(Arc::new(name.clone()))
            }
            _ => None,
        };
        // A server without an address waits for its name to have one.
        let unresolved = matches!(address, ServerAddress::Unresolved(_));
        let mut maintenance = if unresolved { admin::RESOLUTION_MAINT } else { 0 };
        if config.disabled {
            maintenance |= admin::FORCED_MAINT | admin::CONFIG_MAINT;
        }
        // A `minconn` above `maxconn` or without one is the limit (manual 5.2 "minconn").
        let maxconn = config.maxconn.unwrap_or(0).max(config.minconn.unwrap_or(0));
        let server = Self {
            name: config.name.clone(),
            backend: backend.to_owned(),
            id,
            uid: lease.number(),
            _lease: lease,
            dynamic: false,
            start: address.clone(),
            whereabouts: address::Whereabouts::new(address),
            port_offset: port_offset(&config.address),
            anywhere: is_anywhere(&config.address),
            introduces: proxy_protocol::Style::of(&config),
            tlvs: Vec::new(),
            way: Way::default(),
            farm,
            weight: AtomicU32::new(config.weight),
            admin: AtomicU8::new(maintenance),
            operational: AtomicU8::new(if maintenance != 0 {
                Operational::Stopped as u8
            } else {
                Operational::Running as u8
            }),
            hostname: ArcSwapOption::new(hostname),
            maxconn: AtomicU32::new(maxconn),
            served: AtomicU32::new(0),
            served_max: AtomicU32::new(0),
            queued: AtomicU32::new(0),
            queued_max: AtomicU32::new(0),
            idle: AtomicU32::new(0),
            idle_connections: Shelves::default(),
            last_session: AtomicU64::new(0),
            changed: AtomicU64::new(crate::clock::millis()),
            rotating: AtomicBool::new(false),
            picked: AtomicU64::new(0),
            check: Probe::of_health(&config.check).map(Box::new),
            agent: Probe::of_agent(&config.check).map(Box::new),
            observed: Observed::default(),
            downs: AtomicU64::new(0),
            downtime: AtomicU64::new(0),
            tracked: ArcSwapOption::empty(),
            trackers: ArcSwap::default(),
            ties: OnceLock::new(),
            turning: Mutex::new(()),
            retired: AtomicBool::new(false),
            counters: Arc::new(PerThread::new(threads)),
            config,
        };
        server.assume();
        if maintenance == 0 && server.check.as_ref().is_some_and(|check| !check.allows_up()) {
            server.operational.store(Operational::Stopped as u8, Ordering::Relaxed);
        }
        if server.config.disabled {
            server.pause_checks();
        }
        server
    }

    /// Thinks of its health as its line says (`init-state`), until it is checked.
    fn assume(&self) {
        let initial = self.config.check.initial;
        if let Some(check) = &self.check {
            check.set_health(|health| health.assume(initial));
        }
    }

    /// Where a client that reached `dst` is to be taken: a server at address 0.0.0.0 is wherever that is.
    pub fn reach(&self, dst: Option<SocketAddr>) -> ServerAddress {
        let now = self.address();
        let ServerAddress::Inet(mut address) = now else { return now };
        if !self.follows_client() {
            return now;
        }
        if let Some(dst) = dst.filter(|_| address.ip().is_unspecified()) {
            address.set_ip(dst.ip());
        }
        if let Some(offset) = self.port_offset {
            address.set_port(dst.map_or(0, |dst| dst.port()).wrapping_add(offset));
        }
        ServerAddress::Inet(address)
    }

    /// A connection to it is one that the exchange may take: rules may set another destination for each request.
    pub(crate) fn suits(&self, io: &Io, exchange: &Exchange) -> bool {
        if !self.follows_client() {
            return true;
        }
        let fd = io.fd();
        let peer = socket2::SockRef::from(&fd).peer_addr().ok().and_then(|peer| peer.as_socket());
        matches!(self.reach(exchange.dst()), ServerAddress::Inet(to) if Some(to) == peer)
    }

    /// Where it is depends on where clients go.
    #[inline]
    fn follows_client(&self) -> bool {
        self.port_offset.is_some() || self.anywhere
    }

    /// Its connections are for one client each: they say or depend on who that is.
    pub fn is_personal(&self) -> bool {
        self.introduces.is_some() || self.follows_client() || self.way.source.is_personal()
    }

    /// Its connections are for one request each: they say or depend on what that is.
    pub fn is_single_use(&self) -> bool {
        let introduced = |style: proxy_protocol::Style| style.unique_id || !self.tlvs.is_empty();
        self.introduces.is_some_and(introduced) || self.way.source.is_by_request()
    }

    /// The way to it for an exchange.
    #[inline]
    pub(crate) fn route(&self, exchange: &Exchange) -> Route<'_> {
        self.way.to(self.reach(exchange.dst()), exchange)
    }

    /// Most requests that it may take just now: between `minconn` and `maxconn` by the load of the backend
    /// against `fullconn` (manual 5.2 "minconn"), less while it warms up; 0: no limit.
    pub fn limit(&self) -> u32 {
        let maxconn = self.maxconn.load(Ordering::Relaxed);
        let limit = match self.config.minconn {
            Some(minconn) if minconn > 0 && minconn < maxconn => self.farm.scaled(minconn, maxconn),
            _ => maxconn,
        };
        if limit == 0 { 0 } else { self.throttled(limit) }
    }

    /// A new request would be served at once.
    pub fn has_room(&self) -> bool {
        let limit = self.limit();
        limit == 0
            || (self.queued.load(Ordering::Relaxed) == 0 && self.served.load(Ordering::Relaxed) < limit)
    }
}

/// No address in particular.
fn is_anywhere(address: &model::Address) -> bool {
    let model::Address::Inet { host, .. } = address else { return false };
    match host {
        model::Host::Ip(ip) => ip.is_unspecified(),
        model::Host::Any | model::Host::AnyV4 | model::Host::AnyV6 => true,
        model::Host::Name(_) => false,
    }
}

/// What is added to the client's port: a line may give none (`10.0.0.1`) or an offset (`10.0.0.1:+10`, `:-10`).
fn port_offset(address: &model::Address) -> Option<u16> {
    match address {
        model::Address::Inet { offset: Some(offset), .. } => Some(*offset as u16),
        model::Address::Inet { ports: (0, _), .. } => Some(0),
        _ => None,
    }
}
