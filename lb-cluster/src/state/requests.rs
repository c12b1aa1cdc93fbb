//! What became of requests that may come again, since who asked has heard nothing.

use super::{NodeId, Outcome, Proposal, RequestId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Lives of nodes that are remembered; of each, requests whose outcome is.
const LIVES: usize = 32;
const REQUESTS: usize = 512;

/// Outcomes, as long as they may be asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requests {
    lives: BTreeMap<(NodeId, u64), Life>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Life {
    /// The entry of the log that it was last heard by.
    heard: u64,
    done: BTreeMap<u64, (u64, Outcome)>,
}

impl Requests {
    /// The entry of the log that a request was decided by, and its outcome.
    pub fn known(&self, id: RequestId) -> Option<&(u64, Outcome)> {
        self.lives.get(&(id.node, id.life))?.done.get(&id.number)
    }

    /// Remembers what became of a request, and forgets those that nobody waits for.
    pub fn note(&mut self, index: u64, proposal: &Proposal, outcome: &Outcome) {
        let id = proposal.id;
        let life = self.lives.entry((id.node, id.life)).or_default();
        life.heard = index;
        life.done = life.done.split_off(&proposal.floor);
        life.done.insert(id.number, (index, outcome.clone()));
        while life.done.len() > REQUESTS {
            life.done.pop_first();
        }
        if self.lives.len() > LIVES {
            let oldest = self.lives.iter().min_by_key(|(_, life)| life.heard).map(|(key, _)| *key);
            oldest.and_then(|key| self.lives.remove(&key));
        }
    }
}
