//! `cluster` sections: nodes that elect a leader, and the addresses that it holds.

use super::Place;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// A `cluster` section. Exists only in lb.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// Where it starts.
    pub place: Place,
    /// `node` lines, in order. Each has a vote.
    pub nodes: Vec<Node>,
    /// `virtual-ip` lines, in order. The leader holds all of them.
    pub addresses: Vec<VirtualAddress>,
    /// `data-dir`: the folder of the replicated log. Empty only after an error.
    pub data_dir: String,
    /// `bind`: where this node listens for the others; none for its own `node` address.
    pub bind: Option<SocketAddr>,
    /// How nodes know each other; none where the file leaves it to what lies in the data-dir.
    pub trust: Option<Trust>,
    /// `election-timeout`: the shortest and the longest wait for a leader before a node stands for election.
    pub election: (Duration, Duration),
    /// `heartbeat`: how often a leader tells that it is there.
    pub heartbeat: Duration,
    /// `guard`: what stops this node from answering for an address that it lost.
    pub guard: Guard,
    /// `prefer`: nodes that take the addresses back when they are fit, the first before the second.
    pub preferred: Vec<String>,
    /// `notify`: what is run when an address moves.
    pub notify: Option<Notify>,
    /// `shared-health`: what one node finds of a server's health counts for all.
    pub shared_health: bool,
}

/// A member of a [`Cluster`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name: `-L` of its process, or its host name.
    pub name: String,
    /// Where the other nodes reach it.
    pub address: SocketAddr,
    /// It votes, and does nothing else: no proxy, no probes, never an address.
    pub witness: bool,
    /// Where.
    pub place: Place,
}

/// An address that the leader holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualAddress {
    /// The address.
    pub ip: IpAddr,
    /// The length of its network's prefix; the whole address where the line has none.
    pub prefix: u8,
    /// How it is held.
    pub holding: Holding,
    /// Where.
    pub place: Place,
}

/// How a [`VirtualAddress`] is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holding {
    /// `interface NAME`: it is put on the interface, guarded and announced there.
    Interface(String),
    /// `bind-only`: by listening on it, touching no interface.
    BindOnly,
}

/// How nodes know each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// `crt FILE ca-file FILE`: mutual TLS, the node's name in the certificate.
    Certificate {
        /// File of this node's certificate and key.
        crt: String,
        /// File of the authorities of the nodes' certificates.
        ca_file: String,
    },
    /// `secret-file FILE`: a secret that all nodes share.
    Secret(String),
}

/// What stops a node from answering for an address that it lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Guard {
    /// The kernel drops all that comes from and goes to an address whose lease is over; without it lb holds nothing.
    #[default]
    Kernel,
    /// The lifetime of the address alone, where the kernel has no better: up to 0.6 s late.
    Weak,
}

/// A command that is told about moves of addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notify {
    /// The program.
    pub command: String,
    /// How long one run may take before it is killed.
    pub timeout: Duration,
}
