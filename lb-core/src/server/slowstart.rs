//! Servers that come back take their share little by little (manual 5.2 "slowstart").

use super::{Operational, Server};
use crate::clock;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Parts of the weight that one that warms up takes more and more of.
pub const STEPS: u32 = 16;

/// How often the weight follows, at most.
const TICK: Duration = Duration::from_secs(1);

impl Server {
    /// While it warms up: the seconds since it came up, and those that it takes.
    fn warming(&self) -> Option<(u64, u64)> {
        if Operational::of(self.operational.load(Ordering::Relaxed)) != Operational::Starting {
            return None;
        }
        let whole = u64::try_from(self.config.slowstart?.as_millis()).unwrap_or(u64::MAX).div_ceil(1000);
        let since = clock::since(&self.changed) / 1000;
        (since < whole).then_some((since, whole))
    }

    /// It takes less than its share for now.
    pub fn is_warming(&self) -> bool {
        self.warming().is_some()
    }

    /// How many of [`STEPS`] parts of its weight it takes now.
    pub fn warmth(&self) -> u32 {
        let Some((since, whole)) = self.warming() else { return STEPS };
        let parts = (u64::from(STEPS) * since + whole) / whole;
        u32::try_from(parts).unwrap_or(STEPS).clamp(1, STEPS)
    }

    /// In how many milliseconds its share has grown; none: it does not grow.
    pub(crate) fn warms_in(&self) -> Option<u64> {
        self.warming()?;
        let step = self.config.slowstart? / 20;
        u64::try_from(step.max(TICK).as_millis()).ok()
    }

    /// The limit of connections as it is for now; never less than one.
    pub(super) fn throttled(&self, limit: u32) -> u32 {
        match self.warming() {
            Some((since, whole)) if limit > 0 => {
                let part = u64::from(limit) * (100 * since / whole) / 100;
                u32::try_from(part).unwrap_or(limit).max(1)
            }
            _ => limit,
        }
    }

    /// The share of its weight that it takes, in percent, while that is throttled (`throttle`).
    pub fn throttle(&self) -> Option<u32> {
        if !self.is_warming() || self.draining() {
            return None;
        }
        let weight = self.weight.load(Ordering::Relaxed);
        Some((100 * weight * self.warmth() + STEPS - 1) / (STEPS * weight.max(1)))
    }
}
