//! Three lb processes that elect a leader, on loopback addresses, with a virtual address that they hold by listening on it.
//!
//! Their clients note who answered when. What must never be seen: an answer of one node after another has answered, without
//! a hand-over back; a failure outside of a change of holders.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod alone;
mod farewell;
mod fitness;
mod health;
mod members;
mod moves;
mod paused;
mod preferred;
mod reload;
mod seen;
mod site;
mod start;
mod upgrade;
mod watch;
mod web;
