//! Where several lb become one: nodes that elect a leader by Raft, hold a virtual address, and agree on the health of
//! servers and on what operators change at run time.
//!
//! The engine ([`lb_core`]) knows nothing of a cluster; the binary hands it [`Hooks`](lb_core::engine::Hooks), and a
//! cluster joins by filling them in: every command of the runtime API that changes something becomes a [`Change`], a
//! value by names that can be serialised, and nothing changes but by an [`Authority`] applying one. [`Local`] applies
//! at once, for a node that is alone.
//!
//! The rooms:
//! - [`Cluster`]: the handle, and the thread behind it.
//! - [`state`]: what all nodes know alike. Pure.
//! - [`store`]: what one node must never forget, on its disk. Bytes: it knows nothing of Raft.
//! - [`transport`]: how nodes talk, and prove who they are. Bytes, too.
//! - [`raft`]: the only one that names the Raft library: a node among others, from its start to its stop.
//! - [`authority`]: how commands change all nodes.
//! - [`notify`]: what is run when the addresses move.
//! - [`seen`]: what operators see of it: commands, metrics, a section of the statistics page.
//! - [`health`]: who checks which server, and what all make of it. Pure but for what asks and what talks.
//! - `runtime`: the clock, timers and tasks; a simulation (`sim`, of tests alone) has its own.
//! - [`vip`]: who answers for the virtual addresses, as a step function, and what carries its steps out.

pub mod authority;
mod cluster;
pub mod counts;
mod events;
pub mod health;
pub mod notify;
pub mod raft;
mod runtime;
pub mod seen;
#[cfg(test)]
mod sim;
pub mod state;
pub mod store;
mod sys;
pub mod transport;
pub mod urgency;
pub mod vip;

pub use cluster::{Cluster, View};
pub use events::{Event, Events};
pub use lb_core::admin::{Applied, Authority, Change, Local};
