//! What waits to be told: pure.

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What waits while a command runs, at most; each says the whole of what is so now.
const LONGEST: usize = 64;

/// Something to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// This node took the addresses; else it let go of them.
    pub acquired: bool,
    /// The term in which it leads.
    pub term: u64,
}

impl Notice {
    /// How the command is told.
    pub fn name(self) -> &'static str {
        if self.acquired { "acquired" } else { "released" }
    }
}

/// In order, each once.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<Notice>,
    last: Option<Notice>,
}

impl Queue {
    /// Takes one in, unless it is no news. When too many wait, the oldest pair goes, which nothing depends on any more.
    pub(super) fn push(&mut self, notice: Notice) {
        if self.last == Some(notice) || self.last.is_none() && !notice.acquired {
            return;
        }
        self.last = Some(notice);
        self.waiting.push_back(notice);
        if self.waiting.len() > LONGEST {
            self.waiting.drain(..2);
        }
    }

    /// Nobody says anything any more: what is held is held no longer.
    pub(super) fn end(&mut self) {
        if let Some(last) = self.last.filter(|last| last.acquired) {
            self.push(Notice { acquired: false, ..last });
        }
    }

    pub(super) fn pop(&mut self) -> Option<Notice> {
        self.waiting.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(acquired: bool, term: u64) -> Notice {
        Notice { acquired, term }
    }

    fn all(queue: &mut Queue) -> Vec<Notice> {
        std::iter::from_fn(|| queue.pop()).collect()
    }

    #[test]
    fn each_is_told_once_and_in_order() {
        let mut queue = Queue::default();
        for told in [notice(false, 1), notice(true, 2), notice(true, 2), notice(false, 2), notice(true, 5)] {
            queue.push(told);
        }
        queue.end();
        queue.end();
        assert_eq!(all(&mut queue), [notice(true, 2), notice(false, 2), notice(true, 5), notice(false, 5)]);
    }

    #[test]
    fn what_is_too_old_is_left_out_in_pairs() {
        let mut queue = Queue::default();
        for term in 0..100 {
            queue.push(notice(true, term));
            queue.push(notice(false, term));
        }
        let told = all(&mut queue);
        assert!(told.len() <= LONGEST && told.chunks(2).all(|pair| pair[0].acquired && !pair[1].acquired));
        assert_eq!(told.last(), Some(&notice(false, 99)));
    }
}
