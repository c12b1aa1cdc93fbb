//! Conditions over samples.

/// A compiled condition.
#[derive(Debug)]
pub struct Condition;
