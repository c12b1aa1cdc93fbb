//! `notify`: a command that is told when this node takes the addresses and lets go of them.
//!
//! One runs at a time, in the order of what happened, each for a limited time. It is run by the process that keeps its
//! privileges, which knows the command from the configuration: who carries traffic says only what happened.

mod queue;
mod runner;

pub use queue::Notice;
pub use runner::{Runner, Sender, pair};

use std::net::IpAddr;
use std::time::Duration;

/// What is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The program.
    pub program: String,
    /// How long it may run.
    pub limit: Duration,
    /// The cluster's name.
    pub cluster: String,
    /// This node's name.
    pub node: String,
    /// The addresses.
    pub addresses: Vec<IpAddr>,
}
