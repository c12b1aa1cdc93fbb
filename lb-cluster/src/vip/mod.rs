//! Who answers for the virtual addresses: the leader, while its lease lasts, and nobody else at any instant.
//!
//! A voter that heard the leader promises to elect no other for the time E (the longest election timeout). So what the
//! leader sent at instant A, once a majority has answered it, keeps every other leader away until A + E on their clocks.
//! The lease ends earlier than that: clocks run at different rates, and a guard closes a little late.

mod announce;
mod farewell;
mod grip;
mod holder;
pub mod keeper;
pub mod kernel;
mod lease;
mod preference;

pub use announce::Announcer;
pub use grip::Grip;
pub use holder::{Action, Holder, Reason, Sight};
pub use lease::Lease;
pub use preference::{Peer, Preference};

use std::time::{Duration, Instant};

/// A reading of a node's monotonic clock: the time since some instant of its own.
pub type Moment = Duration;

/// What carries out a holder's actions, in their order. Nothing here waits: what became of them is sensed.
pub trait Hands: Send {
    /// Puts the guard in place, closed.
    fn rebuild(&mut self);
    /// Opens the guard until an instant.
    fn guard(&mut self, until: Instant);
    /// Closes it.
    fn close(&mut self);
    /// Puts the addresses on their interfaces, or prolongs them.
    fn address(&mut self);
    /// Takes them off, and closes connections to them.
    fn remove(&mut self);
    /// Announces them.
    fn announce(&mut self);
    /// How it is.
    fn sense(&mut self) -> Sense;
    /// The addresses are to be given away, for so long now, and what runs on them may end before: true when it is time.
    fn may_leave(&mut self, _since: Duration) -> bool {
        true
    }
}

/// What hands feel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sense {
    /// The guard is in place, and took the last order.
    pub guarded: bool,
    /// All that was ordered has been done: what was closed is closed.
    pub settled: bool,
    /// This node can serve on the addresses.
    pub fit: bool,
    /// Since it was asked last, something happened for which the addresses are announced anew.
    pub stirred: bool,
    /// So often another was seen to claim an address that this node held.
    pub claims: u64,
    /// So many leases were prolonged too late.
    pub fenced: u64,
}

#[cfg(test)]
mod tests;
