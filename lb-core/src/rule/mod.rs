//! Rules: actions under conditions.

/// Rules of one kind, in order.
#[derive(Debug, Default)]
pub struct Ruleset;

/// Answers that lb gives itself: `errorfile`s over the built-in texts.
#[derive(Debug, Default)]
pub struct Replies;
