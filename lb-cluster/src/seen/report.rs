//! All that a node can tell at one moment, as one value: text, JSON, metrics and the panel are made of it.

use crate::cluster::View;
use crate::raft::Role;
use crate::state::{Member, NodeId};
use crate::transport::{Counted, Identity};
use crate::vip::Lease;
use serde::Serialize;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// What does not change while a node runs.
#[derive(Clone)]
pub struct About {
    /// The cluster's name.
    pub cluster: String,
    /// This node.
    pub me: Member,
    /// All nodes, as the configuration lists them.
    pub listed: Vec<Member>,
    /// The virtual addresses, and what guards each.
    pub addresses: Vec<(IpAddr, &'static str)>,
    /// The shortest and the longest wait for a leader.
    pub election: (Duration, Duration),
    /// How often a leader is heard.
    pub heartbeat: Duration,
    /// How this node proves itself.
    pub identity: Identity,
}

/// What a node knows. Times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The cluster's name.
    pub cluster: String,
    /// This node's name.
    pub node: String,
    /// What it does: `silent` after its start, then as Raft names it.
    pub role: &'static str,
    /// The term.
    pub term: u64,
    /// A leader is heard, or hears a majority.
    pub quorum: bool,
    /// Who leads.
    pub leader: Option<String>,
    /// Who is known to hold the addresses.
    pub holder: Option<String>,
    /// This node holds them.
    pub holds: bool,
    /// The addresses.
    pub addresses: Vec<Address>,
    /// How long a leader may answer after a majority was heard.
    pub lease: u64,
    /// What is left of it, where this node holds.
    pub lease_left: Option<u64>,
    /// The shortest and the longest wait for a leader.
    pub election_timeout: [u64; 2],
    /// How often a leader is heard.
    pub heartbeat: u64,
    /// The last entry of the log.
    pub last: Option<u64>,
    /// The last one that was applied.
    pub applied: Option<u64>,
    /// Days until this node's certificate ends.
    pub certificate_days: Option<i32>,
    /// The nodes: those of the cluster, or as long as there is none, those that are listed.
    pub nodes: Vec<Node>,
    /// What the others asked, and what was turned away.
    pub transport: Transport,
}

/// A virtual address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Address {
    /// It.
    pub ip: IpAddr,
    /// What keeps a node from answering for it that lost it.
    pub guard: &'static str,
}

/// A node of the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// What Raft knows it by.
    pub id: Option<String>,
    /// Where the others reach it.
    pub address: String,
    /// What it does, as far as this node knows.
    pub role: &'static str,
    /// It votes.
    pub votes: bool,
    /// How long ago it was heard by this node; a leader hears all, others their leader.
    pub heard: Option<u64>,
    /// It was heard lately, or is this node.
    pub reachable: Option<bool>,
}

/// Counters of the transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Transport {
    /// Requests of others that were answered.
    pub requests: u64,
    /// Connections from no member's address.
    pub strangers: u64,
    /// Connections beyond what one source may have.
    pub crowded: u64,
    /// Handshakes that failed.
    pub handshakes: u64,
    /// Peers whose section differs.
    pub terms: u64,
    /// Frames that were malformed.
    pub malformed: u64,
}

impl From<Counted> for Transport {
    fn from(counted: Counted) -> Self {
        let Counted { requests, strangers, crowded, handshakes, terms, malformed } = counted;
        Self { requests, strangers, crowded, handshakes, terms, malformed }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Report {
    /// What is known of a node; without a view it keeps silent.
    pub(super) fn new(about: &About, view: Option<&View>) -> Self {
        let name = |id: NodeId| {
            let seat = view?.status.seats.iter().find(|seat| seat.node == id)?;
            Some(seat.member.name.clone())
        };
        let leader = view.filter(|view| view.quorum).and_then(|view| view.status.leader);
        let left = view.and_then(|view| view.until?.checked_duration_since(Instant::now()));
        let addresses = about.addresses.iter().map(|(ip, guard)| Address { ip: *ip, guard });
        Self {
            cluster: about.cluster.clone(),
            node: about.me.name.clone(),
            role: view.map_or("silent", |view| role(view.status.role)),
            term: view.map_or(0, |view| view.status.term),
            quorum: view.is_some_and(|view| view.quorum),
            leader: leader.and_then(name),
            holder: view.filter(|view| view.quorum).and_then(|view| name(view.holder?.node)),
            holds: left.is_some(),
            addresses: addresses.collect(),
            lease: millis(Lease::new(about.election.1).length()),
            lease_left: left.map(millis),
            election_timeout: [millis(about.election.0), millis(about.election.1)],
            heartbeat: millis(about.heartbeat),
            last: view.and_then(|view| view.status.last),
            applied: view.and_then(|view| view.status.applied),
            certificate_days: about.identity.days_left(),
            nodes: nodes(about, view, leader),
            transport: view.map(|view| view.counted.into()).unwrap_or_default(),
        }
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Learner => "learner",
        Role::Follower => "follower",
        Role::Candidate => "candidate",
        Role::Leader => "leader",
        Role::Stopped => "stopped",
    }
}

fn nodes(about: &About, view: Option<&View>, leader: Option<NodeId>) -> Vec<Node> {
    let listed = |member: &Member| Node {
        name: member.name.clone(),
        id: None,
        address: member.address.to_string(),
        role: "expected",
        votes: true,
        heard: None,
        reachable: None,
    };
    let Some(view) = view.filter(|view| !view.status.seats.is_empty()) else {
        return about.listed.iter().map(listed).collect();
    };
    let status = &view.status;
    let seats = status.seats.iter().map(|seat| {
        let is_me = seat.node == status.node;
        let heard = match status.role {
            _ if is_me => None,
            Role::Leader => status.acked.get(&seat.node).copied(),
            _ => view.leader_heard.filter(|_| status.leader == Some(seat.node)),
        };
        let known = status.role == Role::Leader || heard.is_some();
        Node {
            id: Some(seat.node.to_string()),
            role: match () {
                () if is_me => role(status.role),
                () if leader == Some(seat.node) => "leader",
                () if seat.member.witness => "witness",
                () if seat.voter => "follower",
                () => "learner",
            },
            votes: seat.voter,
            heard: heard.map(|heard| millis(heard.elapsed())),
            reachable: match heard {
                _ if is_me => Some(true),
                Some(heard) => Some(heard.elapsed() < about.election.1),
                None => known.then_some(false),
            },
            ..listed(&seat.member)
        }
    });
    let mut nodes: Vec<_> = seats.collect();
    nodes.sort_by(|a, b| a.name.cmp(&b.name));
    nodes
}
