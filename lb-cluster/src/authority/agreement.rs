//! Tells the others what this node's files say, and the operator when those of others say something else.

use super::Common;
use crate::raft::{Node, Seat};
use crate::runtime::now;
use crate::state::{Decision, Difference, Sections};
use lb_core::process::Severity;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::watch;

/// How often it looks.
pub(super) const EVERY: Duration = Duration::from_millis(500);
/// Within which a decision is made, or another attempt.
const LIMIT: Duration = Duration::from_secs(2);
/// Differences that one message names.
const NAMED: usize = 8;

/// What the operator knows.
pub(super) struct Agreement {
    told: BTreeSet<Difference>,
    /// This node's files, as its engine reads them.
    sections: watch::Receiver<Option<Vec<(String, u64)>>>,
    /// The place in the log and the members that it was last looked at with.
    looked: Option<(u64, Vec<Seat>)>,
}

impl Agreement {
    pub(super) fn new(common: &Common) -> Self {
        Self { told: BTreeSet::new(), sections: common.sections.subscribe(), looked: None }
    }

    /// One look, where anything has changed. Files that have changed are told first.
    pub(super) async fn look(&mut self, node: &Node, common: &Common) {
        let status = node.status();
        let place = common.replica.look(|_, place| place);
        let same = |(at, seats): &(u64, Vec<Seat>)| *at == place && *seats == status.seats;
        if self.looked.as_ref().is_some_and(same) && !self.sections.has_changed().unwrap_or(true) {
            return;
        }
        self.looked = None;
        let Some(sections) = self.sections.borrow_and_update().clone() else { return };
        let Some(seat) = status.seats.iter().find(|seat| seat.node == status.node) else { return };
        let own = Sections::new(status.node, seat.member.name.clone(), sections);
        let is_known = common.replica.look(|state, _| state.files().of(own.node) == Some(&own));
        if !is_known {
            // Where nobody decides, the next look tries again.
            let _ = node.agree(Decision::Sections(own), now() + LIMIT).await;
            return;
        }
        self.compare(&own, &status.seats, common);
        self.looked = Some((place, status.seats));
    }

    fn compare(&mut self, own: &Sections, seats: &[Seat], common: &Common) {
        let counts = |node| seats.iter().any(|seat| seat.node == node && !seat.member.witness);
        let own_counts = counts(own.node) && !own.sections.is_empty();
        let found: BTreeSet<_> = if own_counts {
            common.replica.look(|state, _| state.files().differences(own, counts).into_iter().collect())
        } else {
            BTreeSet::new()
        };
        if found == self.told {
            return;
        }
        let before = std::mem::replace(&mut self.told, found);
        if self.told.is_empty() {
            let text = "the nodes have the same proxy sections again.";
            return common.events.tell(Severity::Notice, text.to_owned());
        }
        let new: Vec<_> = self.told.difference(&before).collect();
        if new.is_empty() {
            return;
        }
        let named = new.iter().take(NAMED).map(|one| format!("{} ({})", one.section, one.node));
        let named: Vec<_> = named.collect();
        let more = if new.len() > NAMED { ", and others" } else { "" };
        let text = format!(
            "the nodes do not have the same proxy sections: {}{more}; 'show cluster config' tells all.",
            named.join(", ")
        );
        common.events.tell(Severity::Warning, text);
    }
}
