//! What operators change on one node holds on all: a change is proposed, committed, and made by the engine of each node in the
//! order of the log; who asked hears of it when this node has made it. Who looks first hears how far the log is.
//!
//! Three parties: sessions of the runtime API, on traffic threads; the [`desk`] on the cluster's thread, which talks to the
//! other nodes; the [`maker`], a thread of its own, which changes the engine, since a long list takes time to arrange.

mod agreement;
mod complaint;
mod desk;
mod maker;
mod waiting;

pub(crate) use desk::{Ask, serve};
pub use maker::Maker;

use crate::counts::Counts;
use crate::events::Events;
use crate::raft::{Replica, Undecided};
use crate::runtime::{time_of_day, wall_millis};
use crate::state::{Decision, NodeId, Outcome, Proposal, RequestId};
use async_trait::async_trait;
use lb_core::admin::{Applied, Authority, By, Change, Stage};
use lb_core::compile::{Plan, sections};
use maker::Order;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, UNIX_EPOCH};
use tokio::sync::{mpsc, oneshot, watch};
use waiting::Waiting;

/// Questions that wait for the cluster's thread.
const ASKED: usize = 256;
/// How long a reload waits until what commands changed is changed again.
const REPLAY: Duration = Duration::from_secs(10);

/// What all parties share.
#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) replica: Arc<Replica>,
    pub(crate) counts: Arc<Counts>,
    pub(crate) events: Events,
    /// This node, in this life.
    me: (NodeId, u64),
    waiting: Waiting,
    /// How far the engine is.
    made: watch::Sender<u64>,
    /// What is behind this place was proposed while this node was there.
    present_from: AtomicU64,
    /// What this node's files say; none before the engine is there.
    sections: watch::Sender<Option<Vec<(String, u64)>>>,
}

impl Common {
    /// What is behind this place is new; the first call counts.
    fn present(&self, place: u64) {
        let _ = self.present_from.compare_exchange(u64::MAX, place, Ordering::AcqRel, Ordering::Acquire);
    }
}

/// The authority of a node of a cluster.
pub struct Sharing {
    common: Arc<Common>,
    asks: mpsc::Sender<Ask>,
    orders: Mutex<Option<mpsc::UnboundedSender<Order>>>,
}

/// What the cluster's thread needs of it.
pub(crate) struct Questions {
    pub(crate) common: Arc<Common>,
    pub(crate) asks: mpsc::Receiver<Ask>,
}

impl Sharing {
    /// For a node that starts; what it asks is answered by [`serve`].
    pub(crate) fn new(
        node: NodeId,
        replica: Arc<Replica>,
        counts: Arc<Counts>,
        events: Events,
    ) -> (Self, Questions) {
        let (asks, asked) = mpsc::channel(ASKED);
        let common = Arc::new(Common {
            replica,
            counts,
            events,
            me: (node, life()),
            waiting: Waiting::default(),
            made: watch::Sender::new(0),
            present_from: AtomicU64::new(u64::MAX),
            sections: watch::Sender::new(None),
        });
        let questions = Questions { common: Arc::clone(&common), asks: asked };
        (Self { common, asks, orders: Mutex::default() }, questions)
    }

    async fn ask<T>(&self, make: impl FnOnce(oneshot::Sender<T>) -> Ask) -> Result<T, Undecided> {
        let (answer, told) = oneshot::channel();
        if self.asks.try_send(make(answer)).is_err() {
            return Err(Undecided::Not("this node has too much to do, or is ending".to_owned()));
        }
        // It may have been passed on already.
        told.await.map_err(|_| Undecided::Unknown("this node is ending".to_owned()))
    }

    /// Waits until the engine has made all up to this place.
    async fn reach(&self, place: u64, deadline: Instant) -> Result<(), String> {
        let mut made = self.common.made.subscribe();
        let reached = made.wait_for(|made| *made >= place);
        match tokio::time::timeout_at(deadline.into(), reached).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err("this node is behind the others".to_owned()),
        }
    }

    async fn decide(&self, plan: &Plan, change: Change, by: &By, deadline: Instant) -> Result<(), Failure> {
        let common = &self.common;
        if let Err(why) = change.check(plan) {
            // Another node was told the same before.
            let holds = common.replica.look(|state, _| state.changes().holds(&change));
            return if holds { Ok(()) } else { Err(Failure::Refused(why)) };
        }
        let (node, life) = common.me;
        let place = common.waiting.enter();
        let proposal = Proposal {
            id: RequestId { node, life, number: place.number() },
            floor: place.floor(),
            base: change.base(plan),
            change,
            by: by.clone(),
            at: wall_millis(),
        };
        let decision = Decision::Change(Box::new(proposal));
        let decided = self.ask(|answer| Ask::Agree { decision, deadline, answer }).await.flatten();
        let (at, outcome) = decided.map_err(|undecided| match undecided {
            Undecided::Not(why) => Failure::Not(why),
            Undecided::Unknown(why) => Failure::Unknown(why),
        })?;
        // Also where it is refused: who tries again must know why.
        let reached = self.reach(at, deadline + REPLAY).await;
        if let Outcome::Refused(why) = outcome {
            return Err(Failure::Refused(why));
        }
        reached.map_err(|_| Failure::Late)?;
        place.result().map_err(Failure::Refused)
    }
}

/// Why a command does not end well.
#[derive(Debug)]
enum Failure {
    Refused(String),
    Not(String),
    Unknown(String),
    Late,
}

impl Failure {
    fn text(self) -> String {
        match self {
            Self::Refused(why) => why,
            Self::Not(why) => format!("Not committed: {why}. Nothing was changed."),
            Self::Unknown(why) => {
                format!(
                    "It is not known whether this was committed: {why}. It is safe to repeat the command."
                )
            }
            Self::Late => "Committed, but not made on this node yet.".to_owned(),
        }
    }
}

#[async_trait]
impl Authority for Sharing {
    async fn propose(&self, stage: &Stage, change: Change, by: &By, deadline: Instant) -> Applied {
        let begun = Instant::now();
        let done = self.decide(&stage.plan(), change, by, deadline).await;
        let counts = &self.common.counts.proposals;
        counts.took.observe(begun.elapsed());
        match &done {
            Ok(()) => counts.made.inc(),
            Err(Failure::Refused(_)) => counts.refused.inc(),
            Err(Failure::Not(_)) => counts.uncommitted.inc(),
            Err(Failure::Unknown(_) | Failure::Late) => counts.unknown.inc(),
        }
        done.map_err(Failure::text)
    }

    async fn catch_up(&self, deadline: Instant) -> Applied {
        let asked = self.ask(|answer| Ask::Place { deadline, answer }).await;
        let place = asked.map_err(Undecided::why)??;
        self.reach(place, deadline).await
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn begin(&self, stage: &Arc<Stage>) {
        self.common.sections.send_replace(Some(stage.with(sections)));
        let (orders, ordered) = mpsc::unbounded_channel();
        *self.orders.lock().unwrap_or_else(PoisonError::into_inner) = Some(orders);
        let maker = Maker::new(Arc::clone(&self.common), Arc::clone(stage));
        if let Err(error) = maker.start(ordered) {
            let text = format!("no thread can be started for what commands change: {error}.");
            self.common.events.tell(lb_core::process::Severity::Alert, text);
        }
    }

    fn reloaded(&self) {
        let (done, told) = std::sync::mpsc::sync_channel(1);
        let orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if orders.is_some_and(|orders| orders.send(Order::Replay(done)).is_ok()) {
            // The thread goes on with it, if it takes longer.
            let _ = told.recv_timeout(REPLAY);
        }
    }
}

/// A number for this life of the node, which no other of its lives has.
fn life() -> u64 {
    let since = time_of_day().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
