//! The nodes of a cluster.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};

/// What Raft knows a node by: random, made with its data-dir and lost with it, so that a node that forgot its votes
/// can never be taken for the one that gave them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeId(pub u64);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl From<u64> for NodeId {
    fn from(id: u64) -> Self {
        Self(id)
    }
}

/// What the configuration says of a node (`node NAME ADDRESS:PORT [witness]`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its name, which its certificate carries.
    pub name: String,
    /// Where it listens for the others, and what its connections come from.
    pub address: SocketAddr,
    /// It votes, carries no traffic, and never holds an address.
    pub witness: bool,
}

impl Default for Member {
    fn default() -> Self {
        Self { name: String::new(), address: (Ipv4Addr::UNSPECIFIED, 0).into(), witness: false }
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let witness = if self.witness { " witness" } else { "" };
        write!(f, "{} {}{witness}", self.name, self.address)
    }
}
