//! Who is to hold next, and that it does.

use super::Driver;
use crate::raft::{Role, Seat, Status};
use crate::runtime::since;
use crate::state::{Decision, NodeId, Tenure};
use crate::vip::Peer;
use lb_core::process::Severity;
use std::sync::Arc;
use std::time::{Duration, Instant};

impl Driver {
    /// Gives the addresses away where another should rather have them.
    pub(super) fn prefer(&mut self, status: &Status) {
        let now = since(self.origin);
        self.preference.remember(now, self.node.yields());
        let own = status.seats.iter().find(|seat| seat.node == status.node);
        let Some(own) = own.filter(|_| self.holder.held_until().is_some()) else {
            return self.preference.rest();
        };
        let able = successors(status, self.election);
        let peers = able.map(|(seat, _)| Peer {
            node: seat.node,
            name: &seat.member.name,
            fit: self.node.is_fit(seat.node),
        });
        let better = self.preference.better(now, &own.member.name, peers);
        if let Some(better) = better.filter(|_| self.leaving != Some(status.term)) {
            (self.leaving, self.chosen) = (Some(status.term), Some(better));
            let text = "a node that is preferred has been fit for a while: it gets the virtual addresses.";
            self.events.tell(Severity::Notice, text.to_owned());
            self.tell(Decision::Yielded(Tenure { node: status.node, term: status.term }));
        }
    }

    /// An order to step down counts only where another can lead.
    pub(super) fn step_down(&mut self) {
        let status = self.node.status();
        if status.role == Role::Leader && self.successor(&status).is_none() {
            let text = "this node keeps the lead: no other that may hold the addresses answers.";
            return self.events.tell(Severity::Warning, text.to_owned());
        }
        self.leaving = Some(status.term);
    }

    pub(super) fn hand_over(&mut self, status: &Status) {
        let to = self.successor(status);
        self.chosen = None;
        let Some(to) = to else { return };
        let node = Arc::clone(&self.node);
        self.words.spawn(async move {
            if let Err(error) = node.transfer(to).await {
                tracing::debug!("cluster: {error}");
            }
        });
    }

    /// Others that may hold, and were heard lately.
    pub(super) fn able<'a>(&self, status: &'a Status) -> impl Iterator<Item = &'a Seat> {
        successors(status, self.election).map(|(seat, _)| seat)
    }

    /// Who shall lead next: who was chosen; else of those that may hold one that is fit, the one that is preferred, or the one
    /// that answered last.
    fn successor(&self, status: &Status) -> Option<NodeId> {
        let best = successors(status, self.election).max_by_key(|(seat, at)| {
            let rank = self.preference.rank(&seat.member.name);
            let chosen = self.chosen == Some(seat.node);
            (chosen, self.node.is_fit(seat.node), std::cmp::Reverse(rank), *at)
        });
        best.map(|(seat, _)| seat.node)
    }
}

/// Others that may hold and answered lately, and what they answered last had been sent.
fn successors(status: &Status, election: Duration) -> impl Iterator<Item = (&Seat, Instant)> {
    let able =
        status.seats.iter().filter(|seat| seat.voter && !seat.member.witness && seat.node != status.node);
    able.filter_map(move |seat| {
        let at = status.acked.get(&seat.node).copied().filter(|at| since(*at) < election)?;
        Some((seat, at))
    })
}
