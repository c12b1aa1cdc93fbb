//! What was turned away, and why.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of one node's transport.
#[derive(Debug, Default)]
pub struct Counters {
    strangers: AtomicU64,
    crowded: AtomicU64,
    handshakes: AtomicU64,
    terms: AtomicU64,
    malformed: AtomicU64,
    requests: AtomicU64,
}

/// Their values at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Connections whose source is no member's address.
    pub strangers: u64,
    /// Connections beyond what one source may have.
    pub crowded: u64,
    /// Handshakes that failed: no certificate, a wrong one, a wrong name, too slow.
    pub handshakes: u64,
    /// Peers whose cluster section differs.
    pub terms: u64,
    /// Frames that were malformed, too long, or too slow.
    pub malformed: u64,
    /// Requests that were answered.
    pub requests: u64,
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    Stranger,
    Crowded,
    Handshake,
    Terms,
    Malformed,
    Request,
}

impl Counters {
    pub(super) fn count(&self, event: Event) {
        let counter = match event {
            Event::Stranger => &self.strangers,
            Event::Crowded => &self.crowded,
            Event::Handshake => &self.handshakes,
            Event::Terms => &self.terms,
            Event::Malformed => &self.malformed,
            Event::Request => &self.requests,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Their values now.
    pub fn read(&self) -> Counted {
        let value = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counted {
            strangers: value(&self.strangers),
            crowded: value(&self.crowded),
            handshakes: value(&self.handshakes),
            terms: value(&self.terms),
            malformed: value(&self.malformed),
            requests: value(&self.requests),
        }
    }
}
