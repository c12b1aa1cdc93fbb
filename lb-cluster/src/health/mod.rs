//! Health that all nodes share. Each server is checked by one of them; that it is down is agreed upon once others have looked,
//! too; and whoever sees it otherwise by itself goes by that.
//!
//! - [`duty`]: who checks what.
//! - [`view`]: what nodes tell each other, and what a majority of views means.
//! - [`target`]: one server, as one node sees it.
//! - [`flips`], [`trust`]: servers that turn too often; nodes that lose too much at once. [`turns`]: none waits for all others.
//! - [`core`]: all of it for one node. Up to here everything is pure.
//! - [`policy`]: what the engine asks, on its control thread. [`exchange`]: what talks to the others, on the cluster's.

mod core;
mod duty;
mod exchange;
mod flips;
mod policy;
mod target;
mod trust;
mod turns;
mod view;

pub use exchange::run;
pub use policy::{Census, Health, Seen, Shown};
pub use view::{Frame, Note, Standing, View};

#[cfg(test)]
mod tests;
