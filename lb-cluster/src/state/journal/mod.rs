//! What operators changed, in order, without what later changes made void.
//!
//! Making the changes that are kept, on whatever a node's file says and on whatever was made of it before the first of them,
//! leads to what making all of them leads to (a property test on the engine). So a node that lags goes on from any entry, and
//! one that starts makes them all.

mod list;
mod server;

use super::{Outcome, Proposal, RequestId};
use lb_core::admin::{Change, PatternEdit};
use list::Numbers;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// What all changes together may take, in bytes. They travel in snapshots and are repeated when a node starts.
const MAX_SIZE: usize = 8 << 20;
/// Servers that were added and deleted again, which are remembered for who lags, and for commands that come twice.
const GONE: usize = 1024;
/// What an entry takes beside its change.
const OVERHEAD: usize = 48;

/// There is no room for another change.
fn full() -> String {
    format!(
        "The cluster keeps {} MiB of changes and has no room for this one; put them into the configuration, or clear maps \
         and ACLs that are changed at run time.",
        MAX_SIZE >> 20
    )
}

/// A change to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Who asked for it.
    pub id: RequestId,
    /// What the file said about it of the node that was asked.
    pub base: u64,
    /// The change.
    pub change: Change,
    /// Of a list of patterns: the version that it edits.
    version: u32,
}

/// Changes to repeat.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// By their place in the log.
    entries: BTreeMap<u64, Entry>,
    /// Those of each thing that changes, oldest first.
    subjects: BTreeMap<Subject, Vec<u64>>,
    /// The versions of lists of patterns.
    lists: BTreeMap<String, Numbers>,
    /// Servers that are no more and stand in no file, and what deleted them.
    gone: VecDeque<(u64, String, String)>,
    /// Before it, some that are gone have been forgotten.
    horizon: u64,
    size: usize,
}

/// What a change is about: what is of no subject never makes void what is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Subject {
    Server(String, String),
    List(String),
    Frontend(String),
    Backend(String),
    Variable(String),
    Process,
}

fn subject(change: &Change) -> Subject {
    if let Some((backend, server)) = change.server() {
        return Subject::Server(backend.to_owned(), server.to_owned());
    }
    match change {
        Change::Patterns { list, .. } => Subject::List(list.clone()),
        Change::FrontendMaxconn { frontend, .. } | Change::Frontend { frontend, .. } => {
            Subject::Frontend(frontend.clone())
        }
        Change::Publish { backend, .. } => Subject::Backend(backend.clone()),
        Change::Variable { name, .. } => Subject::Variable(name.clone()),
        _ => Subject::Process,
    }
}

/// What becomes of an older entry, once a newer one is made.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Stays,
    Void,
    /// Only a part of it is left.
    Becomes(Change),
}

/// What becomes of a change.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Keep,
    /// It is true already, or nothing is left of it.
    Pass,
    Refuse(String),
}

impl Journal {
    /// Adds a change, and drops those that it makes void.
    pub fn record(&mut self, index: u64, proposal: &Proposal) -> Outcome {
        let change = &proposal.change;
        let subject = subject(change);
        let known: Vec<u64> = self.subjects.get(&subject).cloned().unwrap_or_default();
        match self.judge(change, &known) {
            Verdict::Keep => {}
            Verdict::Pass => return Outcome::Done,
            Verdict::Refuse(why) => return Outcome::Refused(why),
        }
        let version = self.version(change);
        let leaves = proposal.base == 0 && self.leaves(change, &known);
        let before = (proposal.base == 0).then(|| self.listed_as(change, &known)).flatten();
        let base = before.unwrap_or(proposal.base);
        let entry = Entry { id: proposal.id, base, change: change.clone(), version };
        let fates: Vec<_> = known.iter().map(|at| (*at, self.fate(*at, &entry, &known))).collect();
        let freed: usize = fates.iter().map(|(at, fate)| self.freed(*at, fate)).sum();
        let size = self.size.saturating_sub(freed) + size(change);
        if size > MAX_SIZE {
            return Outcome::Refused(full());
        }
        self.size = size;
        for (at, fate) in fates {
            match fate {
                Fate::Stays => {}
                Fate::Void => drop(self.entries.remove(&at)),
                Fate::Becomes(rest) => {
                    if let Some(entry) = self.entries.get_mut(&at) {
                        entry.change = rest;
                    }
                }
            }
        }
        self.number(change);
        let mut kept: Vec<_> = known.into_iter().filter(|at| self.entries.contains_key(at)).collect();
        if leaves {
            self.size = self.size.saturating_sub(self::size(change));
            self.remember(index, change);
        } else {
            self.entries.insert(index, entry);
            kept.push(index);
        }
        if kept.is_empty() {
            self.subjects.remove(&subject);
        } else {
            self.subjects.insert(subject, kept);
        }
        Outcome::Done
    }

    fn freed(&self, at: u64, fate: &Fate) -> usize {
        let Some(entry) = self.entries.get(&at) else { return 0 };
        match fate {
            Fate::Stays => 0,
            Fate::Void => size(&entry.change),
            Fate::Becomes(rest) => size(&entry.change).saturating_sub(size(rest)),
        }
    }

    fn judge(&self, change: &Change, known: &[u64]) -> Verdict {
        match change {
            // It is no state that a node would have to catch up with.
            Change::ClearCounters { .. } => Verdict::Pass,
            Change::AddServer { words, .. } => self.judge_new(words, known),
            Change::Patterns { list, edit } => self.judge_edit(list, edit, known),
            Change::Health { .. } if self.is_halted(known) => Verdict::Pass,
            _ => Verdict::Keep,
        }
    }

    fn fate(&self, at: u64, new: &Entry, known: &[u64]) -> Fate {
        let Some(old) = self.entries.get(&at) else { return Fate::Stays };
        let void = match (&new.change, &old.change) {
            (Change::Patterns { edit, .. }, Change::Patterns { edit: before, .. }) => {
                return self.edit_fate(at, (edit, new.version), (before, old.version), known);
            }
            (Change::FrontendMaxconn { .. }, Change::FrontendMaxconn { .. })
            | (Change::Frontend { .. }, Change::Frontend { .. })
            | (Change::Publish { .. }, Change::Publish { .. })
            | (Change::Variable { .. }, Change::Variable { .. })
            | (Change::GlobalMaxconn { .. }, Change::GlobalMaxconn { .. }) => true,
            (Change::RateLimit { sessions, .. }, Change::RateLimit { sessions: before, .. }) => {
                sessions == before
            }
            (new @ Change::State { .. }, old @ Change::State { .. }) => {
                server::supersedes(new, old) && !self.lets_health(at, known)
            }
            (new, old) => server::supersedes(new, old),
        };
        if void { Fate::Void } else { Fate::Stays }
    }

    /// The changes behind a place in the log, oldest first, with their places. Where servers that are gone since have been
    /// forgotten, [`Journal::reaches`] is false.
    pub fn after(&self, place: u64) -> Vec<(u64, Entry)> {
        let from = place.saturating_add(1);
        let kept = self.entries.range(from..).map(|(at, entry)| (*at, entry.clone()));
        let mut all: Vec<_> = kept.collect();
        let gone = self.gone.iter().filter(|(at, ..)| *at > place);
        all.extend(gone.map(|(at, backend, server)| {
            let change = Change::DeleteServer { backend: backend.clone(), server: server.clone() };
            (*at, Entry { id: RequestId::default(), base: 0, change, version: 0 })
        }));
        all.sort_by_key(|(at, _)| *at);
        all
    }

    /// True when all that was deleted behind a place is known.
    pub fn reaches(&self, place: u64) -> bool {
        place >= self.horizon
    }

    /// True for a server that a command added, and that is there.
    pub fn has_added(&self, backend: &str, server: &str) -> bool {
        let known = self.subjects.get(&Subject::Server(backend.to_owned(), server.to_owned()));
        known.is_some_and(|known| self.added(known).is_some())
    }

    /// The version that is current, and the latest that was prepared, of a list of patterns.
    pub fn numbers(&self, list: &str) -> (u32, u32) {
        self.lists.get(list).map_or((0, 0), |numbers| (numbers.current, numbers.next))
    }

    /// True when a command has had this effect, and none since has undone it: tools say the same to each node in turn.
    pub fn holds(&self, change: &Change) -> bool {
        let known = self.subjects.get(&subject(change)).map_or(&[][..], Vec::as_slice);
        match change {
            Change::AddServer { words, .. } => self.added(known) == Some(words),
            Change::DeleteServer { backend, server } => {
                let is_last = |at: &u64| {
                    self.entries
                        .get(at)
                        .is_some_and(|last| matches!(last.change, Change::DeleteServer { .. }))
                };
                let gone = || self.gone.iter().any(|(_, b, s)| (b, s) == (backend, server));
                known.last().map_or_else(gone, is_last)
            }
            Change::Patterns { list, edit: PatternEdit::Commit { version } } => {
                *version != 0 && self.numbers(list).0 == *version
            }
            Change::Patterns { list, edit: PatternEdit::Delete { key } } => {
                let current = self.numbers(list).0;
                let last = self.last_of(key, current, known);
                last.is_some_and(|last| matches!(last, PatternEdit::Delete { .. }))
            }
            _ => false,
        }
    }

    /// How many changes are kept, and how much they take, in bytes.
    pub fn size(&self) -> (usize, usize) {
        (self.entries.len(), self.size)
    }
}

/// True for the end of a server that stands in no file: nobody asked for it lately.
pub fn is_gone(entry: &Entry) -> bool {
    entry.id == RequestId::default()
}

/// The bytes of a change as it is kept. What cannot be measured fits nowhere.
fn size(change: &Change) -> usize {
    postcard::experimental::serialized_size(change).map_or(MAX_SIZE, |size| size + OVERHEAD)
}
