//! Whether a history of one register is linearizable: whether each operation can have happened at one instant between its
//! call and its answer. (The search of Wing and Gong, with Lowe's memory of states that were visited.)

use std::collections::HashSet;
use std::time::Instant;

/// What was done to the register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Write(u64),
    /// It was read, and had this value.
    Read(u64),
}

/// One operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation<T = Instant> {
    pub(crate) act: Act,
    pub(crate) called: T,
    /// When it was answered; none: it may happen at any time after its call, or never.
    pub(crate) answered: Option<T>,
}

/// True when it is, from this value on. No two writes are of the same value.
pub(crate) fn is_linearizable<T: Ord + Copy>(history: &[Operation<T>], first: u64) -> bool {
    let read: HashSet<_> = history
        .iter()
        .filter_map(|operation| match operation.act {
            Act::Read(value) => Some(value),
            Act::Write(_) => None,
        })
        .collect();
    // What has no answer and was not seen need not have happened.
    let counts = |operation: &&Operation<T>| {
        operation.answered.is_some() || matches!(operation.act, Act::Write(value) if read.contains(&value))
    };
    let mut operations: Vec<_> = history.iter().filter(counts).copied().collect();
    operations.sort_by_key(|operation| operation.called);
    let mut visited = HashSet::new();
    let mut open = vec![(vec![false; operations.len()], first)];
    while let Some((done, value)) = open.pop() {
        let left = || operations.iter().zip(&done).enumerate().filter(|(_, (_, done))| !**done);
        // What is not done happens no later than the first answer of it.
        let Some(limit) = left().filter_map(|(_, (operation, _))| operation.answered).min() else {
            return true;
        };
        for (index, (operation, _)) in left() {
            if operation.called > limit {
                break;
            }
            let value = match operation.act {
                Act::Write(written) => written,
                Act::Read(read) if read == value => value,
                Act::Read(_) => continue,
            };
            let mut done = done.clone();
            done[index] = true;
            if visited.insert((done.clone(), value)) {
                open.push((done, value));
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn history(operations: &[(Act, u64, Option<u64>)]) -> Vec<Operation> {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let operation = |&(act, called, answered): &(Act, u64, Option<u64>)| Operation {
            act,
            called: at(called),
            answered: answered.map(at),
        };
        operations.iter().map(operation).collect()
    }

    #[test]
    fn the_order_of_what_does_not_overlap_counts() {
        use Act::{Read, Write};
        let good = history(&[
            (Write(1), 0, Some(1)),
            (Read(1), 2, Some(3)),
            (Write(2), 4, Some(9)),
            (Read(1), 5, Some(6)),
        ]);
        assert!(is_linearizable(&good, 0));
        // An old value after a newer one was read.
        let back = history(&[(Write(1), 0, Some(9)), (Read(1), 1, Some(2)), (Read(0), 3, Some(4))]);
        assert!(!is_linearizable(&back, 0));
        // An answered write that is not seen.
        assert!(!is_linearizable(&history(&[(Write(1), 0, Some(1)), (Read(0), 2, Some(3))]), 0));
    }

    #[test]
    fn what_has_no_answer_may_happen_late_or_never() {
        use Act::{Read, Write};
        let late = [(Write(1), 0, None), (Read(0), 5, Some(6)), (Read(1), 7, Some(8))];
        assert!(is_linearizable(&history(&late), 0));
        assert!(is_linearizable(&history(&late[..2]), 0));
        let twice =
            [(Write(1), 0, None), (Read(1), 1, Some(2)), (Write(2), 3, Some(4)), (Read(1), 5, Some(6))];
        assert!(!is_linearizable(&history(&twice), 0));
    }
}
