//! Who answers for the virtual addresses: the leader, while its lease lasts, and nobody else at any instant.
//!
//! A voter that heard the leader promises to elect no other for the time E (the longest election timeout). So what the
//! leader sent at instant A, once a majority has answered it, keeps every other leader away until A + E on their clocks.
//! The lease ends earlier than that: clocks run at different rates, and a guard closes a little late.

mod announce;
mod gate;
mod holder;
mod lease;

pub use announce::Announcer;
pub use holder::{Action, Holder, Reason, Sight};
pub use lease::Lease;

use std::time::{Duration, Instant};

/// A reading of a node's monotonic clock: the time since some instant of its own.
pub type Moment = Duration;

/// What carries out a holder's actions.
pub trait Hands: Send {
    /// Puts the guard in place, closed. False: it cannot be.
    fn rebuild(&mut self) -> bool;
    /// Opens the guard until an instant. False: it was not opened.
    fn guard(&mut self, until: Instant) -> bool;
    /// Closes it.
    fn close(&mut self);
    /// Puts the addresses on their interfaces, or prolongs them. False: they are not there.
    fn address(&mut self) -> bool;
    /// Takes them off, and closes connections to them.
    fn remove(&mut self);
    /// Announces them.
    fn announce(&mut self);
    /// Whether this node can serve on them.
    fn fit(&mut self) -> bool;
}

#[cfg(test)]
mod tests;
