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
    /// Requests below this number are over.
    floor: u64,
    done: BTreeMap<u64, (u64, Outcome)>,
}

impl Requests {
    /// The entry of the log that a request was decided by, and its outcome.
    pub fn known(&self, id: RequestId) -> Option<&(u64, Outcome)> {
        self.lives.get(&(id.node, id.life))?.done.get(&id.number)
    }

    /// Nobody waits for it any more, whatever became of it: a copy of it was on its way for long.
    pub fn is_over(&self, id: RequestId) -> bool {
        self.lives.get(&(id.node, id.life)).is_some_and(|life| id.number < life.floor)
    }

    /// Remembers what became of a request, and forgets those that nobody waits for.
    pub fn note(&mut self, index: u64, proposal: &Proposal, outcome: &Outcome) {
        let id = proposal.id;
        let life = self.lives.entry((id.node, id.life)).or_default();
        life.heard = index;
        life.done.insert(id.number, (index, outcome.clone()));
        life.floor = life.floor.max(proposal.floor.min(id.number));
        while life.done.len() > REQUESTS
            && let Some((forgotten, _)) = life.done.pop_first()
        {
            life.floor = life.floor.max(forgotten + 1);
        }
        life.done = life.done.split_off(&life.floor);
        if self.lives.len() > LIVES {
            let oldest = self.lives.iter().min_by_key(|(_, life)| life.heard).map(|(key, _)| *key);
            oldest.and_then(|key| self.lives.remove(&key));
        }
    }
}
