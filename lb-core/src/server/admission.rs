//! From a request to a slot on a server: persistence first, else the algorithm, else a queue.

use super::{Priority, Server, Slot, Turn, Waiting};
use crate::balance::{Balance, Choice};
use crate::exchange::Exchange;
use crate::proxy::Backend;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::time::Instant;

/// What a request gets at once.
#[derive(Debug)]
pub enum Admission {
    /// A slot.
    Slot(Slot),
    /// A place in a queue. After [`Turn::Again`] it is to be admitted anew, without its persistent server.
    Wait(Waiting),
    /// Nothing: it is to be answered with 503.
    Refused(Refusal),
}

/// Why a request got no slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No server may take requests (logged with `SC`).
    #[error("no server is available")]
    NoServer,
    /// The server's queue is at its `maxqueue` (logged with `SQ`).
    #[error("the server's queue is full")]
    QueueFull,
    /// `timeout queue` passed (logged with `sQ`).
    #[error("timed out in the queue")]
    QueueTimeout,
}

/// A slot, and how long the queues were that it went through (`%sq`, `%bq`).
#[derive(Debug)]
pub struct Acquired {
    /// The slot.
    pub slot: Slot,
    /// Turns given in servers' queues while it waited, its own included.
    pub server_queue: u32,
    /// The same in the backend's queue.
    pub backend_queue: u32,
}

/// Admits a request to a backend. `direct` is the server that persistence or `use-server` demands, `avoid` the one
/// that has just failed. Counts `lbtot` where the algorithm chose.
pub fn admit(
    backend: &Backend,
    exchange: &Exchange,
    direct: Option<&Arc<Server>>,
    avoid: Option<&Server>,
) -> Admission {
    let redispatch = backend.options.redispatch.is_some_and(|interval| interval != 0);
    let hash = || backend.balance.hash(exchange);
    let servers = backend.servers.load();
    let admission = enter(&backend.balance, &servers, hash, direct, avoid, redispatch, exchange.priority);
    if let (Admission::Slot(slot), None) = (&admission, direct)
        && let Some(server) = slot.server()
    {
        server.counters.mine().lbtot.inc();
        backend.stats.counters.mine().lbtot.inc();
    }
    admission
}

/// Admits a request and waits for its turn, until `deadline` if there is one. Dropping the future leaves the queue.
pub async fn acquire(
    backend: &Backend,
    exchange: &Exchange,
    direct: Option<&Arc<Server>>,
    avoid: Option<&Server>,
    deadline: Option<Instant>,
) -> Result<Acquired, Refusal> {
    let (mut direct, mut server_queue, mut backend_queue) = (direct, 0, 0);
    loop {
        let mut waiting = match admit(backend, exchange, direct, avoid) {
            Admission::Slot(slot) => return Ok(Acquired { slot, server_queue, backend_queue }),
            Admission::Refused(refusal) => return Err(refusal),
            Admission::Wait(waiting) => waiting,
        };
        let turn = match deadline {
            None => waiting.turn().await,
            Some(deadline) => tokio::time::timeout_at(deadline, waiting.turn())
                .await
                .map_err(|_elapsed| Refusal::QueueTimeout)?,
        };
        let passed = if waiting.server().is_some() { &mut server_queue } else { &mut backend_queue };
        match turn {
            Turn::Slot(slot, position) => {
                *passed += position;
                return Ok(Acquired { slot, server_queue, backend_queue });
            }
            Turn::Again(position) => {
                *passed += position;
                direct = None;
            }
        }
    }
}

/// [`admit`] on its parts; `hash` computes the key for algorithms that hash.
pub(crate) fn enter(
    balance: &Balance,
    servers: &[Arc<Server>],
    hash: impl Fn() -> Option<u32>,
    direct: Option<&Arc<Server>>,
    avoid: Option<&Server>,
    redispatch: bool,
    priority: Priority,
) -> Admission {
    let mut direct = direct;
    // A server that had room when it was chosen may be full by the time its slot is taken: choose again, a few times.
    for _ in 0..servers.len() + 2 {
        let server = match direct {
            Some(server) => server.clone(),
            None => match balance.choose(servers, &hash, avoid) {
                Choice::Server(server) => server,
                Choice::Nobody => return Admission::Refused(Refusal::NoServer),
                Choice::Full => break,
            },
        };
        if server.queued.load(Ordering::Relaxed) == 0
            && let Some(slot) = Slot::take(&server)
        {
            return Admission::Slot(slot);
        }
        if direct.is_none() && !balance.queues_on_server() {
            continue;
        }
        let maxqueue = server.config.maxqueue.unwrap_or(0);
        if maxqueue == 0 || server.queued.load(Ordering::Relaxed) < maxqueue {
            return Admission::Wait(server.farm.wait_for(&server, priority));
        }
        if direct.take().is_none() || !redispatch {
            return Admission::Refused(Refusal::QueueFull);
        }
    }
    match servers.first() {
        Some(server) => Admission::Wait(server.farm.wait_for_any(servers, priority)),
        None => Admission::Refused(Refusal::NoServer),
    }
}
