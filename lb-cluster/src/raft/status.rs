//! What a node knows of the cluster at one instant.

use super::Types;
use crate::runtime;
use crate::state::{Member, NodeId};
use openraft::alias::InstantOf;
use openraft::{Instant as _, RaftMetrics, ServerState};
use std::collections::BTreeMap;
use std::time::Instant;

/// What a node does in its term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It copies the log and has no vote (yet).
    Learner,
    /// It follows a leader, or waits for one.
    Follower,
    /// It asks for votes.
    Candidate,
    /// It leads.
    Leader,
    /// It has stopped: by will, or since its disk failed.
    Stopped,
}

/// A node that the cluster is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Its id.
    pub node: NodeId,
    /// What is known of it.
    pub member: Member,
    /// It votes.
    pub voter: bool,
}

/// A copy, which borrows nothing of Raft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// This node.
    pub node: NodeId,
    /// What it does.
    pub role: Role,
    /// In which term.
    pub term: u64,
    /// Who leads, as far as it knows.
    pub leader: Option<NodeId>,
    /// Of whom the cluster is made. Empty before there is one.
    pub seats: Vec<Seat>,
    /// The latest instant at which what a majority answered had been sent: the base of the lease. `None` when this node
    /// does not lead; and it means nothing with one voter.
    pub quorum_acked: Option<Instant>,
    /// When what others answered last had been sent, as far as this node leads and they did.
    pub acked: BTreeMap<NodeId, Instant>,
    /// An entry of this term is committed: before that a leader does not know what its predecessors promised.
    pub settled: bool,
    /// The last entry of the log.
    pub last: Option<u64>,
    /// The last entry that this node applied.
    pub applied: Option<u64>,
}

impl Status {
    /// What a node is called; of one that is no member (any more) its id.
    pub fn name(&self, node: NodeId) -> String {
        let seat = self.seats.iter().find(|seat| seat.node == node);
        seat.map_or_else(|| node.to_string(), |seat| seat.member.name.clone())
    }

    pub(super) fn of(metrics: &RaftMetrics<Types>) -> Self {
        let voters: Vec<_> = metrics.membership_config.voter_ids().collect();
        let role = match metrics.state {
            _ if metrics.running_state.is_err() => Role::Stopped,
            ServerState::Learner => Role::Learner,
            ServerState::Follower => Role::Follower,
            ServerState::Candidate => Role::Candidate,
            ServerState::Leader => Role::Leader,
            ServerState::Shutdown => Role::Stopped,
        };
        let seats = metrics.membership_config.nodes().map(|(node, member)| Seat {
            node: *node,
            member: member.clone(),
            voter: voters.contains(node),
        });
        let committed = metrics.local_committed.as_ref();
        let quorum_acked = metrics.last_quorum_acked.and_then(|acked| instant(*acked));
        #[cfg(test)]
        let quorum_acked = match role {
            Role::Leader if crate::sim::is_without(1) => Some(runtime::now()),
            _ => quorum_acked,
        };
        Self {
            node: metrics.id,
            role,
            term: metrics.current_term,
            leader: metrics.current_leader,
            seats: seats.collect(),
            quorum_acked,
            acked: acked(metrics),
            settled: committed.is_some_and(|id| id.committed_leader_id().term == metrics.current_term),
            last: metrics.last_log_index,
            applied: metrics.last_applied.as_ref().map(|id| id.index),
        }
    }
}

fn acked(metrics: &RaftMetrics<Types>) -> BTreeMap<NodeId, Instant> {
    let all = metrics.heartbeat.iter().flatten().filter(|(node, _)| **node != metrics.id);
    all.filter_map(|(node, acked)| Some((*node, instant(**acked.as_ref()?)?))).collect()
}

/// An instant of Raft's clock on ours. The clocks are read in this order so that what comes out is never later than it
/// was: a lease counts from it.
fn instant(raft: InstantOf<Types>) -> Option<Instant> {
    let now = runtime::now();
    now.checked_sub(raft.elapsed())
}
