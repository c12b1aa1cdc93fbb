//! Who may be voted for before the present leader's lease ends: whom that leader itself has named.
//!
//! A vote in a handover bypasses leases, which all else rests on. openraft takes the candidate's word that it is one;
//! here it counts only when the leader has said so.

use crate::runtime::{now, since, timeout};
use crate::state::NodeId;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long a candidate may be ahead of its leader's word.
const AHEAD: Duration = Duration::from_millis(50);

/// The last handover that a leader announced.
#[derive(Debug)]
pub(super) struct Handover {
    named: watch::Sender<Option<(NodeId, Instant)>>,
    valid: Duration,
}

impl Handover {
    /// None yet. One that is announced is valid for some time.
    pub(super) fn new(valid: Duration) -> Self {
        Self { named: watch::Sender::new(None), valid }
    }

    /// The leader names its successor.
    pub(super) fn announce(&self, successor: NodeId) {
        self.named.send_replace(Some((successor, now())));
    }

    /// Whether a candidate was named; waits a little, since the leader's word may be on its way.
    pub(super) async fn allows(&self, candidate: NodeId) -> bool {
        let mut named = self.named.subscribe();
        let is_it = |named: &Option<(NodeId, Instant)>| {
            named.is_some_and(|(successor, at)| successor == candidate && since(at) < self.valid)
        };
        timeout(AHEAD, named.wait_for(is_it)).await.is_ok_and(|allowed| allowed.is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_who_was_named_and_only_for_a_while() {
        let handover = Handover::new(Duration::from_secs(60));
        assert!(!handover.allows(NodeId(1)).await);
        handover.announce(NodeId(1));
        assert!(handover.allows(NodeId(1)).await);
        assert!(!handover.allows(NodeId(2)).await);
        let expired = Handover::new(Duration::ZERO);
        expired.announce(NodeId(1));
        assert!(!expired.allows(NodeId(1)).await);
    }

    #[tokio::test]
    async fn the_leaders_word_may_come_a_little_later() {
        let handover = Handover::new(Duration::from_secs(60));
        let (allowed, ()) = tokio::join!(handover.allows(NodeId(1)), async {
            tokio::task::yield_now().await;
            handover.announce(NodeId(1));
        });
        assert!(allowed);
    }
}
