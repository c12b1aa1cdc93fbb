//! A node's part in its cluster, on a thread and a runtime of its own: it shares no lock and no queue with traffic.

mod driver;
mod expiry;

use crate::authority::Sharing;
use crate::notify::Sender;
use crate::raft::{Error, Node, Prepared, Status};
use crate::seen::{About, Observer};
use crate::state::{Member, NodeId, Tenure};
use crate::transport::Counted;
use crate::urgency;
use crate::vip::Hands;
pub(crate) use driver::Beginning;
use driver::Driver;
use lb_core::admin::Authority;
use lb_core::check::ProbePolicy;
use lb_core::process::Severity;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot, watch};

/// What a node tells of itself and its cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// What Raft knows.
    pub status: Status,
    /// Who is known to hold the addresses.
    pub holder: Option<Tenure>,
    /// Until when this node holds them, if it does.
    pub until: Option<Instant>,
    /// A leader is heard, or hears a majority.
    pub quorum: bool,
    /// When a leader was last heard.
    pub leader_heard: Option<Instant>,
    /// What the transport did.
    pub counted: Counted,
}

/// What the thread is asked to do.
#[derive(Debug)]
pub(crate) enum Order {
    /// Gives the addresses and the lead to another; may get them back.
    StepDown,
    /// Gives them away for good, and stays a voter.
    Retire,
    /// Takes a node in.
    Admit(Member, Answer),
    /// Takes one out.
    Remove(NodeId, Answer),
    /// Ends.
    Stop,
}

/// Told when it is done, or why it is not.
pub(crate) type Answer = oneshot::Sender<Result<(), String>>;

/// A running node and the holder on it. Dropping it stops both.
pub struct Cluster {
    observer: Observer,
    sharing: Arc<Sharing>,
    thread: Option<JoinHandle<()>>,
}

impl Cluster {
    /// Starts a node. It keeps silent for a while, in which there is nothing to view. `addresses`: what it may hold, and
    /// what guards each. `notify`: who is told of moves.
    ///
    /// # Errors
    /// There can be no thread.
    pub fn start(
        prepared: Prepared,
        addresses: Vec<(IpAddr, &'static str)>,
        hands: Box<dyn Hands>,
        notify: Option<Sender>,
    ) -> io::Result<Self> {
        let (orders, ordered) = mpsc::channel(8);
        let (shown, view) = watch::channel(None);
        let settings = prepared.settings();
        let about = About {
            cluster: settings.cluster.clone(),
            me: settings.me.clone(),
            listed: settings.listed.clone(),
            addresses,
            election: settings.election,
            heartbeat: settings.heartbeat,
            identity: settings.identity.clone(),
        };
        let (events, counts) = (settings.events.clone(), Arc::clone(&settings.counts));
        let (sharing, questions) =
            Sharing::new(prepared.node(), prepared.replica(), Arc::clone(&counts), events.clone());
        let (replica, health) = (prepared.replica(), settings.health.clone());
        let observer = Observer { about: Arc::new(about), view, orders, events, counts, replica, health };
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let beginning = Beginning::new(settings, hands, notify, shown).with(questions);
        let starting = async { Node::start(prepared).await.map(Arc::new) };
        let work = move || {
            urgency::claim();
            runtime.block_on(live(starting, beginning, ordered));
        };
        let thread = thread::Builder::new().name("lb-cluster".into()).spawn(work)?;
        Ok(Self { observer, sharing: Arc::new(sharing), thread: Some(thread) })
    }

    /// What the node tells now; none while it keeps silent, and when it could not start.
    pub fn view(&self) -> Option<View> {
        self.observer.view.borrow().clone()
    }

    /// What operators see it by.
    pub fn observer(&self) -> &Observer {
        &self.observer
    }

    /// Who decides on what commands change.
    pub fn authority(&self) -> Arc<dyn Authority> {
        Arc::clone(&self.sharing) as Arc<dyn Authority>
    }

    /// Who checks servers, and what becomes of what is found: for the engine.
    pub fn probes(&self) -> Arc<dyn ProbePolicy> {
        Arc::new(self.observer.health.clone())
    }

    /// Releases the addresses, if this node holds them, and has another lead. Without another that answers, it keeps them.
    pub fn step_down(&self) {
        let _ = self.observer.orders.try_send(Order::StepDown);
    }

    /// Releases the addresses, once what runs on them has ended or had its time, and leads no more, but goes on voting.
    pub fn retire(&self) {
        let _ = self.observer.orders.try_send(Order::Retire);
    }

    /// Hands over, and ends.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(thread) = self.thread.take() {
            // Others that observe it hold ends of the queue, too, so it must be said; the thread takes orders all the time.
            let _ = self.observer.orders.blocking_send(Order::Stop);
            let _ = thread.join();
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.end();
    }
}

/// The thread's work: a node that starts, and the holder on it, to its end.
pub(crate) async fn live(
    starting: impl Future<Output = Result<Arc<Node>, Error>>,
    mut beginning: Beginning,
    mut ordered: mpsc::Receiver<Order>,
) {
    beginning.clean_up();
    let events = beginning.events();
    let started = tokio::select! {
        biased;
        () = stopped(&mut ordered) => return,
        started = starting => started,
    };
    match started {
        Ok(node) => Driver::new(node, beginning).run(ordered).await,
        Err(error) => events.tell(Severity::Alert, format!("this node takes no part: {error}.")),
    }
}

/// Waits for an order to stop; others mean nothing before there is a node.
async fn stopped(ordered: &mut mpsc::Receiver<Order>) {
    while !matches!(ordered.recv().await, Some(Order::Stop) | None) {}
}

#[cfg(test)]
mod tests;
