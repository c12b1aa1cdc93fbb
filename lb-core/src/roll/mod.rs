//! What each traffic thread carries now, for operators who look at it and end it: exchanges, TCP sessions, sessions of
//! the runtime API.
//!
//! A thread keeps its own roll, which only its tasks touch: an entry costs a request no lock, no reference count and no
//! memory that is not used again. It names proxies and servers by where they are in memory, and whoever looks finds
//! their names in the plans ([`Row::names`]). A connection that is idle is on no roll.

mod names;

pub use names::Names;

use crate::engine::{self, Woken};
use crate::exchange::{Exchange, Times};
use crate::proxy::{Backend, millis};
use crate::server::Server;
use crate::thread;
use slab::Slab;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Instant, SystemTime};

thread_local! {
    static ROLL: RefCell<Slab<Record>> = const { RefCell::new(Slab::new()) };
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// A proxy or a server, by where it is in memory: to be compared, never followed. It is another's only once nothing
/// that is on a roll holds the first one any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity(usize);

impl Identity {
    /// That of a shared object.
    #[inline]
    pub fn of<T>(object: &Arc<T>) -> Self {
        Self(Arc::as_ptr(object).addr())
    }

    /// That of nothing.
    pub fn is_none(self) -> bool {
        self.0 == 0
    }
}

/// What something is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Rules look at the request, or wait for more of it.
    Rules,
    /// It waits for a server.
    Queue,
    /// A server is connected to.
    Connect,
    /// The server has the request, or gets it.
    Answer,
    /// Bytes go from side to side.
    Data,
    /// It is a session of the runtime API.
    Commands,
}

impl Stage {
    /// Three letters.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rules => "REQ",
            Self::Queue => "QUE",
            Self::Connect => "CON",
            Self::Answer => "RSP",
            Self::Data => "EST",
            Self::Commands => "CLI",
        }
    }
}

/// One that runs, as operators see it.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its number among all that this process has carried.
    pub id: u64,
    /// The thread that carries it, from 0.
    pub thread: usize,
    /// The client's address; none for a unix socket.
    pub src: Option<SocketAddr>,
    /// The address that it reached.
    pub dst: Option<SocketAddr>,
    /// The number of the `bind` line.
    pub listener: u32,
    /// Which request of its connection it is, from 1.
    pub request: u64,
    /// When it began ...
    pub began: Instant,
    /// ... by the wall clock.
    pub began_at: SystemTime,
    /// What it is about.
    pub stage: Stage,
    /// Connection attempts after the first.
    pub retries: u32,
    /// Its plan's.
    pub generation: u64,
    /// Its frontend; none for a session of the runtime API.
    pub frontend: Identity,
    /// Its backend, once chosen.
    pub backend: Identity,
    /// Its server, once chosen.
    pub server: Identity,
}

impl Row {
    /// Its age in milliseconds.
    pub fn age(&self) -> u64 {
        millis(self.began.elapsed())
    }
}

/// Whether it is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Runs,
    /// It is to end, and has not noticed yet.
    Cut,
    /// It is ending.
    Ends,
}

/// How its task is woken.
enum Wake {
    /// As at each change of phase.
    Connection(usize),
    Session(Waker),
}

struct Record {
    row: Row,
    fate: Fate,
    wake: Wake,
}

/// Keeps something on the roll of its thread. It must be dropped on that thread.
#[derive(Debug)]
pub struct Entry(Mark);

/// An entry, for who asks whether it was ended; the default is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(u32);

impl Default for Mark {
    fn default() -> Self {
        Self(u32::MAX)
    }
}

impl Entry {
    /// An exchange, or a TCP session, of a connection.
    #[inline]
    pub fn of(exchange: &Exchange, generation: u64, woken: &Woken) -> Self {
        let (session, times) = (&exchange.session, &exchange.times);
        let Times { first_byte, began_at, .. } = *times;
        let row = Row {
            src: session.src,
            dst: session.dst,
            listener: session.listener.id,
            request: session.requests,
            generation,
            frontend: Identity::of(&exchange.frontend),
            ..Row::new(first_byte, began_at)
        };
        Self::insert(row, Wake::Connection(woken.key()))
    }

    /// A session of the runtime API, whose task this wakes.
    pub fn session(src: Option<SocketAddr>, listener: u32, waker: &Waker) -> Self {
        let now = Instant::now();
        let row =
            Row { src, listener, stage: Stage::Commands, request: 1, ..Row::new(now, SystemTime::now()) };
        Self::insert(row, Wake::Session(waker.clone()))
    }

    #[inline]
    fn insert(mut row: Row, wake: Wake) -> Self {
        let count = COUNT.get() + 1;
        COUNT.set(count);
        row.thread = thread::index();
        // No two threads give the same number.
        row.id = count * thread::MAX_THREADS as u64 + row.thread as u64;
        let key = ROLL.with_borrow_mut(|roll| roll.insert(Record { row, fate: Fate::Runs, wake }));
        Self(Mark(u32::try_from(key).unwrap_or(u32::MAX)))
    }

    /// For who asks whether it was ended.
    #[inline]
    pub fn mark(&self) -> Mark {
        self.0
    }

    /// It goes on with something else.
    #[inline]
    pub fn enter(&self, stage: Stage) {
        self.0.edit(|row| row.stage = stage);
    }

    /// Its backend is chosen.
    #[inline]
    pub fn in_backend(&self, backend: &Arc<Backend>) {
        self.0.edit(|row| row.backend = Identity::of(backend));
    }

    /// Its server is chosen, for an attempt after so many others.
    #[inline]
    pub fn at_server(&self, server: &Arc<Server>, retries: u32) {
        self.0.edit(|row| (row.server, row.retries) = (Identity::of(server), retries));
    }

    /// Waits until it is to end.
    pub async fn cut(&self) {
        poll_fn(|_| if self.0.take_cut() { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

impl Row {
    fn new(began: Instant, began_at: SystemTime) -> Self {
        Self {
            id: 0,
            thread: 0,
            src: None,
            dst: None,
            listener: 0,
            request: 0,
            began,
            began_at,
            stage: Stage::Rules,
            retries: 0,
            generation: u64::MAX,
            frontend: Identity::default(),
            backend: Identity::default(),
            server: Identity::default(),
        }
    }
}

impl Drop for Entry {
    #[inline]
    fn drop(&mut self) {
        ROLL.with_borrow_mut(|roll| roll.try_remove(self.0.0 as usize));
    }
}

impl Mark {
    #[inline]
    fn edit(self, change: impl FnOnce(&mut Row)) {
        ROLL.with_borrow_mut(|roll| {
            if let Some(record) = roll.get_mut(self.0 as usize) {
                change(&mut record.row);
            }
        });
    }

    /// True once after the entry was ended: whoever waits for something gives up.
    #[inline]
    pub fn take_cut(self) -> bool {
        self != Self::default()
            && ROLL.with_borrow_mut(|roll| match roll.get_mut(self.0 as usize) {
                Some(record) if record.fate == Fate::Cut => {
                    record.fate = Fate::Ends;
                    true
                }
                _ => false,
            })
    }

    /// The entry was ended, and that was noticed.
    pub fn is_ending(self) -> bool {
        ROLL.with_borrow(|roll| roll.get(self.0 as usize).is_some_and(|record| record.fate == Fate::Ends))
    }
}

/// All that the calling thread carries.
pub fn rows() -> Vec<Row> {
    ROLL.with_borrow(|roll| roll.iter().map(|(_, record)| record.row).collect())
}

/// How many the calling thread carries, and how many it has carried since its start.
pub fn count() -> (usize, u64) {
    (ROLL.with_borrow(Slab::len), COUNT.get())
}

/// Ends those of the calling thread for which that holds; says how many. Their tasks are woken and do it.
pub fn cut(which: impl Fn(&Row) -> bool) -> usize {
    ROLL.with_borrow_mut(|roll| {
        let mut count = 0;
        for (_, record) in roll.iter_mut().filter(|(_, record)| which(&record.row)) {
            count += 1;
            if record.fate == Fate::Runs {
                record.fate = Fate::Cut;
            }
            match &record.wake {
                Wake::Connection(key) => engine::wake(*key),
                Wake::Session(waker) => waker.wake_by_ref(),
            }
        }
        count
    })
}

/// The waker of the calling task, for [`Entry::session`].
pub async fn waker() -> Waker {
    poll_fn(|cx: &mut Context<'_>| Poll::Ready(cx.waker().clone())).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_entry_is_seen_and_ended() {
        let entry = Entry::session(None, 1, &waker().await);
        let other = Entry::session(None, 2, &waker().await);
        let id = rows().iter().find(|row| row.listener == 1).map(|row| row.id);
        assert_eq!(cut(|row| Some(row.id) == id), 1);
        entry.cut().await;
        assert!(entry.mark().is_ending() && !entry.mark().take_cut());
        assert!(!other.mark().take_cut() && !other.mark().is_ending());
        drop(entry);
        assert_eq!(rows().len(), 1);
        // Another has its place, and is another.
        let next = Entry::session(None, 3, &waker().await);
        assert!(rows().iter().all(|row| Some(row.id) != id));
        assert!(!next.mark().is_ending() && !Mark::default().take_cut());
    }
}
