//! The only room that names openraft: its types, and this crate's store and state behind its traits.
//!
//! The version is pinned: 0.10 has what the holder of an address needs (pre-votes, and the instant at which a majority
//! was last heard), and 0.9 has not.

mod admission;
mod agree;
mod condition;
mod encoding;
mod founding;
mod handover;
mod line;
mod listing;
mod log;
mod machine;
mod network;
mod node;
mod prepared;
mod replica;
mod service;
mod status;

pub use agree::Undecided;
pub use line::Line;
pub use node::{Changes, Error, Node};
pub use prepared::{MIN_ELECTION, Prepared, Settings};
pub use replica::Replica;
pub use status::{Role, Seat, Status};
#[cfg(test)]
pub(crate) use {network::is_snapshot, node::Door, prepared::Basis, service::Service};

/// What Raft runs on.
#[cfg(not(test))]
type Runtime = openraft::impls::TokioRuntime;
#[cfg(test)]
type Runtime = crate::sim::Runtime;

use log::Log;
use machine::Machine;

type Raft = openraft::Raft<Types, Machine>;

use crate::state::{Decision, Member, NodeId, Outcome};
use std::fmt;

openraft::declare_raft_types!(
    /// What this cluster's Raft is made of.
    pub Types: D = Decision, R = Outcome, NodeId = NodeId, Node = Member, AsyncRuntime = Runtime,
);

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
