//! Idle connections to servers. Each thread has its own, since a connection never leaves its thread.

use crate::net::Io;
use crate::server::Server;
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// An idle connection.
struct Idle {
    io: Io,
    since: Instant,
}

/// Idle connections of one server on this thread, the latest last.
struct Shelf {
    server: Arc<Server>,
    /// How often the server had moved when the idle connections were made.
    moves: u32,
    idle: Vec<Idle>,
    /// Most connections to the server in use at once, on this thread, lately: what is worth keeping.
    need: usize,
    /// The same since the last purge.
    peak: usize,
    used: usize,
}

thread_local! {
    /// By the servers' own numbers.
    static SHELVES: RefCell<Vec<Option<Shelf>>> = const { RefCell::new(Vec::new()) };
}

/// Most idle connections that one thread keeps for one server without a `pool-max-conn`.
const MAX_IDLE: usize = 4096;

/// How long an idle connection is kept (`pool-purge-delay`, default 5 s).
pub(crate) const PURGE_DELAY: Duration = Duration::from_secs(5);

/// Runs `f` on the server's shelf, which is made at the first call.
#[inline]
fn with_shelf<T>(server: &Arc<Server>, f: impl FnOnce(&mut Shelf) -> T) -> T {
    SHELVES.with_borrow_mut(|shelves| {
        if shelves.len() <= server.uid {
            shelves.resize_with(server.uid + 1, || None);
        }
        let shelf = shelves[server.uid].get_or_insert_with(|| Shelf {
            server: Arc::clone(server),
            moves: server.moves(),
            idle: Vec::new(),
            need: 0,
            peak: 0,
            used: 0,
        });
        shelf.follow();
        f(shelf)
    })
}

impl Shelf {
    /// Closes what leads to where the server was before.
    #[inline]
    fn follow(&mut self) {
        let moves = self.server.moves();
        if self.moves != moves {
            self.moves = moves;
            uncount(&self.server, self.idle.len());
            self.idle.clear();
        }
    }
}

/// Counts one connection as in use on this thread for as long as it lives.
#[derive(Debug)]
pub struct InUse {
    server: usize,
    moves: u32,
}

impl InUse {
    /// How often the server had moved when the connection was asked for.
    pub fn moves(&self) -> u32 {
        self.moves
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        SHELVES.with_borrow_mut(|shelves| {
            if let Some(Some(shelf)) = shelves.get_mut(self.server) {
                shelf.used = shelf.used.saturating_sub(1);
            }
        });
    }
}

/// Says that a connection to the server is in use from now on.
#[inline]
pub fn begin(server: &Arc<Server>) -> InUse {
    with_shelf(server, |shelf| {
        shelf.used += 1;
        shelf.peak = shelf.peak.max(shelf.used);
        InUse { server: server.uid, moves: shelf.moves }
    })
}

/// Takes the idle connection that was used last and is still open.
#[inline]
pub fn take(server: &Arc<Server>) -> Option<Io> {
    with_shelf(server, |shelf| {
        while let Some(mut idle) = shelf.idle.pop() {
            server.idle.fetch_sub(1, Ordering::Relaxed);
            if idle.io.is_quiet() {
                return Some(idle.io);
            }
        }
        None
    })
}

/// Keeps a connection that is whole for later requests; closes it where no more are needed than there are, or the
/// server's limits say no, or the server has moved since.
#[inline]
pub fn give(server: &Arc<Server>, in_use: InUse, io: Io, now: Instant) {
    let moves = in_use.moves;
    drop(in_use);
    with_shelf(server, |shelf| {
        let low = server.config.pool_low_conn.unwrap_or(0) as usize;
        let needed = shelf.used + shelf.idle.len() < shelf.need.max(shelf.peak) || shelf.idle.len() < low;
        let allowed = match server.config.pool_max_conn.and_then(|limit| u32::try_from(limit).ok()) {
            Some(limit) => server.idle.load(Ordering::Relaxed) < limit,
            None => true,
        };
        let retired = server.retired.load(Ordering::Relaxed);
        let same = shelf.moves == moves && !retired;
        if needed && allowed && same && shelf.idle.len() < MAX_IDLE {
            shelf.idle.push(Idle { io, since: now });
            server.idle.fetch_add(1, Ordering::Relaxed);
        } else {
            io.abandon();
        }
    });
}

/// Drops connections that the server closed, and those idle for too long. Called about once a second.
pub fn purge(now: Instant) {
    SHELVES.with_borrow_mut(|shelves| {
        for slot in shelves.iter_mut() {
            let Some(shelf) = slot else { continue };
            if shelf.used == 0 && shelf.server.retired.load(Ordering::Relaxed) {
                uncount(&shelf.server, shelf.idle.len());
                *slot = None;
                continue;
            }
            shelf.need = shelf.used.max(shelf.need.midpoint(shelf.peak));
            shelf.peak = shelf.used;
            shelf.follow();
            let delay = shelf.server.config.pool_purge_delay.unwrap_or(PURGE_DELAY);
            let before = shelf.idle.len();
            shelf
                .idle
                .retain_mut(|idle| now.saturating_duration_since(idle.since) < delay && idle.io.is_quiet());
            uncount(&shelf.server, before - shelf.idle.len());
        }
    });
}

/// Drops all of this thread's idle connections.
pub fn clear() {
    SHELVES.with_borrow_mut(|shelves| {
        for shelf in shelves.iter().flatten() {
            uncount(&shelf.server, shelf.idle.len());
        }
        shelves.clear();
    });
}

fn uncount(server: &Server, dropped: usize) {
    server.idle.fetch_sub(u32::try_from(dropped).unwrap_or(u32::MAX), Ordering::Relaxed);
}
