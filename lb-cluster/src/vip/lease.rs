//! How long a leader may answer after it was last heard.

use super::Moment;
use std::time::Duration;

/// The part of E that is used: two clocks may run 8 % apart from true time and still agree on whose turn it is.
const PART: (u32, u32) = (4, 5);
/// How late a kernel's guard closes, at most.
const LATENESS: Duration = Duration::from_millis(15);

/// The lease of one cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease(Duration);

impl Lease {
    /// The lease that a longest election timeout E allows: 0.8 E - 15 ms.
    pub fn new(election: Duration) -> Self {
        Self((election * PART.0 / PART.1).saturating_sub(LATENESS))
    }

    /// When it ends that was heard at `acked`.
    pub fn end(&self, acked: Moment) -> Moment {
        acked + self.0
    }

    /// Its length.
    pub fn length(&self) -> Duration {
        self.0
    }
}
