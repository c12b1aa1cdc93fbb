//! What a node would have the cluster say of a server, by what it sees and what it has heard.

use super::{CONFIRMERS, GRACE, Heard, Out, Target, ask};
use crate::health::duty::Circle;
use crate::health::flips::Flips;
use crate::health::view::{Standing, tally};
use crate::state::{NodeId, Ruling};
use std::time::Duration;

/// A node that is not the prober leaves it so much time for each that comes before it to propose the same.
const STAGGER: Duration = Duration::from_millis(50);
/// A proposal that nothing came of is made again after this.
const AGAIN: Duration = Duration::from_millis(500);

impl Target {
    /// What this node would have the cluster say; none: what it says, or it is too early to tell.
    pub fn decide(&mut self, circle: &Circle, now: Duration, out: &mut Out) -> Option<Ruling> {
        let own = self.own.as_ref().filter(|_| circle.quorum)?.view.standing;
        let ruling = match self.ruling {
            Ruling::Up | Ruling::Stopping if own == Standing::Down => self.confirm(circle, now, out)?,
            _ if !circle.probes() => return None,
            Ruling::Up | Ruling::Stopping => own.ruling(),
            Ruling::Disputed => self.settle_dispute(own, circle, now)?,
            Ruling::Down => self.reconsider(circle, now)?,
            Ruling::Held if Flips::is_over(self.well_since, self.inter, now) => own.ruling(),
            Ruling::Held => return None,
        };
        let ruling = if self.flips.too_many(ruling, self.inter, now) { Ruling::Held } else { ruling };
        let waits = self.proposed.is_some_and(|(same, at)| same == ruling && now < at + AGAIN);
        if ruling == self.ruling || waits {
            return None;
        }
        self.proposed = Some((ruling, now));
        Some(ruling)
    }

    /// Whether others see it as this node does, whose checks have failed.
    pub(super) fn confirm(&mut self, circle: &Circle, now: Duration, out: &mut Out) -> Option<Ruling> {
        let case = self.case.as_mut()?;
        let (round, raised) = case.raised?;
        if now < raised + STAGGER * circle.rank() {
            return None;
        }
        let all = circle.others().count();
        case.whole |= all <= CONFIRMERS;
        let late = now >= raised + self.inter * 2 + GRACE;
        let (mut good, mut bad, mut pending) = (0, 1, 0);
        for node in circle.others().take(if case.whole { all } else { CONFIRMERS }) {
            // Others than at first, or one in the place of one that is gone.
            if case.asked.insert(node) {
                ask(self.id, round, std::iter::once(node), out);
            }
            match self.heard.get(&node) {
                Some(heard) if heard.round >= round => {
                    *if heard.view.good { &mut good } else { &mut bad } += 1
                }
                // It failed there, too, after it had begun to fail here.
                Some(heard) if heard.round >= case.doubt && !heard.view.good => bad += 1,
                _ if late => {}
                _ => pending += 1,
            }
        }
        let ruling = tally(good, bad, pending, case.whole);
        if ruling == Some(Ruling::Disputed) && !case.whole {
            case.whole = true;
            return self.confirm(circle, now, out);
        }
        ruling
    }

    /// Who has said lately what its checks have led to. In a dispute, and against what is agreed, all who look say so each time.
    pub(super) fn lately(&self, node: NodeId, now: Duration) -> Option<&Heard> {
        self.heard.get(&node).filter(|heard| now <= heard.at + self.inter * 3 + GRACE)
    }

    /// Whether nodes have come to see it alike.
    pub(super) fn settle_dispute(&self, own: Standing, circle: &Circle, now: Duration) -> Option<Ruling> {
        let late = now >= self.since + self.inter * 3 + GRACE;
        let (mut good, mut bad, mut pending) = if own.is_up() { (1, 0, 0) } else { (0, 1, 0) };
        for node in circle.others() {
            match self.lately(node, now).map(|heard| heard.view.standing.is_up()) {
                Some(true) => good += 1,
                Some(false) => bad += 1,
                None if late => {}
                None => pending += 1,
            }
        }
        match (good, bad, pending) {
            (_, _, 1..) => None,
            // Views that come and go are no agreement.
            (_, 0, _) if now < self.since + self.inter * 3 => None,
            (_, 0, _) => Some(own.ruling()),
            (0, _, _) => Some(Ruling::Down),
            _ => None,
        }
    }

    /// Whether what is down comes back, or is seen by others than the prober.
    pub(super) fn reconsider(&self, circle: &Circle, now: Duration) -> Option<Ruling> {
        let own = &self.own.as_ref()?.view;
        let heard = || circle.others().filter_map(|node| self.lately(node, now));
        let good = heard().filter(|heard| heard.view.is_sure() == Some(true)).count();
        if self.dissents {
            return Some(Ruling::Disputed);
        }
        match self.well_since.filter(|_| own.standing.is_up()) {
            // Since it is well here, somebody has seen it fail.
            Some(since) if heard().any(|heard| !heard.view.standing.is_up() && heard.at > since) => {
                Some(Ruling::Disputed)
            }
            Some(_) => Some(own.standing.ruling()),
            None if good * 2 >= circle.all.len() => Some(Ruling::Disputed),
            None => None,
        }
    }
}
