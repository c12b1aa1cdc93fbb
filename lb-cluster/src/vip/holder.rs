//! The holder: what a node sees goes in, what it has to do comes out, in the order in which it has to be done.

use super::{Announcer, Lease, Moment};
use std::time::Duration;

/// Less than this before its end, a lease is not worth the taking.
const WORTHWHILE: Duration = Duration::from_millis(8);
/// A guard is prolonged when that gains as much.
const GAIN: Duration = Duration::from_millis(5);
/// How long a node may be unfit before it gives the addresses away.
const PATIENCE: Duration = Duration::from_millis(300);
/// How often the addresses themselves are prolonged: the kernel keeps them for a second.
const REFRESH: Duration = Duration::from_millis(300);
/// After a guard was lost, the addresses are taken again at once the first time, and each time later while it goes on so.
const SHY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// A guard that lasted so long is trusted again.
const TRUSTED: Duration = Duration::from_secs(10);

/// What a node sees at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sight {
    /// The clock.
    pub now: Moment,
    /// The term, when this node leads in it and an entry of it is committed.
    pub leads: Option<u64>,
    /// When that was sent which a majority has answered last.
    pub acked: Option<Moment>,
    /// The interfaces have carrier, and what listens on the addresses answers.
    pub fit: bool,
    /// Another node that may hold the addresses is fit.
    pub other_fit: bool,
    /// The guard is in place, and took the last prolongation.
    pub guarded: bool,
    /// The node is to give the addresses away: it stops, an operator asked, or it is about to hand over.
    pub leaving: bool,
    /// A link or a member came back, or another claimed an address.
    pub stirred: bool,
}

/// What is to be done. Whoever does it, does all of it in order, and reads the clock again after `Guard`: one that was
/// set too late is withdrawn, and seen as not guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Puts the guard in place, closed.
    Rebuild,
    /// Opens the guard until then, and not longer.
    Guard(Moment),
    /// Closes it.
    Close,
    /// Puts the addresses on their interfaces, or prolongs them.
    Address,
    /// Takes them off, and closes connections to them.
    Remove,
    /// Announces them.
    Announce,
    /// The addresses are free: leadership may go to another.
    Transfer,
    /// They were taken in this term: what the cluster and the operator are told.
    Acquired(u64),
    /// They were let go.
    Released(u64, Reason),
}

/// Why addresses were let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The lease ended: this node leads no more, or is not heard.
    Lapsed,
    /// The guard was lost, or did not take a prolongation.
    Unguarded,
    /// This node was unfit for 300 ms, and another is fit.
    Unfit,
    /// It was asked to.
    Leaving,
}

/// A tenure in progress.
#[derive(Clone, Copy, Debug)]
struct Tenure {
    term: u64,
    since: Moment,
    until: Moment,
    refreshed: Moment,
    announcer: Announcer,
}

/// One node's part in who holds the addresses.
#[derive(Clone, Debug)]
pub struct Holder {
    lease: Lease,
    /// A new leader waits so long: guards of a kind that ends later than leases do.
    succession: Duration,
    /// The term in which this node leads, and since when.
    leads: Option<(u64, Moment)>,
    tenure: Option<Tenure>,
    /// The last term in which this node held: it takes nothing in an earlier one.
    term: u64,
    /// The term in which it gave them away by its own will: it does not take them back in it.
    given_away: Option<u64>,
    unfit_since: Option<Moment>,
    /// After guards were lost: until when nothing is taken, and the next pause.
    shy: (Moment, Duration),
}

impl Holder {
    /// One that holds nothing. `succession`: how much longer than its lease a predecessor may answer.
    pub fn new(lease: Lease, succession: Duration) -> Self {
        Self {
            lease,
            succession,
            leads: None,
            tenure: None,
            term: 0,
            given_away: None,
            unfit_since: None,
            shy: (Moment::ZERO, Duration::ZERO),
        }
    }

    /// Until when this node holds.
    pub fn held_until(&self) -> Option<Moment> {
        self.tenure.map(|tenure| tenure.until)
    }

    /// What is to be done now. Called often: every few milliseconds, and whenever something is seen.
    pub fn step(&mut self, sight: &Sight) -> Vec<Action> {
        self.watch_fitness(sight);
        self.leads = sight.leads.map(|term| match self.leads {
            Some((before, since)) if before == term => (term, since),
            _ => (term, sight.now),
        });
        let lease = self.entitlement(sight);
        let mut actions = Vec::new();
        match self.tenure {
            Some(tenure) => {
                let reason = self.reason_to_release(&tenure, lease, sight);
                match (reason, lease) {
                    (Some(reason), _) => self.release(tenure, reason, sight, &mut actions),
                    (None, Some((_, until))) => self.prolong(tenure, until, sight, &mut actions),
                    (None, None) => self.release(tenure, Reason::Lapsed, sight, &mut actions),
                }
            }
            None => {
                if let Some((term, until)) = lease.filter(|(term, until)| self.may_take(*term, *until, sight))
                {
                    self.acquire(term, until, sight, &mut actions);
                } else if (sight.leaving || self.is_impatient(sight) && sight.other_fit)
                    && sight.leads.is_some_and(|term| self.given_away != Some(term))
                {
                    self.give_away(sight, &mut actions);
                }
            }
        }
        actions
    }

    /// The term and the end of the lease that this node has, if it leads and was heard.
    fn entitlement(&self, sight: &Sight) -> Option<(u64, Moment)> {
        let until = self.lease.end(sight.acked?);
        Some((sight.leads?, until)).filter(|_| sight.now < until)
    }

    fn may_take(&self, term: u64, until: Moment, sight: &Sight) -> bool {
        let worthwhile = sight.now + WORTHWHILE < until;
        let alone = self.leads.is_some_and(|(_, since)| sight.now >= since + self.succession);
        worthwhile
            && alone
            && sight.now >= self.shy.0
            && sight.fit
            && !sight.leaving
            && term >= self.term
            && self.given_away != Some(term)
    }

    fn reason_to_release(
        &self,
        tenure: &Tenure,
        lease: Option<(u64, Moment)>,
        sight: &Sight,
    ) -> Option<Reason> {
        if lease.is_none_or(|(term, _)| term != tenure.term) || sight.now >= tenure.until {
            Some(Reason::Lapsed)
        } else if !sight.guarded {
            Some(Reason::Unguarded)
        } else if sight.leaving {
            Some(Reason::Leaving)
        } else if self.is_impatient(sight) && sight.other_fit {
            Some(Reason::Unfit)
        } else {
            None
        }
    }

    fn acquire(&mut self, term: u64, until: Moment, sight: &Sight, actions: &mut Vec<Action>) {
        let mut announcer = Announcer::default();
        announcer.due(sight.now);
        if !sight.guarded {
            actions.push(Action::Rebuild);
        }
        actions.extend([Action::Guard(until), Action::Address, Action::Announce, Action::Acquired(term)]);
        self.term = term;
        self.tenure = Some(Tenure { term, since: sight.now, until, refreshed: sight.now, announcer });
    }

    fn prolong(&mut self, mut tenure: Tenure, until: Moment, sight: &Sight, actions: &mut Vec<Action>) {
        if until >= tenure.until + GAIN {
            tenure.until = until;
            actions.push(Action::Guard(until));
        }
        if sight.now >= tenure.refreshed + REFRESH {
            tenure.refreshed = sight.now;
            actions.push(Action::Address);
        }
        if sight.stirred {
            tenure.announcer.burst();
        }
        if tenure.announcer.due(sight.now) {
            actions.push(Action::Announce);
        }
        self.tenure = Some(tenure);
    }

    fn release(&mut self, tenure: Tenure, reason: Reason, sight: &Sight, actions: &mut Vec<Action>) {
        self.tenure = None;
        if reason == Reason::Unguarded {
            let (first, last) = SHY;
            let pause = if sight.now >= tenure.since + TRUSTED { Duration::ZERO } else { self.shy.1 };
            self.shy = (sight.now + pause, (pause * 2).clamp(first, last));
        }
        actions.extend([Action::Close, Action::Remove, Action::Released(tenure.term, reason)]);
        if matches!(reason, Reason::Unfit | Reason::Leaving) {
            self.give_away(sight, actions);
        }
    }

    /// Only what is not held is handed over: a transfer bypasses leases.
    fn give_away(&mut self, sight: &Sight, actions: &mut Vec<Action>) {
        self.given_away = sight.leads;
        actions.push(Action::Transfer);
    }

    /// True when it was unfit for too long.
    fn is_impatient(&self, sight: &Sight) -> bool {
        self.unfit_since.is_some_and(|since| sight.now >= since + PATIENCE)
    }

    fn watch_fitness(&mut self, sight: &Sight) {
        self.unfit_since = match (sight.fit, self.unfit_since) {
            (true, _) => None,
            (false, since) => since.or(Some(sight.now)),
        };
    }
}
