//! What the operator is told of who leads.

use super::Driver;
use crate::raft::{Role, Status};
use crate::runtime::{now, since};
use crate::state::NodeId;
use lb_core::process::Severity;
use std::time::Instant;

/// What the operator knows.
pub(super) struct Told {
    pub(super) leader: Option<(NodeId, u64)>,
    pub(super) quorum: bool,
    /// Since when there is none.
    pub(super) lost: Option<Instant>,
}

impl Driver {
    /// A majority hears the same leader, as far as this node can tell.
    pub(super) fn has_quorum(&self, status: &Status) -> bool {
        let heard = if status.role == Role::Leader { status.quorum_acked } else { self.node.leader_heard() };
        heard.is_some_and(|heard| since(heard) < self.election)
    }

    /// Tells who leads, and whether anybody does.
    pub(super) fn report(&mut self, status: &Status, quorum: bool) {
        self.told.lost = if quorum { None } else { self.told.lost.or_else(|| Some(now())) };
        if let Some(leader) = status.leader.filter(|_| quorum).map(|leader| (leader, status.term))
            && (self.told.leader != Some(leader) || !self.told.quorum)
        {
            let text = format!("{} leads, term {}.", status.name(leader.0), leader.1);
            self.events.tell(Severity::Notice, text);
            if self.told.leader != Some(leader) {
                self.counts.leader_changes.inc();
            }
            (self.told.leader, self.told.quorum) = (Some(leader), true);
        }
        let lost = self.told.lost.is_some_and(|lost| since(lost) > self.election * 4);
        if lost && self.told.quorum {
            let text = "no majority of the nodes is reached: nobody holds the virtual addresses by this node's word; \
                        it goes on with its own.";
            self.events.tell(Severity::Warning, text.to_owned());
            self.told.quorum = false;
        }
    }
}
