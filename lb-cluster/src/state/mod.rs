//! What all nodes know alike: who holds the addresses, what operators changed at run time, and what servers were found
//! to be. Pure: a decision goes in, an outcome comes out, and the same decisions in the same order give the same state on
//! every node.

mod files;
mod health;
mod journal;
mod member;
mod proposal;
mod requests;

pub use files::{Difference, Files, How, Sections};
pub use health::{Finding, Found, MAX_VERDICTS, Ruling, TargetId, Verdict, Verdicts};
pub use journal::{Entry, Journal, is_gone};
pub use member::{Member, NodeId};
pub use proposal::{Proposal, RequestId, Told, describe};
pub use requests::Requests;

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What the cluster decides: one entry of its log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    /// An operator changes something on every node.
    Change(Box<Proposal>),
    /// A leader took the addresses.
    Acquired(Tenure),
    /// It let go of them by its own will.
    Released(Tenure),
    /// It is about to give them to a node that is preferred.
    Yielded(Tenure),
    /// What a node's files say.
    Sections(Sections),
    /// Servers were found to be other than they were known to be.
    Health(Vec<Finding>),
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
    requests: Requests,
    /// The latest changes, for people.
    told: VecDeque<Told>,
    files: Files,
    health: Verdicts,
}

/// How many of the latest changes are told.
const TOLD: usize = 256;

impl State {
    /// Makes a decision true, which is that entry of the log.
    pub fn apply(&mut self, index: u64, decision: &Decision) -> Outcome {
        match decision {
            Decision::Change(proposal) => self.change(index, proposal),
            Decision::Sections(said) => {
                self.files.take(said);
                Outcome::Done
            }
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
            Decision::Health(findings) => self.health.apply(findings),
        }
    }

    /// What comes a second time has been decided.
    fn change(&mut self, index: u64, proposal: &Proposal) -> Outcome {
        if let Some((_, outcome)) = self.requests.known(proposal.id) {
            return outcome.clone();
        }
        if self.requests.is_over(proposal.id) {
            return Outcome::Refused("This request is over: who made it has had an answer.".to_owned());
        }
        let outcome = self.journal.record(index, proposal);
        self.requests.note(index, proposal, &outcome);
        if outcome == Outcome::Done {
            if self.told.len() == TOLD {
                self.told.pop_front();
            }
            let Proposal { id, by, at, change, .. } = proposal;
            let told = Told { at: *at, node: id.node, by: by.clone(), what: describe(change) };
            self.told.push_back(told);
        }
        outcome
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

    /// What the nodes' files say.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// What is said of servers.
    pub fn health(&self) -> &Verdicts {
        &self.health
    }

    /// The latest changes, oldest first.
    pub fn told(&self) -> impl Iterator<Item = &Told> {
        self.told.iter()
    }

    /// What operators changed, as a node that comes late has to repeat it.
    pub fn changes(&self) -> &Journal {
        &self.journal
    }
}

#[cfg(test)]
mod tests;
