//! Sessions that wait until this node has made what they asked for.

use crate::state::RequestId;
use lb_core::admin::Applied;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What became of requests of this node that somebody waits for.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<Requests>);

#[derive(Debug, Default)]
struct Requests {
    /// How many there have been.
    last: u64,
    results: BTreeMap<u64, Option<Applied>>,
}

/// One that waits, until it is dropped.
pub(super) struct Place<'a> {
    waiting: &'a Waiting,
    number: u64,
}

impl Waiting {
    fn requests(&self) -> MutexGuard<'_, Requests> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another request. It has its number and waits in one step: the floor of none that comes later is above it.
    pub(super) fn enter(&self) -> Place<'_> {
        let mut requests = self.requests();
        requests.last += 1;
        let number = requests.last;
        requests.results.insert(number, None);
        Place { waiting: self, number }
    }

    /// A request of this node has been made, or could not be.
    pub(super) fn tell(&self, id: RequestId, result: &Applied) {
        if let Some(waits) = self.requests().results.get_mut(&id.number) {
            *waits = Some(result.clone());
        }
    }
}

impl Place<'_> {
    /// Which of this node's requests it is.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// All requests below this number are over.
    pub(super) fn floor(&self) -> u64 {
        self.waiting.requests().results.keys().next().copied().unwrap_or(self.number)
    }

    /// What became of it, once the engine is as far. What was void before it was made leaves nothing to say.
    pub(super) fn result(&self) -> Applied {
        self.waiting.requests().results.get_mut(&self.number).and_then(Option::take).unwrap_or(Ok(()))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.waiting.requests().results.remove(&self.number);
    }
}
