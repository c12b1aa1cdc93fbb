//! Which situations were reached, and how often: what no seed comes to is not tested.

use std::collections::BTreeMap;
use std::fmt;

/// Situations, and how often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Coverage(BTreeMap<&'static str, u64>);

/// Those that every run of the simulation must come to.
pub(super) const DEMANDED: &[&str] = &[
    "acquisitions",
    "all but the holder restarted",
    "changes acknowledged",
    "clock on a wall set",
    "crash after announce",
    "crash between address and announce",
    "crash between close and remove",
    "crash between guard and address",
    "crash between rebuild and guard",
    "crash while holding",
    "disk full",
    "disk stalls for 100 ms",
    "disk stalls for 1 s",
    "disk stalls for ever",
    "guard flushed while holding",
    "guard set too late",
    "joint membership while holding",
    "keeper paused",
    "linearizable reads",
    "link down while holding",
    "machine paused while holding",
    "machine reset",
    "messages delayed",
    "messages lost",
    "node added",
    "node emptied",
    "node removed",
    "node replaced",
    "one-way cut",
    "other terms refused",
    "partition",
    "pause between holder steps",
    "process killed",
    "snapshot sent",
    "snapshot under partition",
    "step down ordered",
    "stop ordered",
    "transfer racing expiry",
    "transfer to a preferred node",
    "two nodes in quarantine",
    "unfit holder gives away",
    "witness leads",
];

impl Coverage {
    pub(super) fn count(&mut self, what: &'static str) {
        debug_assert!(DEMANDED.contains(&what), "{what}");
        *self.0.entry(what).or_default() += 1;
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (what, count) in &other.0 {
            *self.0.entry(what).or_default() += count;
        }
    }

    pub(super) fn missing(&self) -> Vec<&'static str> {
        DEMANDED.iter().copied().filter(|what| !self.0.contains_key(what)).collect()
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        DEMANDED.iter().try_for_each(|what| writeln!(f, "{:>10} {what}", self.0.get(what).unwrap_or(&0)))
    }
}
