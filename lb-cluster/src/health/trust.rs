//! Whether a node trusts what its own checks find: pure. One that loses more than half of what it checks at once is more likely
//! to be cut off than to see so many servers die.

use crate::state::TargetId;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// One lost server proves nothing.
const LEAST: usize = 2;
/// How many of its longest intervals a node distrusts itself at least.
const INTERVALS: u32 = 3;

/// What this node lost lately.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// Until when a loss counts: one interval of its server.
    losses: BTreeMap<TargetId, Duration>,
    distrust: Option<Distrust>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Distrust {
    /// It ends no sooner.
    until: Duration,
    /// Why it is.
    lost: BTreeSet<TargetId>,
}

impl Trust {
    /// This node trusts itself.
    pub fn holds(&self) -> bool {
        self.distrust.is_none()
    }

    /// A server of which this node lost sight when it began to distrust itself: it goes on looking.
    pub fn doubts(&self, target: TargetId) -> bool {
        self.distrust.as_ref().is_some_and(|distrust| distrust.lost.contains(&target))
    }

    /// A server that is checked by this node, one of `duties`, was well and now is not. True when that makes it distrust itself.
    pub fn lose(&mut self, target: TargetId, inter: Duration, duties: usize, now: Duration) -> bool {
        self.losses.retain(|_, until| *until > now);
        self.losses.insert(target, now + inter);
        if !self.holds() {
            if let Some(distrust) = &mut self.distrust {
                distrust.lost.insert(target);
            }
            return false;
        }
        let begins = self.losses.len() >= LEAST && self.losses.len() * 2 > duties;
        if begins {
            let lost = std::mem::take(&mut self.losses).into_keys().collect();
            self.distrust = Some(Distrust { until: now + inter * INTERVALS, lost });
        }
        begins
    }

    /// Looks again: `lost` says whether this node still sees a server worse than the others do. True when it trusts itself again.
    pub fn look(&mut self, lost: impl Fn(TargetId) -> bool, now: Duration) -> bool {
        let Some(distrust) = self.distrust.as_mut().filter(|distrust| distrust.until <= now) else {
            return false;
        };
        let before = distrust.lost.len();
        let still = distrust.lost.iter().filter(|target| lost(**target)).count();
        let ends = still * 2 <= before;
        if ends {
            self.distrust = None;
        }
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTER: Duration = Duration::from_secs(2);

    const fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn more_than_half_within_an_interval_is_too_much() {
        let mut trust = Trust::default();
        assert!(!trust.lose(TargetId(1), INTER, 3, at(0)));
        assert!(!trust.lose(TargetId(2), INTER, 3, at(2500)), "the first is forgotten");
        assert!(trust.lose(TargetId(3), INTER, 3, at(3000)));
        assert!(!trust.holds() && trust.doubts(TargetId(2)) && !trust.doubts(TargetId(1)));
        // It goes on until half of them are seen again.
        assert!(!trust.look(|_| false, at(4000)), "not so soon");
        assert!(!trust.look(|_| true, at(9000)));
        assert!(trust.look(|target| target == TargetId(2), at(9001)));
        assert!(trust.holds());
    }

    #[test]
    fn a_single_server_proves_nothing() {
        let mut trust = Trust::default();
        assert!(!trust.lose(TargetId(1), INTER, 1, at(0)) && !trust.lose(TargetId(1), INTER, 1, at(1)));
        assert!(trust.holds());
    }
}
