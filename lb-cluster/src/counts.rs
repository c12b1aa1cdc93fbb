//! What a node counts of itself and its cluster, from its start on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets, in seconds.
pub const BOUNDS: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0];

/// Counters of one node.
#[derive(Debug, Default)]
pub struct Counts {
    /// Another leader than before was heard.
    pub leader_changes: Count,
    /// The addresses were taken.
    pub acquired: Count,
    /// They were let go.
    pub released: Count,
    /// A lease was prolonged too late, and the guard closed again.
    pub fenced: Count,
    /// What was left of the lease when it was prolonged.
    pub margin: Histogram,
    /// Less than half of it was left.
    pub narrow: Count,
    /// How long answers of other nodes took.
    pub answers: Histogram,
    /// Requests to other nodes that had no answer.
    pub unanswered: Count,
    /// Changes that this node was asked to have made.
    pub proposals: Proposals,
    /// Changes of the cluster that this node could not make.
    pub unmade: Count,
    /// What shared health did.
    pub health: HealthCounts,
}

/// What became of changes, and how long it took.
#[derive(Debug, Default)]
pub struct Proposals {
    /// Committed, and made here.
    pub made: Count,
    /// Refused: by this node, or by the order in which they came.
    pub refused: Count,
    /// Not committed, and known so.
    pub uncommitted: Count,
    /// Nobody knows.
    pub unknown: Count,
    /// How long each took.
    pub took: Histogram,
}

/// What shared health did on one node.
#[derive(Debug, Default)]
pub struct HealthCounts {
    /// Checks that this node made.
    pub made: Count,
    /// Checks that were due, and left to another node.
    pub saved: Count,
    /// Servers that failed here, and of which the cluster then said something.
    pub confirmations: Count,
    /// Servers that nodes began to see differently.
    pub disputes: Count,
    /// How long servers had been failing here when they were agreed to be down.
    pub latency: Histogram,
    /// How long it took to have findings committed.
    pub commits: Histogram,
    /// Findings that were not.
    pub uncommitted: Count,
}

/// A number that rises.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// One more.
    pub fn inc(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How often what took how long.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [Count; BOUNDS.len() + 1],
    micros: AtomicU64,
}

impl Histogram {
    /// One more that took so long.
    pub fn observe(&self, time: Duration) {
        let seconds = time.as_secs_f64();
        if let Some(bucket) = self.buckets.get(BOUNDS.partition_point(|bound| *bound < seconds)) {
            bucket.inc();
        }
        self.micros.fetch_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How many fell into each bucket, and above the last; and the sum of all.
    pub fn read(&self) -> (Vec<u64>, Duration) {
        let sum = Duration::from_micros(self.micros.load(Ordering::Relaxed));
        (self.buckets.iter().map(Count::get).collect(), sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_falls_into_one_bucket() {
        let histogram = Histogram::default();
        for millis in [1, 30, 50, 9000] {
            histogram.observe(Duration::from_millis(millis));
        }
        let (counts, sum) = histogram.read();
        assert_eq!(counts, [1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(sum, Duration::from_millis(9081));
    }
}
