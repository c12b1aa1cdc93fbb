//! Sample expressions, ACLs, conditions and log formats (manual 7, 8.2.6).

mod acl;
mod args;
mod condition;
mod format;
mod sample;

pub(crate) use acl::acl_test;
pub(crate) use condition::{Acls, condition};
pub(crate) use format::log_format;
pub(crate) use sample::{ExprError, sample, source_name, variable};

/// Where an expression stands: the stages that take it, and whether the response is at hand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site {
    /// Bits of [`crate::tables::reach::Stage`]; a fetch must reach one of them.
    pub(crate) stages: u32,
    /// Text formats: runs of blanks are one blank.
    pub(crate) merge_blanks: bool,
}

impl Site {
    pub(crate) const fn new(stages: u32) -> Self {
        Self { stages, merge_blanks: false }
    }
}
