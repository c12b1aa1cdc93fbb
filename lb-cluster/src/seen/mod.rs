//! What operators see of a cluster from one of its nodes: commands, metrics, a section of the statistics page.

mod command;
mod membership;
mod metrics;
mod panel;
mod report;

pub use report::{About, Report};

use crate::cluster::{Order, View};
use crate::counts::Counts;
use crate::events::Events;
use lb_core::extension::Extension;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// Looks at a node while it runs, and may ask it to step down; clones are the same.
#[derive(Clone)]
pub struct Observer {
    pub(crate) about: Arc<About>,
    pub(crate) view: watch::Receiver<Option<View>>,
    pub(crate) orders: mpsc::Sender<Order>,
    pub(crate) events: Events,
    pub(crate) counts: Arc<Counts>,
}

impl Observer {
    /// What there is to see now.
    pub fn report(&self) -> Report {
        Report::new(&self.about, self.view.borrow().as_ref())
    }

    fn ask(&self, order: Order) -> Result<(), String> {
        self.orders.try_send(order).map_err(|_| "The node is stopping, or has too much to do.".to_owned())
    }

    /// What the engine shows of it.
    pub fn extension(&self) -> Extension {
        let (metrics, panel) = (self.clone(), self.clone());
        Extension {
            commands: command::all(self),
            metrics: Some(Box::new(move || metrics::read(&metrics.report(), &metrics))),
            panel: Some(Box::new(move || panel::panel(&panel.report()))),
        }
    }
}

#[cfg(test)]
mod tests;
