//! What the cluster says of servers: verdicts on those that are not plainly up. Pure.

use super::{NodeId, Outcome};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Most verdicts that are kept. They travel in snapshots.
pub const MAX_VERDICTS: usize = 16_384;

/// A server as it is checked: a digest of backend, server, address and check. Nodes whose files differ in any of these
/// speak of different things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TargetId(pub u128);

impl fmt::Display for TargetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// What is said of a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Ruling {
    /// It is up, or nobody has found anything else.
    #[default]
    Up,
    /// It is up and wants no new sessions (`http-check disable-on-404`).
    Stopping,
    /// It is down.
    Down,
    /// Nodes see it differently: each goes by its own view.
    Disputed,
    /// It has turned too often: it is down until it has been well for a while.
    Held,
}

impl Ruling {
    /// Its name, for people and programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Stopping => "stopping",
            Self::Down => "down",
            Self::Disputed => "disputed",
            Self::Held => "held",
        }
    }

    /// True and false where it decides for every node; none where each goes by its own view.
    pub fn is_up(self) -> Option<bool> {
        match self {
            Self::Up | Self::Stopping => Some(true),
            Self::Down | Self::Held => Some(false),
            Self::Disputed => None,
        }
    }
}

/// What a check found, as log lines tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The number of its status (`show servers state`).
    pub status: u8,
    /// A code of the protocol.
    pub code: i32,
    /// A text about it.
    pub info: Vec<u8>,
    /// How long it took, in milliseconds.
    pub duration: Option<u64>,
}

/// What was decided of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// It.
    pub ruling: Ruling,
    /// `BACKEND/SERVER`, for people.
    pub name: String,
    /// The node that found it.
    pub by: NodeId,
    /// When, by that node's wall clock: milliseconds since 1970. For people: nothing is decided by it.
    pub at: u64,
    /// Who looked, and whether the server was well.
    pub views: Vec<(NodeId, bool)>,
    /// What the first of them found.
    pub found: Found,
}

/// A verdict and whom it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The server.
    pub target: TargetId,
    /// What is said of it.
    pub verdict: Verdict,
}

/// The verdicts that hold. A server without one is up as far as the cluster knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdicts {
    all: BTreeMap<TargetId, Verdict>,
    revision: u64,
}

impl Verdicts {
    /// Makes findings true, one by one: one that has no room keeps no other from being true.
    pub(super) fn apply(&mut self, findings: &[Finding]) -> Outcome {
        let mut refused = 0;
        for Finding { target, verdict } in findings {
            let known = self.all.get(target);
            // Two nodes may find the same at once.
            let same = known.map_or(verdict.ruling == Ruling::Up, |known| {
                known.ruling == verdict.ruling && known.views == verdict.views
            });
            if same {
                continue;
            }
            if known.is_none() && self.is_full() {
                refused += 1;
                continue;
            }
            self.revision += 1;
            match verdict.ruling {
                Ruling::Up => drop(self.all.remove(target)),
                _ => drop(self.all.insert(*target, verdict.clone())),
            }
        }
        match refused {
            0 => Outcome::Done,
            _ => Outcome::Refused(format!(
                "The cluster keeps {MAX_VERDICTS} verdicts on servers: there is no room for {refused} more."
            )),
        }
    }

    /// There is no room for another.
    pub fn is_full(&self) -> bool {
        self.all.len() >= MAX_VERDICTS
    }

    /// Counts changes.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// What is said of a server.
    pub fn get(&self, target: TargetId) -> Option<&Verdict> {
        self.all.get(&target)
    }

    /// Those from a server on, in their order.
    pub fn from(&self, first: TargetId) -> impl Iterator<Item = (TargetId, &Verdict)> {
        self.all.range(first..).map(|(target, verdict)| (*target, verdict))
    }

    /// All that are not plainly up.
    pub fn iter(&self) -> impl Iterator<Item = (TargetId, &Verdict)> {
        self.all.iter().map(|(target, verdict)| (*target, verdict))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(target: u128, ruling: Ruling) -> Finding {
        let verdict = Verdict {
            ruling,
            name: "b/s".into(),
            by: NodeId(1),
            at: 0,
            views: vec![(NodeId(1), false)],
            found: Found::default(),
        };
        Finding { target: TargetId(target), verdict }
    }

    #[test]
    fn what_is_up_is_forgotten_and_what_is_said_twice_changes_nothing() {
        let mut verdicts = Verdicts::default();
        assert_eq!(verdicts.apply(&[finding(1, Ruling::Up)]), Outcome::Done);
        assert_eq!(verdicts.revision(), 0);
        verdicts.apply(&[finding(1, Ruling::Down), finding(2, Ruling::Disputed)]);
        verdicts.apply(&[finding(1, Ruling::Down)]);
        assert_eq!((verdicts.revision(), verdicts.iter().count()), (2, 2));
        verdicts.apply(&[finding(1, Ruling::Up)]);
        assert_eq!(verdicts.iter().map(|(target, _)| target).collect::<Vec<_>>(), [TargetId(2)]);
    }

    #[test]
    fn they_are_bounded() {
        let mut verdicts = Verdicts::default();
        let all: Vec<_> = (0..MAX_VERDICTS as u128).map(|target| finding(target, Ruling::Down)).collect();
        assert_eq!(verdicts.apply(&all), Outcome::Done);
        // What has room is true, whatever has none.
        let more = [finding(u128::MAX, Ruling::Down), finding(0, Ruling::Up), finding(1, Ruling::Disputed)];
        assert!(matches!(verdicts.apply(&more), Outcome::Refused(_)));
        assert_eq!((verdicts.get(TargetId(u128::MAX)), verdicts.get(TargetId(0))), (None, None));
        assert_eq!(verdicts.get(TargetId(1)).map(|verdict| verdict.ruling), Some(Ruling::Disputed));
        assert_eq!(verdicts.apply(&more[..1]), Outcome::Done);
    }
}
