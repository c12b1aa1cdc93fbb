//! Whether other nodes could serve on the addresses: a leader asks them all the time, and each says how it is itself.

use super::network::{Answer, Request, ask};
use super::{Role, Status, Types};
use crate::runtime::{self, now, since};
use crate::state::NodeId;
use crate::transport::{Caller, Link};
use futures_util::future::join_all;
use openraft::RaftMetrics;
use openraft::alias::WatchReceiverOf;
use openraft::async_runtime::WatchReceiver;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often the others are asked, and how long one may take.
const EVERY: Duration = Duration::from_millis(100);
const LIMIT: Duration = Duration::from_millis(300);
/// What was said longer ago counts no more.
const FRESH: Duration = Duration::from_secs(1);

/// What is known of it; clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Conditions {
    own: Arc<AtomicBool>,
    /// When others said last that they are fit.
    fit: Arc<Mutex<BTreeMap<NodeId, Instant>>>,
}

impl Conditions {
    /// Whether this node could serve.
    pub(super) fn own(&self) -> bool {
        self.own.load(Ordering::Relaxed)
    }

    /// Says so.
    pub(super) fn set_own(&self, fit: bool) {
        self.own.store(fit, Ordering::Relaxed);
    }

    /// A node has said lately that it could.
    pub(super) fn is_fit(&self, node: NodeId) -> bool {
        self.fit().get(&node).is_some_and(|said| since(*said) < FRESH)
    }

    fn fit(&self) -> MutexGuard<'_, BTreeMap<NodeId, Instant>> {
        self.fit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, node: NodeId, fit: bool) {
        if fit {
            self.fit().insert(node, now());
        } else {
            self.fit().remove(&node);
        }
    }
}

/// Asks for as long as the node runs, while it leads.
pub(super) async fn ask_others(
    metrics: WatchReceiverOf<Types, RaftMetrics<Types>>,
    caller: Caller,
    conditions: Conditions,
) {
    let mut links: BTreeMap<NodeId, Link> = BTreeMap::new();
    let mut tick = runtime::interval(EVERY);
    loop {
        tick.tick().await;
        let status = Status::of(&metrics.borrow_watched());
        if status.role != Role::Leader {
            links.clear();
            conditions.fit().clear();
            continue;
        }
        let able = status.seats.into_iter().filter(|seat| seat.voter && !seat.member.witness);
        let questions: Vec<_> = able
            .filter(|seat| seat.node != status.node)
            .map(|seat| {
                let new = || Link::new(caller.clone(), seat.member.clone());
                let mut link = links.remove(&seat.node).unwrap_or_else(new);
                let conditions = &conditions;
                async move {
                    let said = ask(&mut link, Some(seat.node), Request::Condition, LIMIT).await;
                    // Silence is no answer: what was said before counts for a while.
                    if let Ok(Answer::Condition { fit }) = said {
                        conditions.note(seat.node, fit);
                    }
                    (seat.node, link)
                }
            })
            .collect();
        // Links to who left are dropped.
        links = join_all(questions).await.into_iter().collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_that_it_is_not_fit_is_not() {
        let conditions = Conditions::default();
        assert!(!conditions.own() && !conditions.is_fit(NodeId(1)));
        conditions.note(NodeId(1), true);
        assert!(conditions.is_fit(NodeId(1)) && !conditions.is_fit(NodeId(2)));
        conditions.note(NodeId(1), false);
        assert!(!conditions.is_fit(NodeId(1)));
    }
}
