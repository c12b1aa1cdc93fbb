//! What the servers of one backend share: the backend's load, a counter of changes, the queues.

use super::Server;
use super::queue::{Place, Priority, Queues, Rank, Slot, Turn, Waiter, Waiting};
use crate::check::Announcer;
use crate::proxy::ProxyStats;
use arc_swap::ArcSwapOption;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// The servers of one backend, as far as they have to do with each other. It outlives plans, as they do.
#[derive(Debug)]
pub struct Farm {
    /// Counts changes of weight or state; an algorithm that has seen another number arranges anew.
    changes: AtomicU64,
    /// `fullconn`; 0: limits stay at `maxconn`.
    fullconn: AtomicU32,
    /// Requests that wait for a server that goes down choose another (`option redispatch` without `persist`).
    redispatch: AtomicBool,
    /// The backend's numbers: its load, and how many wait in its queue.
    stats: Arc<ProxyStats>,
    queues: Mutex<Queues>,
    /// Who tells about its servers.
    announcer: ArcSwapOption<Announcer>,
}

impl Farm {
    /// A farm without servers or waiting requests.
    pub fn new(stats: Arc<ProxyStats>, fullconn: u32, redispatch: bool) -> Arc<Self> {
        Arc::new(Self {
            changes: AtomicU64::new(1),
            fullconn: AtomicU32::new(fullconn),
            redispatch: AtomicBool::new(redispatch),
            stats,
            queues: Mutex::default(),
            announcer: ArcSwapOption::empty(),
        })
    }

    /// Takes over what a new plan says. Queues of servers that are gone end with the last one that waits there.
    pub fn configure(&self, fullconn: u32, redispatch: bool, announcer: &Arc<Announcer>) {
        self.fullconn.store(fullconn, Ordering::Relaxed);
        self.redispatch.store(redispatch, Ordering::Relaxed);
        self.announcer.store(Some(Arc::clone(announcer)));
        self.lock().forget_empty();
        self.changed();
    }

    /// Who tells about its servers; none: nothing is told.
    pub fn announcer(&self) -> Option<Arc<Announcer>> {
        self.announcer.load_full()
    }

    /// How many changes of weight or state there were.
    #[inline]
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Notes a change of a server's weight or state.
    pub fn changed(&self) {
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// Requests that wait for any server.
    pub fn waiting(&self) -> u32 {
        self.stats.queued.load(Ordering::Relaxed)
    }

    /// Sessions of the backend that are on a server now.
    pub(crate) fn sessions(&self) -> u32 {
        self.stats.current.load(Ordering::Relaxed).saturating_sub(self.waiting())
    }

    /// Every request of the backend waits, so that no end of one will ever wake another.
    pub(crate) fn all_wait(&self) -> bool {
        self.waiting() >= self.stats.current.load(Ordering::Relaxed)
    }

    /// The limit between `minconn` and `maxconn` that the backend's load gives.
    pub(crate) fn scaled(&self, minconn: u32, maxconn: u32) -> u32 {
        let (load, full) =
            (self.stats.current.load(Ordering::Relaxed), self.fullconn.load(Ordering::Relaxed));
        if load >= full {
            return maxconn;
        }
        let scaled = u64::from(load) * u64::from(maxconn) / u64::from(full);
        u32::try_from(scaled).unwrap_or(maxconn).max(minconn)
    }

    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues for one server.
    pub(crate) fn wait_for(self: &Arc<Self>, server: &Arc<Server>, priority: Priority) -> Waiting {
        let waiting = self.enqueue(Place::Server(server.clone()), priority);
        self.dispatch(server);
        waiting
    }

    /// Queues for whichever of `servers` has room first.
    pub(crate) fn wait_for_any(self: &Arc<Self>, servers: &[Arc<Server>], priority: Priority) -> Waiting {
        let waiting = self.enqueue(Place::Backend, priority);
        for server in servers.iter().filter(|server| server.usable()) {
            self.dispatch(server);
        }
        waiting
    }

    fn enqueue(self: &Arc<Self>, place: Place, priority: Priority) -> Waiting {
        let (tell, told) = oneshot::channel();
        let mut queues = self.lock();
        let rank = queues.push(&place, priority, tell);
        // Sequentially consistent: either the one who gives a slot back sees us waiting, or we see his slot.
        let (now, max) = match &place {
            Place::Server(server) => (&server.queued, &server.queued_max),
            Place::Backend => (&self.stats.queued, &self.stats.queued_max),
        };
        max.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::Relaxed);
        drop(queues);
        Waiting::new(self.clone(), place, rank, told)
    }

    /// Takes a request out of its queue; none when its turn has come already.
    pub(crate) fn leave(&self, place: &Place, rank: Rank) -> Option<Waiter> {
        let waiter = self.lock().line(place)?.waiters.remove(&rank)?;
        self.count_leave(place);
        Some(waiter)
    }

    /// How many have had their turn since a request came to its queue, and itself.
    pub(crate) fn position(&self, place: &Place, rank: Rank) -> u32 {
        self.lock().line(place).map_or(0, |line| line.position(rank))
    }

    fn count_leave(&self, place: &Place) {
        match place {
            Place::Server(server) => &server.queued,
            Place::Backend => &self.stats.queued,
        }
        .fetch_sub(1, Ordering::Relaxed);
    }

    /// Gives the free slots of `server` to those who wait, by rank over its own queue and the backend's.
    /// Gives how many had their turn.
    pub fn dispatch(&self, server: &Arc<Server>) -> u32 {
        if server.queued.load(Ordering::SeqCst) == 0 && self.stats.queued.load(Ordering::SeqCst) == 0 {
            return 0;
        }
        let mut count = 0;
        // Backup servers take from the backend's queue only while they are in use.
        let takes_any = server.usable() && (!server.config.backup || server.rotating.load(Ordering::Relaxed));
        let mut queues = self.lock();
        while let Some(place) = queues.first(server, takes_any) {
            let Some(slot) = Slot::take(server) else { break };
            let Some((waiter, position)) = queues.pop(&place) else {
                slot.give_back_quietly();
                break;
            };
            self.count_leave(&place);
            count += 1;
            if let Err(Turn::Slot(slot, _)) = waiter.tell.send(Turn::Slot(slot, position)) {
                // That one has just gone: the slot is for the next, and must not come back here by its drop.
                slot.give_back_quietly();
            }
        }
        count
    }

    /// Sends those who wait for a server that went down to choose again, where the backend redispatches.
    /// Gives how many.
    pub(crate) fn redistribute(&self, server: &Arc<Server>) -> u32 {
        if server.queued.load(Ordering::SeqCst) == 0 || !self.redispatch.load(Ordering::Relaxed) {
            return 0;
        }
        let mut count = 0;
        let place = Place::Server(server.clone());
        let mut queues = self.lock();
        while let Some((waiter, position)) = queues.pop(&place) {
            self.count_leave(&place);
            // One that has just gone needs no answer.
            let _ = waiter.tell.send(Turn::Again(position));
            count += 1;
        }
        count
    }
}
