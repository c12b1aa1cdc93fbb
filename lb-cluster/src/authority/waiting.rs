//! Sessions that wait until this node has made what they asked for.

use crate::state::RequestId;
use lb_core::admin::Applied;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What became of requests of this node that somebody waits for.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    results: Mutex<BTreeMap<u64, Option<Applied>>>,
}

/// One that waits, until it is dropped.
pub(super) struct Place<'a> {
    waiting: &'a Waiting,
    number: u64,
}

impl Waiting {
    fn results(&self) -> MutexGuard<'_, BTreeMap<u64, Option<Applied>>> {
        self.results.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn enter(&self, number: u64) -> Place<'_> {
        self.results().insert(number, None);
        Place { waiting: self, number }
    }

    /// A request of this node has been made, or could not be.
    pub(super) fn tell(&self, id: RequestId, result: &Applied) {
        if let Some(waits) = self.results().get_mut(&id.number) {
            *waits = Some(result.clone());
        }
    }
}

impl Place<'_> {
    /// All requests below this number are over.
    pub(super) fn floor(&self) -> u64 {
        self.waiting.results().keys().next().copied().unwrap_or(self.number)
    }

    /// What became of it, once the engine is as far. What was void before it was made leaves nothing to say.
    pub(super) fn result(&self) -> Applied {
        self.waiting.results().get_mut(&self.number).and_then(Option::take).unwrap_or(Ok(()))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.waiting.results().remove(&self.number);
    }
}
