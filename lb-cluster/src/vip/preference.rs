//! `prefer`: when a holder gives the addresses to a node that should rather have them. Pure.
//!
//! Moves cost connections, so a preferred node must have been fit for a while, and for longer each time this was done lately:
//! a node that fails again and again does not take the addresses along. For the same reason a node that is better than the holder
//! does not get them while one that is better still is fit and only waits out its time: one move is made, not two.

use super::Moment;
use crate::state::NodeId;
use std::collections::BTreeMap;
use std::time::Duration;

/// The first wait, and the longest.
const WAITS: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(600));
/// After so long without such a move, waits are short again.
const FORGIVEN: Duration = Duration::from_secs(1200);

/// A node that may hold, as the holder sees it.
#[derive(Clone, Copy, Debug)]
pub struct Peer<'a> {
    /// Its id.
    pub node: NodeId,
    /// Its name.
    pub name: &'a str,
    /// It answers, and could serve.
    pub fit: bool,
}

/// One node's memory of it.
#[derive(Clone, Debug, Default)]
pub struct Preference {
    order: Vec<String>,
    /// Since when nodes have been fit without a break.
    fit_since: BTreeMap<NodeId, Moment>,
    /// Moves that the cluster has made for it, when that changed last, and how many are forgiven.
    moves: u32,
    changed: Moment,
    forgiven: u32,
}

impl Preference {
    /// By name, the best first. Nodes that are not named come after those that are.
    pub fn new(order: Vec<String>) -> Self {
        Self { order, ..Self::default() }
    }

    /// Every node follows how many such moves there were, since any may be the next to decide.
    pub fn remember(&mut self, now: Moment, moves: u32) {
        if moves != self.moves {
            (self.moves, self.changed) = (moves, now);
        } else if now >= self.changed + FORGIVEN {
            self.forgiven = moves;
        }
    }

    /// Called by who does not hold: what it saw of others before means nothing.
    pub fn rest(&mut self) {
        self.fit_since.clear();
    }

    /// The node that should have the addresses now rather than `me`, who holds them.
    pub fn better<'a>(
        &mut self,
        now: Moment,
        me: &str,
        peers: impl Iterator<Item = Peer<'a>>,
    ) -> Option<NodeId> {
        let own = self.rank(me);
        if own == 0 || self.order.is_empty() {
            return None;
        }
        let wait = self.wait();
        let before = std::mem::take(&mut self.fit_since);
        let mut best: Option<(usize, NodeId, Moment)> = None;
        for peer in peers.filter(|peer| peer.fit) {
            let since = before.get(&peer.node).copied().unwrap_or(now);
            self.fit_since.insert(peer.node, since);
            let rank = self.rank(peer.name);
            if rank < own && best.is_none_or(|(least, ..)| rank < least) {
                best = Some((rank, peer.node, since));
            }
        }
        // The others wait for it as well: no longer than it is fit, so for one wait at most.
        best.filter(|(.., since)| now >= *since + wait).map(|(_, node, _)| node)
    }

    /// Where a node stands: 0 is the best.
    pub fn rank(&self, name: &str) -> usize {
        self.order.iter().position(|known| known == name).unwrap_or(self.order.len())
    }

    fn wait(&self) -> Duration {
        let (first, longest) = WAITS;
        let doublings = self.moves.saturating_sub(self.forgiven).min(16);
        (first * (1 << doublings)).min(longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: NodeId = NodeId(1);
    const B: NodeId = NodeId(2);

    fn s(seconds: u64) -> Moment {
        Duration::from_secs(seconds)
    }

    fn prefers() -> Preference {
        Preference::new(vec!["a".into(), "b".into()])
    }

    fn peers(a: bool, b: bool) -> impl Iterator<Item = Peer<'static>> {
        [Peer { node: A, name: "a", fit: a }, Peer { node: B, name: "b", fit: b }].into_iter()
    }

    /// After how many seconds of fitness the first one gets them from the third.
    fn wait(preference: &mut Preference, from: u64) -> u64 {
        preference.rest();
        let waited = (0..1000).find(|now| preference.better(s(from + now), "c", peers(true, true)).is_some());
        waited.unwrap_or(u64::MAX)
    }

    #[test]
    fn a_better_node_waits_until_it_was_fit_for_a_while() {
        let mut preference = prefers();
        assert_eq!(preference.better(s(0), "c", peers(false, true)), None);
        assert_eq!(preference.better(s(9), "c", peers(false, true)), None);
        assert_eq!(preference.better(s(10), "c", peers(false, true)), Some(B));
        assert_eq!(preference.better(s(11), "b", peers(true, true)), None);
        // A break begins it anew.
        assert_eq!(preference.better(s(15), "b", peers(false, true)), None);
        assert_eq!(preference.better(s(21), "b", peers(true, true)), None);
        assert_eq!(preference.better(s(31), "b", peers(true, true)), Some(A));
    }

    #[test]
    fn the_best_is_waited_for_so_that_connections_are_cut_once() {
        let mut preference = prefers();
        assert_eq!(preference.better(s(0), "c", peers(false, true)), None);
        assert_eq!(preference.better(s(1), "c", peers(true, true)), None);
        assert_eq!(preference.better(s(10), "c", peers(true, true)), None);
        assert_eq!(preference.better(s(11), "c", peers(true, true)), Some(A));
        // One that fails meanwhile holds up nothing.
        let mut preference = prefers();
        assert_eq!(preference.better(s(0), "c", peers(false, true)), None);
        assert_eq!(preference.better(s(9), "c", peers(true, true)), None);
        assert_eq!(preference.better(s(12), "c", peers(true, true)), None);
        assert_eq!(preference.better(s(13), "c", peers(false, true)), Some(B));
    }

    #[test]
    fn the_best_keeps_them_and_nobody_is_better_without_an_order() {
        assert_eq!(prefers().better(s(0), "a", peers(true, true)), None);
        let mut none = Preference::default();
        for now in 0..60 {
            assert_eq!(none.better(s(now), "c", peers(true, true)), None);
        }
    }

    #[test]
    fn each_move_doubles_the_wait_up_to_ten_minutes_until_it_is_forgiven() {
        let mut preference = prefers();
        let mut waits = Vec::new();
        for moves in 0..9 {
            preference.remember(s(1), moves);
            waits.push(wait(&mut preference, 10));
        }
        assert_eq!(waits, [10, 20, 40, 80, 160, 320, 600, 600, 600]);
        preference.remember(s(1200), 8);
        assert_eq!(wait(&mut preference, 1200), 600);
        preference.remember(s(1201), 8);
        assert_eq!(wait(&mut preference, 1201), 10);
        preference.remember(s(1300), 9);
        assert_eq!(wait(&mut preference, 1300), 20);
    }
}
