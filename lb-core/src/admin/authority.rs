//! Who decides on changes: this node alone, or a cluster.

use super::change::Change;
use crate::compile::Plan;
use arc_swap::ArcSwap;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Within which a command is agreed on, or answered that it is not.
pub(crate) const PATIENCE: Duration = Duration::from_millis(1900);

/// A change was made; else why it could not be.
pub type Applied = Result<(), String>;

/// Who asked for a change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct By {
    /// The socket that the command came by, as it is configured.
    pub socket: String,
    /// Who is at its other end.
    pub peer: String,
}

/// Decides on changes.
#[async_trait]
pub trait Authority: Send + Sync {
    /// Makes a change, once it is agreed, and returns when this node has made it. What is not agreed by the deadline is given up.
    async fn propose(&self, stage: &Stage, change: Change, by: &By, deadline: Instant) -> Applied;

    /// Waits until this node has made all changes that were acknowledged anywhere before the call: what it tells then is
    /// not old.
    ///
    /// # Errors
    /// Why it may be.
    async fn catch_up(&self, _deadline: Instant) -> Applied {
        Ok(())
    }

    /// What it decides holds on other nodes, too.
    fn is_shared(&self) -> bool {
        false
    }

    /// The engine is about to run; from now on the plan may be changed. Called once.
    fn begin(&self, _stage: &Arc<Stage>) {}

    /// A reload has put another plan in place.
    fn reloaded(&self) {}
}

/// The authority of a node that is alone: it makes every change at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Local;

#[async_trait]
impl Authority for Local {
    async fn propose(&self, stage: &Stage, change: Change, _by: &By, _deadline: Instant) -> Applied {
        stage.with(|plan| change.apply(plan))
    }
}

/// The plan that runs, for those who change it: what a reload's plan is to take over is complete when that plan takes its place, and
/// what changes later changes that one.
#[derive(Debug)]
pub struct Stage {
    plan: Arc<ArcSwap<Plan>>,
    /// Held while it is changed, or another takes its place.
    turn: Mutex<()>,
}

impl Stage {
    /// Of that plan.
    pub fn new(plan: Arc<ArcSwap<Plan>>) -> Self {
        Self { plan, turn: Mutex::new(()) }
    }

    /// The plan that runs now, to look at.
    pub fn plan(&self) -> Arc<Plan> {
        self.plan.load_full()
    }

    /// Changes the plan that runs. No reload comes in between.
    pub fn with<T>(&self, change: impl FnOnce(&Plan) -> T) -> T {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        change(&self.plan.load())
    }

    /// Puts another plan in its place, once `succeed` has given it what the one before has. Returns that one.
    pub(crate) fn replace(&self, plan: &Arc<Plan>, succeed: impl FnOnce(&Plan, &Plan)) -> Arc<Plan> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        succeed(&self.plan.load(), plan);
        self.plan.swap(Arc::clone(plan))
    }
}
