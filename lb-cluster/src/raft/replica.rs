//! What this node has of what all know alike, for others than Raft.

use super::encoding::decode;
use super::machine::Applied;
use crate::state::State;
use crate::store::{Contents, Fact};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The state, and where in the log it is.
#[derive(Debug)]
pub struct Replica {
    applied: Mutex<Applied>,
    place: watch::Sender<u64>,
}

impl Default for Replica {
    fn default() -> Self {
        Self { applied: Mutex::default(), place: watch::Sender::new(0) }
    }
}

impl Replica {
    /// As the last snapshot left it.
    ///
    /// # Errors
    /// The store holds what is no snapshot.
    pub(super) fn of(contents: &Contents) -> io::Result<Self> {
        let applied: Applied = contents.fact(Fact::Snapshot).map(decode).transpose()?.unwrap_or_default();
        let place = watch::Sender::new(applied.place());
        Ok(Self { applied: Mutex::new(applied), place })
    }

    pub(super) fn applied(&self) -> MutexGuard<'_, Applied> {
        self.applied.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells that there is more.
    pub(super) fn moved(&self) {
        let place = self.applied().place();
        self.place.send_replace(place);
    }

    /// Looks at the state, and at the place in the log that it is of.
    pub fn look<T>(&self, look: impl FnOnce(&State, u64) -> T) -> T {
        let applied = self.applied();
        look(&applied.state, applied.place())
    }

    /// Tells when the place has changed.
    pub fn places(&self) -> watch::Receiver<u64> {
        self.place.subscribe()
    }
}
