//! Idle connections to servers. Each thread has its own, since a connection never leaves its thread.

use crate::net::Io;
use crate::server::Server;
use std::cell::RefCell;
use std::collections::VecDeque;
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
    idle: VecDeque<Idle>,
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
            idle: VecDeque::new(),
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

    /// Closes the connection that has been idle longest; whether there was one.
    fn drop_oldest(&mut self) -> bool {
        let oldest = self.idle.pop_front();
        uncount(&self.server, usize::from(oldest.is_some()));
        oldest.is_some()
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
        while let Some(mut idle) = shelf.idle.pop_back() {
            server.idle.fetch_sub(1, Ordering::Relaxed);
            if idle.io.is_quiet() {
                return Some(idle.io);
            }
        }
        None
    })
}

/// Keeps a connection that is whole for later requests, in place of the oldest where there are enough; closes it where
/// the server's limits say no, or the server has moved since.
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
        let has_room = needed && allowed && shelf.idle.len() < MAX_IDLE;
        let same = shelf.moves == moves && !server.retired.load(Ordering::Relaxed);
        // An older one may have been ended by the server, which is not seen before it is looked at.
        if same && (has_room || shelf.drop_oldest()) {
            shelf.idle.push_back(Idle { io, since: now });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::http_frontend;
    use tokio::net::UnixStream;

    #[tokio::test]
    async fn a_connection_takes_the_place_of_an_older_one_that_may_have_ended() {
        let server = server(" server s 127.0.0.1:81");
        let (first, ended) = connected();
        let in_use = begin(&server);
        give(&server, in_use, first, Instant::now());
        drop(ended);

        // A request that may not take an idle one (`http-reuse safe`) comes with its own.
        let (second, _open) = connected();
        let in_use = begin(&server);
        give(&server, in_use, second, Instant::now());
        assert_eq!(server.idle.load(Ordering::Relaxed), 1);
        assert!(take(&server).is_some(), "the one that is open");
        assert_eq!(server.idle.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn nothing_is_kept_where_the_limit_is_none() {
        let server = server(" server s 127.0.0.1:81 pool-max-conn 0");
        let (connection, _open) = connected();
        let in_use = begin(&server);
        give(&server, in_use, connection, Instant::now());
        assert!(take(&server).is_none());
    }

    fn server(line: &str) -> Arc<Server> {
        let frontend = http_frontend(line);
        let backend = frontend.default_backend.get().cloned().unwrap();
        backend.servers.load()[0].clone()
    }

    fn connected() -> (Io, UnixStream) {
        let (here, there) = UnixStream::pair().unwrap();
        (Io::Unix(here), there)
    }
}
