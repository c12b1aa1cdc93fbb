//! What all nodes know alike: who holds the addresses, and what operators changed at run time. Pure: a decision goes
//! in, an outcome comes out, and the same decisions in the same order give the same state on every node.

mod journal;
mod member;

pub use journal::Journal;
pub use member::{Member, NodeId};

use lb_core::admin::Change;
use serde::{Deserialize, Serialize};

/// What the cluster decides: one entry of its log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    /// An operator changes something on every node.
    Change {
        /// The node that was asked.
        origin: NodeId,
        /// What it changes.
        change: Change,
    },
    /// A leader took the addresses.
    Acquired(Tenure),
    /// It let go of them by its own will.
    Released(Tenure),
    /// It is about to give them to a node that is preferred.
    Yielded(Tenure),
}

/// Who holds the addresses, and since which term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenure {
    /// The holder.
    pub node: NodeId,
    /// The term in which it leads.
    pub term: u64,
}

/// What became of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The state is now as it says.
    Done,
    /// The state is as before, on every node, and why.
    Refused(String),
}

/// The replicated state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    holder: Option<Tenure>,
    last: Option<Tenure>,
    yields: u32,
    journal: Journal,
}

impl State {
    /// Makes a decision true.
    pub fn apply(&mut self, decision: &Decision) -> Outcome {
        match decision {
            Decision::Change { change, .. } => match self.journal.record(change) {
                Ok(()) => Outcome::Done,
                Err(full) => Outcome::Refused(full.to_string()),
            },
            Decision::Acquired(tenure) => self.acquire(*tenure),
            Decision::Released(tenure) => {
                if self.holder == Some(*tenure) {
                    self.holder = None;
                }
                Outcome::Done
            }
            Decision::Yielded(_) => {
                self.yields = self.yields.saturating_add(1);
                Outcome::Done
            }
        }
    }

    /// Terms of holders only rise: what an old leader says late changes nothing.
    fn acquire(&mut self, tenure: Tenure) -> Outcome {
        match self.last {
            Some(last) if last == tenure && self.holder == Some(tenure) => Outcome::Done,
            Some(last) if tenure.term <= last.term => Outcome::Refused(format!(
                "Node {} held the addresses in term {} already; term {} comes too late.",
                last.node, last.term, tenure.term
            )),
            _ => {
                self.holder = Some(tenure);
                self.last = Some(tenure);
                Outcome::Done
            }
        }
    }

    /// Who is known to hold the addresses. A node that died is still named here until another took them.
    pub fn holder(&self) -> Option<Tenure> {
        self.holder
    }

    /// How often a holder gave the addresses to a preferred node.
    pub fn yields(&self) -> u32 {
        self.yields
    }

    /// What operators changed, as a node that comes late has to repeat it.
    pub fn changes(&self) -> &Journal {
        &self.journal
    }
}

#[cfg(test)]
mod tests;
