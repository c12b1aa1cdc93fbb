//! Changes that this node cannot make, told without flooding anybody.

use crate::state::{Entry, describe};
use std::time::{Duration, Instant};

/// Between two tellings.
const PAUSE: Duration = Duration::from_secs(10);

/// Those that have not been told.
#[derive(Debug, Default)]
pub(super) struct Complaint {
    told: Option<Instant>,
    count: u64,
    last: String,
}

impl Complaint {
    /// One more.
    pub(super) fn note(&mut self, entry: &Entry, why: &str) {
        self.count += 1;
        self.last = format!("{}: {}", describe(&entry.change), why.trim_end_matches('.'));
    }

    /// When there is something to tell.
    pub(super) fn due(&self) -> Option<Instant> {
        (self.count > 0).then(|| self.told.map_or_else(Instant::now, |told| told + PAUSE))
    }

    /// What is to be told now.
    pub(super) fn tell(&mut self) -> Option<String> {
        if self.due()? > Instant::now() {
            return None;
        }
        self.told = Some(Instant::now());
        let (count, last) = (std::mem::take(&mut self.count), std::mem::take(&mut self.last));
        Some(match count {
            1 => format!("a change of the cluster is not made on this node: {last}."),
            _ => format!("{count} changes of the cluster are not made on this node, at last: {last}."),
        })
    }
}
