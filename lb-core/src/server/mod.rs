//! A server: its address, state, weight, limits and numbers. It outlives plans.

use crate::proxy::ProxyCounters;
use crate::thread::PerThread;
use haproxy_cfg_parser::model;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};

/// Where a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerAddress {
    /// TCP.
    Inet(SocketAddr),
    /// A unix socket's path.
    Unix(String),
    /// An abstract unix socket.
    Abstract(String),
}

/// Bits of [`Server::admin`], as HAProxy's `srv_admin_state` numbers them (`show servers state`).
pub mod admin {
    /// Forced into maintenance.
    pub const FORCED_MAINT: u8 = 0x01;
    /// Inherited maintenance.
    pub const INHERITED_MAINT: u8 = 0x02;
    /// `disabled` in the configuration.
    pub const CONFIG_MAINT: u8 = 0x04;
    /// Forced drain.
    pub const FORCED_DRAIN: u8 = 0x08;
    /// Inherited drain.
    pub const INHERITED_DRAIN: u8 = 0x10;
    /// Any maintenance.
    pub const MAINT: u8 = 0x23;
}

/// Operational state, as HAProxy's `srv_op_state` numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)] // each is the state of that name
pub enum Operational {
    Stopped = 0,
    Starting = 1,
    Running = 2,
    Stopping = 3,
}

/// One server.
#[derive(Debug)]
pub struct Server {
    /// Its name.
    pub name: String,
    /// The backend's name.
    pub backend: String,
    /// Its id within the backend (`sid`).
    pub id: u32,
    /// A number of its own in this process, for per-thread pools.
    pub uid: usize,
    /// Where it is reached.
    pub address: ServerAddress,
    /// Everything else that its line says.
    pub config: model::ServerLine,
    /// Weight now, before scaling.
    pub weight: AtomicU32,
    /// Administrative state, bits of [`admin`].
    pub admin: AtomicU8,
    /// Operational state.
    pub operational: AtomicU8,
    /// Requests in flight on it (`scur`), counted against `maxconn`.
    pub served: AtomicU32,
    /// Most at once (`smax`).
    pub served_max: AtomicU32,
    /// Requests waiting for it (`qcur`) ...
    pub queued: AtomicU32,
    /// ... and the most there were.
    pub queued_max: AtomicU32,
    /// Idle connections in all threads' pools.
    pub idle: AtomicU32,
    /// Milliseconds since the start of the process of the last session; 0: none yet.
    pub last_session: AtomicU64,
    /// Numbers.
    pub counters: PerThread<ProxyCounters>,
}

impl Server {
    /// May take new requests: running, not in maintenance or drain, with a weight.
    pub fn usable(&self) -> bool {
        self.up() && self.weight.load(Ordering::Relaxed) > 0 && self.admin.load(Ordering::Relaxed) & 0x18 == 0
    }

    /// Running and not in maintenance: may serve persistent sessions.
    pub fn up(&self) -> bool {
        self.operational.load(Ordering::Relaxed) != Operational::Stopped as u8
            && self.admin.load(Ordering::Relaxed)
                & (admin::FORCED_MAINT | admin::INHERITED_MAINT | admin::CONFIG_MAINT)
                == 0
    }
}
/// x
#[derive(Debug)]
pub struct Slot(std::sync::Arc<Server>);
impl Slot {
    /// x
    pub fn server(&self) -> Option<&std::sync::Arc<Server>> {
        Some(&self.0)
    }
}
impl Drop for Slot {
    fn drop(&mut self) {
        self.0.served.fetch_sub(1, Ordering::SeqCst);
    }
}
/// x
#[allow(missing_docs)]
pub enum Admission {
    Slot(Slot),
    Wait(Waiting),
    Refused(Refusal),
}
/// x
pub struct Waiting;
impl Waiting {
    /// x
    pub async fn turn(&mut self) -> Turn {
        Turn::Again(0)
    }
    /// x
    pub fn server(&self) -> Option<&std::sync::Arc<Server>> {
        None
    }
}
/// x
#[allow(missing_docs)]
pub enum Turn {
    Slot(Slot, u32),
    Again(u32),
}
/// x
#[allow(missing_docs)]
pub enum Refusal {
    NoServer,
    QueueFull,
    QueueTimeout,
}
/// x
pub fn admit(
    b: &crate::proxy::Backend,
    _e: &crate::exchange::Exchange,
    _d: Option<&std::sync::Arc<Server>>,
    _a: Option<&Server>,
) -> Admission {
    match b.servers.first() {
        Some(s) => {
            s.served.fetch_add(1, Ordering::SeqCst);
            Admission::Slot(Slot(s.clone()))
        }
        None => Admission::Refused(Refusal::NoServer),
    }
}
/// x
#[allow(missing_docs)]
pub mod persistence {
    use super::*;
    use crate::{exchange::Exchange, proxy::Backend};
    pub fn from_request(_b: &Backend, _e: &mut Exchange) -> Option<std::sync::Arc<Server>> {
        None
    }
    pub fn on_response(_b: &Backend, _s: &Server, _e: &mut Exchange) {}
}
impl Server {
    /// x
    pub fn source(&self) -> Option<SocketAddr> {
        None
    }
}
