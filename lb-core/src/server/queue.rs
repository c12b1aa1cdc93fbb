//! Slots on servers, and the queues of those who wait for one (manual 5.2 "maxconn", "maxqueue").
//!
//! A request below the limit takes its slot with one atomic operation. Only where one must wait, or where a slot is
//! given back while others wait, the farm's lock is taken.

use super::{Farm, Server};
use crate::clock;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::oneshot;

/// A request's place among those that a server serves at once. Dropping it gives the place to the next.
#[derive(Debug)]
pub struct Slot {
    server: Option<Arc<Server>>,
}

impl Slot {
    /// Takes a slot if there is one now, past any queue.
    pub(crate) fn take(server: &Arc<Server>) -> Option<Self> {
        let limit = server.limit();
        let served = if limit == 0 {
            server.served.fetch_add(1, Ordering::SeqCst) + 1
        } else {
            let more = |served: u32| (served < limit).then(|| served + 1);
            server.served.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more).ok()? + 1
        };
        if served > server.served_max.load(Ordering::Relaxed) {
            server.served_max.fetch_max(served, Ordering::Relaxed);
        }
        Some(Self { server: Some(server.clone()) })
    }

    /// The server.
    pub fn server(&self) -> Option<&Arc<Server>> {
        self.server.as_ref()
    }

    /// Gives the slot back without waking anyone.
    pub(crate) fn give_back_quietly(mut self) {
        if let Some(server) = self.server.take() {
            server.served.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.served.fetch_sub(1, Ordering::SeqCst);
            server.farm.dispatch(&server);
        }
    }
}

/// What becomes of one that waited. The number is how far it had to move up in the queue.
#[derive(Debug)]
pub enum Turn {
    /// It has a slot.
    Slot(Slot, u32),
    /// The server that it waited for went down: it shall choose again.
    Again(u32),
}

/// Which queue a request waits in.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// A server's own.
    Server(Arc<Server>),
    /// The backend's.
    Backend,
}

/// How early a request's turn comes, by its rules (manual 4.2 "http-request set-priority-class").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Priority {
    /// Lower classes go first.
    pub class: i32,
    /// In its class it waits as if it had come so many milliseconds later.
    pub offset: i32,
}

/// A place in a queue: by class, then by the time of coming, which an offset moves, then by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    class: i32,
    due: i64,
    ticket: u64,
}

/// One that waits.
#[derive(Debug)]
pub(crate) struct Waiter {
    pub(crate) tell: oneshot::Sender<Turn>,
    start: u32,
}

/// One queue, by rank.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pub(crate) waiters: BTreeMap<Rank, Waiter>,
    /// How many left it for a slot, ever.
    advanced: u32,
}

impl Line {
    /// How many had their turn since the one of that rank came, and itself; 0 when it is not there.
    pub(crate) fn position(&self, rank: Rank) -> u32 {
        self.waiters.get(&rank).map_or(0, |waiter| self.advanced.wrapping_sub(waiter.start).wrapping_add(1))
    }
}

/// The backend's queue and its servers' own.
#[derive(Debug, Default)]
pub(crate) struct Queues {
    next_ticket: u64,
    /// The latest time at which one came, in milliseconds: threads' clocks differ by some.
    now: i64,
    backend: Line,
    /// By the servers' uid; a line is made when its server is first waited for.
    servers: HashMap<usize, Line>,
}

impl Queues {
    pub(crate) fn line(&mut self, place: &Place) -> Option<&mut Line> {
        match place {
            Place::Backend => Some(&mut self.backend),
            Place::Server(server) => self.servers.get_mut(&server.uid),
        }
    }

    /// Adds one; its rank.
    pub(crate) fn push(&mut self, place: &Place, priority: Priority, tell: oneshot::Sender<Turn>) -> Rank {
        self.next_ticket += 1;
        self.now = self.now.max(i64::try_from(clock::millis()).unwrap_or(i64::MAX));
        let due = self.now.saturating_add(i64::from(priority.offset));
        let rank = Rank { class: priority.class, due, ticket: self.next_ticket };
        let line = match place {
            Place::Backend => &mut self.backend,
            Place::Server(server) => self.servers.entry(server.uid).or_default(),
        };
        line.waiters.insert(rank, Waiter { tell, start: line.advanced });
        rank
    }

    /// Drops the queues of servers that nobody waits in.
    pub(crate) fn forget_empty(&mut self) {
        self.servers.retain(|_, line| !line.waiters.is_empty());
    }

    /// Where the first of those waits who may take a slot of `server`.
    pub(crate) fn first(&self, server: &Arc<Server>, takes_any: bool) -> Option<Place> {
        let first = |line: &Line| line.waiters.first_key_value().map(|(rank, _)| *rank);
        let own = self.servers.get(&server.uid).and_then(first);
        let any = if takes_any { first(&self.backend) } else { None };
        match (own, any) {
            (None, None) => None,
            (Some(own), Some(any)) if any < own => Some(Place::Backend),
            (None, Some(_)) => Some(Place::Backend),
            _ => Some(Place::Server(server.clone())),
        }
    }

    /// Takes the first of a queue, with the number of those who went before it while it waited, itself included.
    pub(crate) fn pop(&mut self, place: &Place) -> Option<(Waiter, u32)> {
        let line = self.line(place)?;
        let (_, waiter) = line.waiters.pop_first()?;
        line.advanced = line.advanced.wrapping_add(1);
        let position = line.advanced.wrapping_sub(waiter.start);
        Some((waiter, position))
    }
}

/// A request that waits in a queue; a future of its [`Turn`]. Dropping it leaves the queue.
#[derive(Debug)]
pub struct Waiting {
    farm: Arc<Farm>,
    place: Place,
    rank: Rank,
    told: oneshot::Receiver<Turn>,
}

impl Waiting {
    pub(crate) fn new(farm: Arc<Farm>, place: Place, rank: Rank, told: oneshot::Receiver<Turn>) -> Self {
        Self { farm, place, rank, told }
    }

    /// The server whose own queue it is; none for the backend's.
    pub fn server(&self) -> Option<&Arc<Server>> {
        match &self.place {
            Place::Server(server) => Some(server),
            Place::Backend => None,
        }
    }

    /// What the logs say of one that gives up now: how many had their turn while it waited, and itself.
    pub fn position(&self) -> u32 {
        self.farm.position(&self.place, self.rank)
    }

    /// Waits. Cancel-safe: may be polled again, or dropped to leave the queue.
    pub async fn turn(&mut self) -> Turn {
        // The sender lives in the queue until it answers, and the queue as long as we do.
        (&mut self.told).await.unwrap_or(Turn::Again(0))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // Where the turn has come meanwhile, the slot is in `told`, whose drop gives it on.
        drop(self.farm.leave(&self.place, self.rank));
    }
}
