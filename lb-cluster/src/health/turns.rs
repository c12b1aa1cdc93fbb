//! Servers that are looked at in turn: pure. However many there are, one look takes a bounded time, and none is passed over.

use crate::state::TargetId;
use std::collections::BTreeSet;

/// A set with a place up to which it has been looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turns {
    all: BTreeSet<TargetId>,
    from: TargetId,
}

impl Turns {
    /// Adds one.
    pub fn insert(&mut self, id: TargetId) {
        self.all.insert(id);
    }

    /// Removes one.
    pub fn remove(&mut self, id: TargetId) {
        self.all.remove(&id);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// The next ones, at most so many; they stay.
    pub fn next(&mut self, count: usize) -> Vec<TargetId> {
        let mut next: Vec<_> = self.all.range(self.from..).take(count).copied().collect();
        let rest = count - next.len();
        next.extend(self.all.range(..self.from).take(rest));
        if let Some(last) = next.last() {
            self.from = TargetId(last.0.wrapping_add(1));
        }
        next
    }

    /// The next ones, at most so many, which are removed.
    pub fn take(&mut self, count: usize) -> Vec<TargetId> {
        let taken = self.next(count);
        taken.iter().for_each(|id| self.remove(*id));
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_again_waits_for_the_others() {
        let mut turns = Turns::default();
        (0..5).for_each(|id| turns.insert(TargetId(id)));
        assert_eq!(turns.take(2), [TargetId(0), TargetId(1)]);
        turns.insert(TargetId(0));
        assert_eq!(turns.take(2), [TargetId(2), TargetId(3)]);
        assert_eq!(turns.next(9), [TargetId(4), TargetId(0)]);
        assert_eq!((turns.next(1), turns.len()), (vec![TargetId(4)], 2));
        turns.remove(TargetId(0));
        turns.insert(TargetId(u128::MAX));
        assert_eq!(turns.next(2), [TargetId(u128::MAX), TargetId(4)]);
    }
}
