//! A node's part in its cluster, on a thread and a runtime of its own: it shares no lock and no queue with traffic.

use crate::raft::{Error, Node, Role, Settings, Status};
use crate::state::{Decision, NodeId, Tenure};
use crate::vip::{Action, Hands, Holder, Lease, Sight};
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

/// How often the holder looks, if nothing wakes it before.
const TICK: Duration = Duration::from_millis(4);
/// A leader whose disk takes longer than this hands over.
const STALLED: Duration = Duration::from_secs(1);
/// A node that stops gives the others so long to take over from it.
const FAREWELL: Duration = Duration::from_millis(500);

/// What a node tells of itself and its cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// What Raft knows.
    pub status: Status,
    /// Who is known to hold the addresses.
    pub holder: Option<Tenure>,
    /// Until when this node holds them, if it does.
    pub until: Option<Instant>,
}

/// What the thread is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    StepDown,
    Stop,
}

/// A running node and the holder on it. Dropping it stops both.
pub struct Cluster {
    orders: mpsc::Sender<Order>,
    view: watch::Receiver<View>,
    thread: Option<JoinHandle<()>>,
}

impl Cluster {
    /// Starts a node, and returns when its quarantine is over.
    ///
    /// # Errors
    /// Those of [`Node::start`], or there can be no thread.
    pub fn start(settings: Settings, mut hands: Box<dyn Hands>) -> Result<Self, Error> {
        let (orders, ordered) = mpsc::channel(8);
        let (told, waiting) = oneshot::channel();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let work = move || {
            // What an earlier life may have left behind goes first.
            hands.close();
            hands.remove();
            let witness = settings.me.witness;
            let lease = Lease::new(settings.election.1);
            runtime.block_on(async {
                match Node::start(settings).await {
                    Err(error) => drop(told.send(Err(error))),
                    Ok(node) => {
                        let (driver, view) = Driver::new(node, witness, lease, hands);
                        if told.send(Ok(view)).is_ok() {
                            driver.run(ordered).await;
                        }
                    }
                }
            });
        };
        let thread = thread::Builder::new().name("lb-cluster".into()).spawn(work)?;
        match waiting.blocking_recv() {
            Ok(Ok(view)) => Ok(Self { orders, view, thread: Some(thread) }),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(io::Error::other("the cluster's thread has ended").into()),
        }
    }

    /// What the node tells now.
    pub fn view(&self) -> View {
        self.view.borrow().clone()
    }

    /// Releases the addresses, if this node holds them, and has another lead.
    pub fn step_down(&self) {
        let _ = self.orders.try_send(Order::StepDown);
    }

    /// Hands over, and ends.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A full queue has an order to stop in it, or gets it when this end of it is gone.
            let _ = self.orders.try_send(Order::Stop);
            let _ = thread.join();
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.end();
    }
}

/// What the thread does.
struct Driver {
    node: Arc<Node>,
    holder: Holder,
    hands: Box<dyn Hands>,
    witness: bool,
    /// The holder's clock begins here.
    origin: Instant,
    guarded: bool,
    /// The term in which this node was asked to step down.
    leaving: Option<u64>,
    stopping: Option<Instant>,
    view: watch::Sender<View>,
    /// What is told to the cluster, and to who shall lead.
    words: JoinSet<()>,
}

impl Driver {
    fn new(node: Node, witness: bool, lease: Lease, hands: Box<dyn Hands>) -> (Self, watch::Receiver<View>) {
        let (view, seen) = watch::channel(View { status: node.status(), holder: None, until: None });
        let driver = Self {
            node: Arc::new(node),
            holder: Holder::new(lease),
            hands,
            witness,
            origin: Instant::now(),
            guarded: false,
            leaving: None,
            stopping: None,
            view,
            words: JoinSet::new(),
        };
        (driver, seen)
    }

    async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let mut changes = self.node.changes();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                true = changes.next() => {}
                order = orders.recv(), if self.stopping.is_none() => match order {
                    Some(Order::StepDown) => self.leaving = Some(self.node.status().term),
                    Some(Order::Stop) | None => self.stopping = Some(Instant::now()),
                },
                Some(_) = self.words.join_next() => {}
            }
            let status = self.node.status();
            self.step(&status);
            if self.may_end(&status) {
                break;
            }
        }
        self.words.shutdown().await;
        if let Some(node) = Arc::into_inner(self.node) {
            node.stop().await;
        }
    }

    /// A node that stops waits until another leads, but not for long.
    fn may_end(&self, status: &Status) -> bool {
        self.stopping.is_some_and(|since| status.role != Role::Leader || since.elapsed() > FAREWELL)
    }

    fn step(&mut self, status: &Status) {
        let sight = self.sight(status);
        for action in self.holder.step(&sight) {
            self.act(action, status);
        }
        let holder = self.node.holder();
        let until = self.holder.held_until().map(|until| self.origin + until);
        let view = View { status: status.clone(), holder, until };
        self.view.send_if_modified(|last| {
            let changed = *last != view;
            *last = view;
            changed
        });
    }

    fn sight(&mut self, status: &Status) -> Sight {
        // With one voter nobody is heard, and nothing keeps another from leading.
        let others = status.seats.iter().any(|seat| seat.voter && seat.node != status.node);
        let leads = (status.role == Role::Leader && status.settled && others).then_some(status.term);
        let stalled = self.node.disk_stalled() > STALLED;
        let asked = self.stopping.is_some() || self.leaving == leads && leads.is_some();
        Sight {
            leads,
            acked: status.quorum_acked.and_then(|acked| acked.checked_duration_since(self.origin)),
            fit: !self.witness && self.hands.fit(),
            // Nodes do not tell each other yet whether they are fit: an unfit holder keeps what it has.
            other_fit: false,
            guarded: self.guarded,
            leaving: self.witness || stalled || asked,
            stirred: false,
            now: self.origin.elapsed(),
        }
    }

    fn act(&mut self, action: Action, status: &Status) {
        let tenure = |term| Tenure { node: status.node, term };
        match action {
            Action::Rebuild => self.guarded = self.hands.rebuild(),
            Action::Guard(until) => {
                let until = self.origin + until;
                self.guarded = self.hands.guard(until);
                // Whoever was paused in between has opened it for what is over.
                if Instant::now() >= until {
                    self.hands.close();
                    self.guarded = false;
                }
            }
            Action::Close => self.hands.close(),
            Action::Address => self.guarded &= self.hands.address(),
            Action::Remove => self.hands.remove(),
            Action::Announce if self.guarded => self.hands.announce(),
            Action::Announce => {}
            Action::Acquired(term) => {
                tracing::info!("cluster: this node holds the addresses, term {term}.");
                self.tell(Decision::Acquired(tenure(term)));
            }
            Action::Released(term, reason) => {
                tracing::info!("cluster: this node let go of the addresses of term {term}: {reason:?}.");
                self.tell(Decision::Released(tenure(term)));
            }
            Action::Transfer => self.hand_over(status),
        }
    }

    /// What the cluster hears is a record of what happened, not a permission for it.
    fn tell(&mut self, decision: Decision) {
        let node = Arc::clone(&self.node);
        self.words.spawn(async move {
            if let Err(error) = node.propose(decision).await {
                tracing::debug!("cluster: {error}");
            }
        });
    }

    fn hand_over(&mut self, status: &Status) {
        let able = |seat: &&crate::raft::Seat| seat.voter && !seat.member.witness && seat.node != status.node;
        let Some(to) = status.seats.iter().find(able).map(|seat| seat.node) else { return };
        self.words.spawn(transfer(Arc::clone(&self.node), to));
    }
}

async fn transfer(node: Arc<Node>, to: NodeId) {
    if let Err(error) = node.transfer(to).await {
        tracing::debug!("cluster: {error}");
    }
}

#[cfg(test)]
mod tests;
