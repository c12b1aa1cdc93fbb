//! What operators see of a cluster from one of its nodes: commands, metrics, a section of the statistics page.

mod command;
mod config;
mod health;
mod membership;
mod metrics;
mod panel;
mod report;

pub use report::{About, Report};

use crate::cluster::{Order, View};
use crate::counts::Counts;
use crate::events::{Event, Events};
use crate::health::Health;
use crate::raft::Replica;
use crate::state::NodeId;
use lb_core::extension::Extension;
use lb_core::process::Severity;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use tokio::sync::{mpsc, watch};

/// Looks at a node while it runs, and may ask it to step down; clones are the same.
#[derive(Clone)]
pub struct Observer {
    pub(crate) about: Arc<About>,
    pub(crate) view: watch::Receiver<Option<View>>,
    pub(crate) orders: mpsc::Sender<Order>,
    pub(crate) events: Events,
    pub(crate) counts: Arc<Counts>,
    pub(crate) replica: Arc<Replica>,
    pub(crate) health: Health,
}

impl Observer {
    /// What there is to see now.
    pub fn report(&self) -> Report {
        Report::new(&self.about, self.view().as_ref())
    }

    /// A copy: who borrows it has the driver wait.
    fn view(&self) -> Option<View> {
        self.view.borrow().clone()
    }

    /// What happened, and what commands changed, oldest first.
    pub(crate) fn history(&self) -> Vec<Event> {
        let view = self.view();
        let name =
            |node: NodeId| view.as_ref().map_or_else(|| node.to_string(), |view| view.status.name(node));
        let mut all = self.events.list();
        self.replica.look(|state, _| {
            all.extend(state.told().map(|told| {
                let node = name(told.node);
                let by = [&*node, &told.by.socket, &told.by.peer].into_iter().filter(|part| !part.is_empty());
                let text = format!("{} (asked: {})", told.what, by.collect::<Vec<_>>().join(", "));
                let at = UNIX_EPOCH + Duration::from_millis(told.at);
                Event { at, severity: Severity::Notice, text }
            }));
        });
        all.sort_by_key(|event| event.at);
        all
    }

    fn ask(&self, order: Order) -> Result<(), String> {
        self.orders.try_send(order).map_err(|_| "The node is stopping, or has too much to do.".to_owned())
    }

    /// What the engine shows of it.
    pub fn extension(&self) -> Extension {
        let (metrics, panel) = (self.clone(), self.clone());
        Extension {
            commands: command::all(self),
            metrics: Some(Box::new(move || {
                let shared = health::metrics(&metrics);
                metrics::read(&metrics.report(), &metrics).into_iter().chain(shared).collect()
            })),
            panels: Some(Box::new(move || {
                let servers = health::panel(&health::Report::new(&panel));
                [panel::panel(&panel.report(), &panel)].into_iter().chain(servers).collect()
            })),
        }
    }
}

#[cfg(test)]
mod tests;
