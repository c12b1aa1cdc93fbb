//! What nodes tell each other of servers, and what a majority of them makes of it. Pure.

use crate::state::{Found, NodeId, Ruling, TargetId};
use serde::{Deserialize, Serialize};

/// What a node's own checks have led to, by `rise` and `fall`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// It is up.
    Up,
    /// It is up and wants no new sessions.
    Stopping,
    /// It is down.
    Down,
}

impl Standing {
    /// It serves somebody.
    pub fn is_up(self) -> bool {
        self != Self::Down
    }

    /// What all nodes are told where this is what they agree on.
    pub fn ruling(self) -> Ruling {
        match self {
            Self::Up => Ruling::Up,
            Self::Stopping => Ruling::Stopping,
            Self::Down => Ruling::Down,
        }
    }
}

/// What one node sees of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Its last check passed.
    pub good: bool,
    /// What its checks have led to.
    pub standing: Standing,
    /// What the last one found.
    pub found: Found,
}

impl View {
    /// Up or down, where the last check agrees with those before.
    pub fn is_sure(&self) -> Option<bool> {
        match (self.good, self.standing.is_up()) {
            (true, true) => Some(true),
            (false, false) => Some(false),
            _ => None,
        }
    }

    /// It says the same, whatever time the check took.
    pub fn repeats(&self, told: &Self) -> bool {
        (self.good, self.standing) == (told.good, told.standing)
            && (self.found.status, self.found.code) == (told.found.status, told.found.code)
    }
}

/// One of the things that nodes tell each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Note {
    /// The sender's checks fail: the receiver is to look at once. Rounds number such questions, and only rise.
    Doubt {
        /// The server.
        target: TargetId,
        /// The round.
        round: u32,
    },
    /// What the sender sees.
    View {
        /// The server.
        target: TargetId,
        /// The round that was the latest known to the sender when its check began.
        round: u32,
        /// It.
        view: View,
    },
}

impl Note {
    /// Whom it is about.
    pub fn target(&self) -> TargetId {
        match self {
            Self::Doubt { target, .. } | Self::View { target, .. } => *target,
        }
    }
}

/// What goes from one node to another in one piece.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// The sender.
    pub from: NodeId,
    /// It trusts what its own checks find.
    pub fit: bool,
    /// A digest of all servers that it checks or would check ...
    pub digest: u64,
    /// ... and they themselves, where the receiver has asked.
    pub targets: Option<Vec<TargetId>>,
    /// The receiver is asked for its own.
    pub asks: bool,
    /// News.
    pub notes: Vec<Note>,
}

/// What so many good and bad views mean, while so many have not come; none: it is too early to tell. `whole`: everyone who
/// could be asked has been.
pub fn tally(good: usize, bad: usize, pending: usize, whole: bool) -> Option<Ruling> {
    match (good, bad, pending) {
        (0, 0, _) => None,
        // One good view is enough to know that there is no agreement.
        (1.., 1.., _) if !whole => Some(Ruling::Disputed),
        // Whatever those will say who have not yet.
        (1.., 1.., pending) if bad + pending <= good => Some(Ruling::Disputed),
        (good, bad, 1..) if bad > good + pending && good > 0 => Some(Ruling::Down),
        (_, _, 1..) => None,
        (_, 0, 0) => Some(Ruling::Up),
        (good, bad, 0) if bad > good => Some(Ruling::Down),
        _ => Some(Ruling::Disputed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_majority_decides_and_a_split_is_disputed() {
        assert_eq!(tally(0, 3, 0, false), Some(Ruling::Down));
        assert_eq!(tally(0, 1, 2, false), None);
        assert_eq!(tally(1, 1, 1, false), Some(Ruling::Disputed), "more are asked");
        assert_eq!(tally(1, 2, 0, true), Some(Ruling::Down));
        assert_eq!(tally(1, 1, 0, true), Some(Ruling::Disputed));
        assert_eq!(tally(3, 2, 0, true), Some(Ruling::Disputed));
        assert_eq!(tally(3, 1, 1, true), Some(Ruling::Disputed), "whatever the last one says");
        assert_eq!(tally(1, 1, 1, true), None);
        assert_eq!(tally(1, 3, 1, true), Some(Ruling::Down));
        assert_eq!(tally(3, 0, 0, true), Some(Ruling::Up));
        assert_eq!(tally(0, 0, 0, true), None);
    }
}
