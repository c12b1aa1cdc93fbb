//! Verdicts on servers that no node names any more.

use super::{Core, SWEPT};
use crate::state::{Finding, Ruling, TargetId, Verdict};
use std::time::Duration;

/// What nobody names is forgotten after this.
const ORPHANED: Duration = Duration::from_secs(60);

impl Core {
    /// Verdicts on servers that no node names: the leader has them forgotten, at most `room`. It looks at some at a time.
    pub(super) fn forgotten(&mut self, room: usize, wall: u64, now: Duration) -> Vec<Finding> {
        if !self.leads || !self.quorum {
            self.orphans.clear();
            return Vec::new();
        }
        let mut findings = Vec::new();
        let mut looked = 0;
        for (id, verdict) in self.known.from(self.searched).take(SWEPT) {
            (looked, self.searched) = (looked + 1, TargetId(id.0.wrapping_add(1)));
            if self.targets.contains_key(&id) || self.peers.values().any(|peer| peer.targets.contains(&id)) {
                self.orphans.remove(&id);
                continue;
            }
            let since = *self.orphans.entry(id).or_insert(now);
            if since + ORPHANED <= now && findings.len() < room {
                let verdict = Verdict {
                    ruling: Ruling::Up,
                    by: self.me,
                    at: wall,
                    views: Vec::new(),
                    ..verdict.clone()
                };
                findings.push(Finding { target: id, verdict });
            }
        }
        if looked < SWEPT {
            self.searched = TargetId::default();
        }
        findings
    }
}
