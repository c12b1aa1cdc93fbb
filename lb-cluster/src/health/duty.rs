//! Who checks which server: rendezvous hashing. Every node ranks all nodes for a server in the same order, and the first that
//! is fit checks it; when a node comes or goes, only what it checks moves. Pure.

use crate::state::{NodeId, TargetId};
use std::cmp::Reverse;
use xxhash_rust::xxh3::xxh3_64;

/// The nodes in the order in which they check a server.
pub fn order(target: TargetId, nodes: impl IntoIterator<Item = NodeId>) -> Vec<NodeId> {
    let mut nodes: Vec<_> = nodes.into_iter().collect();
    nodes.sort_by_key(|node| Reverse((weight(target, *node), *node)));
    nodes
}

fn weight(target: TargetId, node: NodeId) -> u64 {
    let mut bytes = [0; 24];
    let (one, other) = bytes.split_at_mut(16);
    one.copy_from_slice(&target.0.to_le_bytes());
    other.copy_from_slice(&node.0.to_le_bytes());
    xxh3_64(&bytes)
}

/// Who has to do with a server, as one node sees it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circle {
    /// This node.
    pub me: NodeId,
    /// Who knows the server and is heard, this node included, in order.
    pub all: Vec<NodeId>,
    /// Who checks it.
    pub prober: NodeId,
    /// A majority of the cluster is reached: what this node finds can be agreed upon.
    pub quorum: bool,
}

impl Circle {
    /// This node checks the server.
    pub fn probes(&self) -> bool {
        self.prober == self.me
    }

    /// The others, in order.
    pub fn others(&self) -> impl Iterator<Item = NodeId> {
        self.all.iter().copied().filter(|node| *node != self.me)
    }

    /// How many others come before this node, the one that checks first of all.
    pub fn rank(&self) -> u32 {
        if self.probes() {
            return 0;
        }
        let before = self.all.iter().take_while(|node| **node != self.me).count();
        u32::try_from(before).unwrap_or(u32::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn servers_are_spread_evenly() {
        let nodes = [NodeId(0x1234), NodeId(0x9999), NodeId(7)];
        let mut counts = BTreeMap::<NodeId, usize>::new();
        for target in 0..3000 {
            *counts.entry(order(TargetId(target), nodes)[0]).or_default() += 1;
        }
        assert!(counts.values().all(|count| (900..1100).contains(count)), "{counts:?}");
    }

    proptest! {
        /// When a node goes, the others keep what they have.
        #[test]
        fn only_what_the_lost_one_had_moves(target: u128, nodes in prop::collection::btree_set(any::<u64>(), 2..7)) {
            let before = order(TargetId(target), nodes.iter().copied().map(NodeId));
            for gone in &before {
                let after = order(TargetId(target), before.iter().copied().filter(|node| node != gone));
                let kept: Vec<_> = before.iter().copied().filter(|node| node != gone).collect();
                prop_assert_eq!(after, kept);
            }
        }
    }
}
