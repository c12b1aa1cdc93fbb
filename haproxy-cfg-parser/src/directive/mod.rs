//! Lines that start with a dot: `.if` blocks and messages (manual 2.4).

mod condition;
mod version;

pub(crate) use condition::evaluate;
pub use condition::{ConditionError, evaluate_condition};

/// How deep `.if` may nest.
pub(crate) const MAX_DEPTH: usize = 16;

/// The state of one open `.if`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Branch {
    /// Its lines count.
    Taken,
    /// Not yet: a later `.elif` or `.else` may.
    Waiting,
    /// An earlier branch was taken, or the whole block is inside one that is skipped.
    Done,
}

/// The open `.if` blocks.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    open: Vec<(Branch, bool)>,
}

impl Blocks {
    /// True if lines count here.
    pub(crate) fn active(&self) -> bool {
        self.open.last().is_none_or(|(branch, _)| *branch == Branch::Taken)
    }

    /// True inside an `.if`.
    pub(crate) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// True if the next `.if` is the first one too deep.
    pub(crate) fn is_full(&self) -> bool {
        self.open.len() == MAX_DEPTH
    }

    /// Opens an `.if`.
    pub(crate) fn open(&mut self, branch: Branch) {
        self.open.push((branch, false));
    }

    /// The innermost block's branch and whether its `.else` was seen.
    pub(crate) fn innermost(&mut self) -> Option<&mut (Branch, bool)> {
        self.open.last_mut()
    }

    /// Closes the innermost block; false if there is none.
    pub(crate) fn close(&mut self) -> bool {
        self.open.pop().is_some()
    }
}
