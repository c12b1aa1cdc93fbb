//! A model of what the holder lives in: voters that promise, a leader that is heard, clocks at their own rates, a
//! kernel whose guard outlives its process, and a network that loses and delays. Raft's log is not in it: what counts
//! here is who may lead when, and when it was last heard.

use crate::vip::{Holder, Lease, Moment, Sight};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// E, in the nodes' own milliseconds.
pub(super) const ELECTION: f64 = 300.0;
const SHORTEST: f64 = 150.0;
const HEARTBEAT: f64 = 50.0;

/// What is left out, to see that it is missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sabotage {
    None,
    /// A lease as long as the promise it rests on, and somewhat longer.
    LongLease,
    /// Voters that restart vote at once, their promises forgotten.
    NoQuarantine,
    /// A guard that does not close by itself.
    OpenGuard,
    /// Who thinks that it leads, holds, heard or not.
    RoleAlone,
}

/// What a leader knows of its term.
#[derive(Debug, Default)]
struct Leading {
    sent: BTreeMap<u64, (f64, BTreeSet<usize>)>,
    acked: Option<f64>,
    next: f64,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Message {
    Ask(u64),
    Vote(u64),
    Append(u64, u64),
    Heard(u64, u64),
}

/// A process, and the kernel under it.
pub(super) struct Node {
    rate: f64,
    offset: f64,
    sabotage: Sabotage,
    pub(super) up: bool,
    pub(super) paused_until: f64,
    term: u64,
    promised: f64,
    stands_at: f64,
    quarantine: f64,
    votes: BTreeSet<usize>,
    leading: Option<Leading>,
    sequence: u64,
    pub(super) holder: Holder,
    /// Until when the kernel's guard is open; none: it was flushed, and stops nothing.
    pub(super) guard: Option<f64>,
    pub(super) address: bool,
    pub(super) inbox: Vec<(usize, Message)>,
}

impl Node {
    pub(super) fn new(rate: f64, offset: f64, sabotage: Sabotage) -> Self {
        Self {
            rate,
            offset,
            sabotage,
            up: true,
            paused_until: 0.0,
            term: 0,
            promised: 0.0,
            stands_at: 0.0,
            quarantine: 0.0,
            votes: BTreeSet::new(),
            leading: None,
            sequence: 0,
            holder: Self::holder(sabotage),
            guard: Some(0.0),
            address: false,
            inbox: Vec::new(),
        }
    }

    fn holder(sabotage: Sabotage) -> Holder {
        let election = if sabotage == Sabotage::LongLease { ELECTION * 1.4 } else { ELECTION };
        Holder::new(Lease::new(Duration::from_secs_f64(election / 1000.0)), Duration::ZERO)
    }

    /// Its clock at a true time, in milliseconds.
    pub(super) fn clock(&self, time: f64) -> f64 {
        self.offset + time * self.rate
    }

    /// The kernel lets the address through. `late` is how late the guard closes.
    pub(super) fn answers(&self, time: f64, late: f64) -> bool {
        let open =
            |until| self.clock(time) < until + late || self.sabotage == Sabotage::OpenGuard && until > 0.0;
        self.address && self.guard.is_none_or(open)
    }

    /// The process dies; its kernel stays as it is.
    pub(super) fn crash(&mut self) {
        self.up = false;
        self.inbox.clear();
    }

    /// It begins anew: votes and terms are on disk, promises are not.
    pub(super) fn restart(&mut self, time: f64, random: &mut fastrand::Rng) {
        let now = self.clock(time);
        self.up = true;
        self.guard = Some(0.0);
        self.address = false;
        self.holder = Self::holder(self.sabotage);
        self.leading = None;
        self.votes.clear();
        self.promised = 0.0;
        let rest = if self.sabotage == Sabotage::NoQuarantine { 0.0 } else { ELECTION * 1.2 };
        self.quarantine = now + rest;
        self.stands_at = self.quarantine + between(random, SHORTEST, ELECTION);
    }

    /// What Raft does: gives what is to be sent.
    pub(super) fn raft(
        &mut self,
        me: usize,
        size: usize,
        time: f64,
        random: &mut fastrand::Rng,
    ) -> Vec<(usize, Message)> {
        let now = self.clock(time);
        let mut out = Vec::new();
        for (from, message) in std::mem::take(&mut self.inbox) {
            if now >= self.quarantine {
                self.receive(me, from, message, now, size, random, &mut out);
            }
        }
        let others = || (0..size).filter(|other| *other != me);
        match &mut self.leading {
            Some(leading) if now >= leading.next => {
                self.sequence += 1;
                leading.next = now + HEARTBEAT;
                leading.sent.insert(self.sequence, (now, BTreeSet::from([me])));
                out.extend(others().map(|other| (other, Message::Append(self.term, self.sequence))));
            }
            None if now >= self.stands_at && now >= self.quarantine => {
                self.term += 1;
                self.votes = BTreeSet::from([me]);
                self.stands_at = now + between(random, SHORTEST, ELECTION);
                out.extend(others().map(|other| (other, Message::Ask(self.term))));
            }
            _ => {}
        }
        out
    }

    #[expect(clippy::too_many_arguments, reason = "one place, and each is a plain value")]
    fn receive(
        &mut self,
        me: usize,
        from: usize,
        message: Message,
        now: f64,
        size: usize,
        random: &mut fastrand::Rng,
        out: &mut Vec<(usize, Message)>,
    ) {
        match message {
            Message::Ask(term) => {
                let heard = self.leading.as_ref().and_then(|leading| leading.acked);
                let promised = now < self.promised || heard.is_some_and(|acked| now < acked + ELECTION);
                if term > self.term && !promised {
                    self.follow(term);
                    self.stands_at = now + ELECTION + between(random, SHORTEST, ELECTION);
                    out.push((from, Message::Vote(term)));
                }
            }
            Message::Vote(term) if term == self.term && self.leading.is_none() && !self.votes.is_empty() => {
                self.votes.insert(from);
                if self.votes.len() * 2 > size {
                    self.leading = Some(Leading { next: now, ..Leading::default() });
                }
            }
            Message::Append(term, sequence) if term >= self.term => {
                if term > self.term || from != me {
                    self.follow(term);
                }
                self.promised = now + ELECTION;
                self.stands_at = self.promised + between(random, SHORTEST, ELECTION);
                out.push((from, Message::Heard(term, sequence)));
            }
            Message::Heard(term, sequence) if term == self.term => {
                if let Some(leading) = &mut self.leading
                    && let Some((sent, heard)) = leading.sent.get_mut(&sequence)
                {
                    heard.insert(from);
                    if heard.len() * 2 > size {
                        leading.acked = Some(leading.acked.map_or(*sent, |acked| acked.max(*sent)));
                        leading.sent = leading.sent.split_off(&(sequence + 1));
                    }
                }
            }
            _ => {}
        }
    }

    fn follow(&mut self, term: u64) {
        self.term = term;
        self.leading = None;
        self.votes.clear();
    }

    /// When it was last heard by a majority, on its clock.
    pub(super) fn acked(&self) -> Option<f64> {
        self.leading.as_ref()?.acked
    }

    /// What its holder sees.
    pub(super) fn sight(&self, time: f64) -> Sight {
        let now = self.clock(time);
        let acked = if self.sabotage == Sabotage::RoleAlone && self.acked().is_some() {
            Some(now)
        } else {
            self.acked()
        };
        Sight {
            now: moment(now),
            leads: acked.map(|_| self.term),
            acked: acked.map(moment),
            fit: true,
            other_fit: true,
            guarded: self.guard.is_some(),
            leaving: false,
            stirred: false,
        }
    }
}

pub(super) fn moment(ms: f64) -> Moment {
    Duration::from_secs_f64(ms / 1000.0)
}

pub(super) fn millis(moment: Moment) -> f64 {
    moment.as_secs_f64() * 1000.0
}

pub(super) fn between(random: &mut fastrand::Rng, low: f64, high: f64) -> f64 {
    low + random.f64() * (high - low)
}
