//! Idle connections to servers. Each thread keeps its own and takes another's where it has none.

use crate::net::Io;
use crate::server::Server;
use crate::thread::PerThread;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Which idle connections a request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Only what has carried a second request already, so that the server is known to keep it.
    Proven,
    /// Any.
    Any,
}

/// An idle connection.
#[derive(Debug)]
struct Idle {
    io: Io,
    since: Instant,
    /// How often the server had moved when it was asked for.
    moves: u32,
}

/// The idle connections of one server on one thread, the latest of each kind last.
#[derive(Debug, Default)]
struct Shelf {
    proven: VecDeque<Idle>,
    fresh: VecDeque<Idle>,
}

impl Shelf {
    fn len(&self) -> usize {
        self.proven.len() + self.fresh.len()
    }

    /// Takes the one that was used last and is still open.
    fn take(&mut self, server: &Server, wanted: Wanted) -> Option<Idle> {
        let moves = server.moves();
        let kinds = [Some(&mut self.proven), Some(&mut self.fresh).filter(|_| wanted == Wanted::Any)];
        for kind in kinds.into_iter().flatten() {
            while let Some(mut idle) = kind.pop_back() {
                uncount(server, 1);
                if idle.moves == moves && idle.io.is_quiet() {
                    return Some(idle);
                }
            }
        }
        None
    }

    /// Closes those that the server has ended, from the oldest on.
    fn drop_ended(&mut self, server: &Server) {
        for kind in [&mut self.proven, &mut self.fresh] {
            while kind.front_mut().is_some_and(|idle| !idle.io.is_quiet()) {
                kind.pop_front();
                uncount(server, 1);
            }
        }
    }

    /// Closes all but those that `keep` wants.
    fn retain(&mut self, server: &Server, mut keep: impl FnMut(&mut Idle) -> bool) {
        let before = self.len();
        self.proven.retain_mut(&mut keep);
        self.fresh.retain_mut(&mut keep);
        uncount(server, before - self.len());
    }
}

/// The idle connections of one server, by thread. A thread's own lock is free unless another just looks for one there.
#[derive(Debug, Default)]
pub struct Shelves(OnceLock<PerThread<Mutex<Shelf>>>);

impl Shelves {
    fn all(&self, server: &Server) -> &PerThread<Mutex<Shelf>> {
        self.0.get_or_init(|| PerThread::new(server.counters.iter().count()))
    }

    fn mine(&self, server: &Server) -> MutexGuard<'_, Shelf> {
        // What is on a shelf is whole at any time.
        self.all(server).mine().lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one thread needs of one server.
struct Need {
    server: Arc<Server>,
    /// How often the server had moved when this was last looked at.
    moves: u32,
    /// Most connections to the server in use at once, on this thread, lately: what is worth keeping.
    need: usize,
    /// The same since the last purge.
    peak: usize,
    used: usize,
}

thread_local! {
    /// By the servers' own numbers.
    static NEEDS: RefCell<Vec<Option<Need>>> = const { RefCell::new(Vec::new()) };
}

/// Most idle connections that one thread keeps for one server without a `pool-max-conn`.
const MAX_IDLE: usize = 4096;

/// How long an idle connection is kept (`pool-purge-delay`, default 5 s).
pub(crate) const PURGE_DELAY: Duration = Duration::from_secs(5);

/// Runs `f` on what this thread needs of the server, which is made at the first call.
#[inline]
fn with_need<T>(server: &Arc<Server>, f: impl FnOnce(&mut Need) -> T) -> T {
    NEEDS.with_borrow_mut(|needs| {
        if needs.len() <= server.uid {
            needs.resize_with(server.uid + 1, || None);
        }
        let need = needs[server.uid].get_or_insert_with(|| Need {
            server: Arc::clone(server),
            moves: server.moves(),
            need: 0,
            peak: 0,
            used: 0,
        });
        need.follow();
        f(need)
    })
}

impl Need {
    /// Closes what leads to where the server was before.
    #[inline]
    fn follow(&mut self) {
        let moves = self.server.moves();
        if self.moves != moves {
            self.moves = moves;
            self.server.idle_connections.mine(&self.server).retain(&self.server, |idle| idle.moves == moves);
        }
    }
}

/// Idle connections of this thread.
pub(crate) fn idle() -> usize {
    NEEDS.with_borrow(|needs| {
        needs.iter().flatten().map(|need| need.server.idle_connections.mine(&need.server).len()).sum()
    })
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
        NEEDS.with_borrow_mut(|needs| {
            if let Some(Some(need)) = needs.get_mut(self.server) {
                need.used = need.used.saturating_sub(1);
            }
        });
    }
}

/// Says that a connection to the server is in use from now on.
#[inline]
pub fn begin(server: &Arc<Server>) -> InUse {
    with_need(server, |need| {
        need.used += 1;
        need.peak = need.peak.max(need.used);
        InUse { server: server.uid, moves: need.moves }
    })
}

/// Takes an idle connection that is still open: the one that this thread used last, else one of another thread.
#[inline]
pub fn take(server: &Arc<Server>, wanted: Wanted) -> Option<Io> {
    if server.idle.load(Ordering::Relaxed) == 0 {
        return None;
    }
    let shelves = server.idle_connections.all(server);
    let own = server.idle_connections.mine(server).take(server, wanted);
    if let Some(idle) = own {
        return Some(idle.io);
    }
    // A shelf in use is passed over: that is no more than an idle connection that came too late.
    let taken = shelves.others().filter_map(|shelf| shelf.try_lock().ok()?.take(server, wanted)).next();
    taken.and_then(|idle| idle.io.moved_here())
}

/// Keeps a connection that is whole for later requests; closes it where no more are needed than there are, or the
/// server's limits say no, or the server has moved since. `proven`: it has carried a second request.
#[inline]
pub fn give(server: &Arc<Server>, in_use: InUse, io: Io, proven: bool, now: Instant) {
    let moves = in_use.moves;
    drop(in_use);
    with_need(server, |need| {
        let mut shelf = server.idle_connections.mine(server);
        let low = server.config.pool_low_conn.unwrap_or(0) as usize;
        let limit = server.config.pool_max_conn.and_then(|limit| u32::try_from(limit).ok());
        let has_room = |shelf: &Shelf| {
            let needed = need.used + shelf.len() < need.need.max(need.peak) || shelf.len() < low;
            let allowed = limit.is_none_or(|limit| server.idle.load(Ordering::Relaxed) < limit);
            needed && allowed && shelf.len() < MAX_IDLE
        };
        let same = need.moves == moves && !server.retired.load(Ordering::Relaxed);
        if same && !has_room(&shelf) {
            shelf.drop_ended(server);
        }
        if same && has_room(&shelf) {
            let kind = if proven { &mut shelf.proven } else { &mut shelf.fresh };
            kind.push_back(Idle { io, since: now, moves });
            server.idle.fetch_add(1, Ordering::Relaxed);
        } else {
            io.abandon();
        }
    });
}

/// Drops this thread's connections that the server closed, and those idle for too long. Called about once a second.
pub fn purge(now: Instant) {
    NEEDS.with_borrow_mut(|needs| {
        for slot in needs.iter_mut() {
            let Some(need) = slot else { continue };
            let server = &need.server;
            let mut shelf = server.idle_connections.mine(server);
            if need.used == 0 && server.retired.load(Ordering::Relaxed) {
                shelf.retain(server, |_| false);
                drop(shelf);
                *slot = None;
                continue;
            }
            need.need = need.used.max(need.need.midpoint(need.peak));
            need.peak = need.used;
            let delay = server.config.pool_purge_delay.unwrap_or(PURGE_DELAY);
            shelf.retain(server, |idle| {
                now.saturating_duration_since(idle.since) < delay && idle.io.is_quiet()
            });
            drop(shelf);
            need.follow();
        }
    });
}

/// Drops all of this thread's idle connections.
pub fn clear() {
    NEEDS.with_borrow_mut(|needs| {
        for need in needs.drain(..).flatten() {
            need.server.idle_connections.mine(&need.server).retain(&need.server, |_| false);
        }
    });
}

fn uncount(server: &Server, dropped: usize) {
    server.idle.fetch_sub(u32::try_from(dropped).unwrap_or(u32::MAX), Ordering::Relaxed);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::http_frontend;
    use crate::thread;
    use std::future::poll_fn;
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::UnixStream;

    #[tokio::test]
    async fn a_connection_takes_the_place_of_an_older_one_that_may_have_ended() {
        let server = server(" server s 127.0.0.1:81");
        let (mut first, ended) = connected();
        drop(ended);
        // The event loop has seen it.
        poll_fn(|cx| first.poll_read_ready(cx)).await.unwrap();
        let in_use = begin(&server);
        give(&server, in_use, first, false, Instant::now());

        // A request that may not take an idle one (`http-reuse safe`) comes with its own.
        let (second, mut open) = connected();
        let in_use = begin(&server);
        give(&server, in_use, second, false, Instant::now());
        assert_eq!(server.idle.load(Ordering::Relaxed), 1);
        let mut taken = take(&server, Wanted::Any).unwrap();
        open.write_all(b"x").await.unwrap();
        let mut byte = [0];
        assert_eq!(poll_fn(|cx| taken.poll_read(cx, &mut byte)).await.unwrap(), 1);
        assert_eq!(server.idle.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn nothing_is_kept_where_the_limit_is_none() {
        let server = server(" server s 127.0.0.1:81 pool-max-conn 0");
        let (connection, _open) = connected();
        let in_use = begin(&server);
        give(&server, in_use, connection, false, Instant::now());
        assert!(take(&server, Wanted::Any).is_none());
    }

    #[tokio::test]
    async fn what_has_carried_one_request_only_is_not_proven() {
        let server = server(" server s 127.0.0.1:81");
        for proven in [true, false] {
            let (connection, _open) = connected();
            let in_use = begin(&server);
            give(&server, in_use, connection, proven, Instant::now());
            assert_eq!(take(&server, Wanted::Proven).is_some(), proven);
        }
    }

    #[tokio::test]
    async fn a_thread_without_any_takes_one_of_another() {
        let server = server(" server s 127.0.0.1:81");
        server.idle_connections.0.set(PerThread::new(3)).unwrap();
        let (connection, mut open) = connected();
        let in_use = begin(&server);
        give(&server, in_use, connection, false, Instant::now());
        let other = Arc::clone(&server);
        let task = std::thread::spawn(move || {
            thread::set_index(1);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
            runtime.block_on(async {
                let mut io = take(&other, Wanted::Any).unwrap();
                assert!(io.is_quiet());
                let mut byte = [0];
                poll_fn(|cx| io.poll_read(cx, &mut byte)).await.unwrap();
                byte
            })
        });
        open.write_all(b"x").await.unwrap();
        assert_eq!(task.join().unwrap(), *b"x");
        assert_eq!(server.idle.load(Ordering::Relaxed), 0);
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
