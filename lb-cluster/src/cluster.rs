//! A node's part in its cluster, on a thread and a runtime of its own: it shares no lock and no queue with traffic.

mod driver;

use crate::raft::{Node, Prepared, Status};
use crate::state::Tenure;
use crate::vip::{Hands, Lease};
use driver::Driver;
use lb_core::process::Severity;
use std::io;
use std::thread::{self, JoinHandle};
use std::time::Instant;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};

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
}

/// What the thread is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// Gives the addresses and the lead to another; may get them back.
    StepDown,
    /// Gives them away for good, and stays a voter.
    Retire,
    /// Ends.
    Stop,
}

/// A running node and the holder on it. Dropping it stops both.
pub struct Cluster {
    orders: mpsc::Sender<Order>,
    view: watch::Receiver<Option<View>>,
    thread: Option<JoinHandle<()>>,
}

impl Cluster {
    /// Starts a node. It keeps silent for a while, in which there is nothing to view.
    ///
    /// # Errors
    /// There can be no thread.
    pub fn start(prepared: Prepared, mut hands: Box<dyn Hands>) -> io::Result<Self> {
        let (orders, ordered) = mpsc::channel(8);
        let (shown, view) = watch::channel(None);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let work = move || {
            // What an earlier life may have left behind goes first.
            hands.close();
            hands.remove();
            live(&runtime, prepared, hands, ordered, shown);
        };
        let thread = thread::Builder::new().name("lb-cluster".into()).spawn(work)?;
        Ok(Self { orders, view, thread: Some(thread) })
    }

    /// What the node tells now; none while it keeps silent, and when it could not start.
    pub fn view(&self) -> Option<View> {
        self.view.borrow().clone()
    }

    /// Releases the addresses, if this node holds them, and has another lead. Without another that answers, it keeps them.
    pub fn step_down(&self) {
        let _ = self.orders.try_send(Order::StepDown);
    }

    /// Releases the addresses and leads no more, but goes on voting.
    pub fn retire(&self) {
        let _ = self.orders.try_send(Order::Retire);
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

/// The thread's work.
fn live(
    runtime: &Runtime,
    prepared: Prepared,
    hands: Box<dyn Hands>,
    mut ordered: mpsc::Receiver<Order>,
    shown: watch::Sender<Option<View>>,
) {
    let settings = prepared.settings();
    let (me, election, events) = (settings.me.clone(), settings.election.1, settings.events.clone());
    let lease = Lease::new(election);
    runtime.block_on(async {
        let started = tokio::select! {
            started = Node::start(prepared) => started,
            () = stopped(&mut ordered) => return,
        };
        match started {
            Ok(node) => Driver::new(node, &me, lease, election, hands, shown, events).run(ordered).await,
            Err(error) => events.tell(Severity::Alert, format!("this node takes no part: {error}.")),
        }
    });
}

/// Waits for an order to stop; others mean nothing before there is a node.
async fn stopped(ordered: &mut mpsc::Receiver<Order>) {
    while !matches!(ordered.recv().await, Some(Order::Stop) | None) {}
}

#[cfg(test)]
mod tests;
