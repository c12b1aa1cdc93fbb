//! What operators changed, in order, without what later changes made void.
//!
//! Making the changes that are kept, on whatever a node's file says and on whatever was made of it before the first of them,
//! leads to what making all of them leads to (a property test on the engine). So a node that lags goes on from any entry, and
//! one that starts makes them all.

mod index;
mod list;
mod server;

use super::{Outcome, Proposal, RequestId};
use index::Index;
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
    /// A maintenance by which a health ended that had been set: who has seen that health must see it, even when it is over.
    ends: bool,
}

/// Changes to repeat.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct Journal {
    /// By their place in the log.
    entries: BTreeMap<u64, Entry>,
    /// The versions of lists of patterns.
    lists: BTreeMap<String, Numbers>,
    /// Servers that are no more and stand in no file, and what deleted them.
    gone: VecDeque<(u64, String, String)>,
    /// Before it, some that are gone have been forgotten.
    horizon: u64,
    #[serde(skip)]
    index: Index,
    #[serde(skip)]
    size: usize,
}

/// A journal as it travels and rests.
#[derive(Deserialize)]
struct Stored {
    entries: BTreeMap<u64, Entry>,
    lists: BTreeMap<String, Numbers>,
    gone: VecDeque<(u64, String, String)>,
    horizon: u64,
}

impl From<Stored> for Journal {
    fn from(Stored { entries, lists, gone, horizon }: Stored) -> Self {
        let mut index = Index::default();
        entries.iter().for_each(|(at, entry)| index.insert(*at, entry));
        let size = entries.values().map(|entry| size(&entry.change)).sum();
        Self { entries, lists, gone, horizon, index, size }
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
        let version = self.version(change);
        let known = self.index.concerned(change, version);
        match self.judge(change, &known) {
            Verdict::Keep => {}
            Verdict::Pass => return Outcome::Done,
            Verdict::Refuse(why) => return Outcome::Refused(why),
        }
        let leaves = proposal.base == 0 && self.leaves(change, &known);
        let before = (proposal.base == 0).then(|| self.listed_as(change, &known)).flatten();
        let base = before.unwrap_or(proposal.base);
        let mut entry = Entry { id: proposal.id, base, change: change.clone(), version, ends: false };
        let fates: Vec<_> = known.iter().map(|at| (*at, self.fate(*at, &entry, &known))).collect();
        entry.ends = server::halts(change) && fates.iter().any(|(at, fate)| self.is_ended(*at, fate));
        let freed: usize = fates.iter().map(|(at, fate)| self.freed(*at, fate)).sum();
        let size = self.size.saturating_sub(freed) + size(change);
        if size > MAX_SIZE {
            return Outcome::Refused(full());
        }
        self.size = size;
        for (at, fate) in fates {
            self.meet(at, fate);
        }
        self.number(change);
        if leaves {
            self.size = self.size.saturating_sub(self::size(change));
            self.remember(index, change);
        } else {
            self.index.insert(index, &entry);
            self.entries.insert(index, entry);
        }
        Outcome::Done
    }

    /// An older entry meets its fate.
    fn meet(&mut self, at: u64, fate: Fate) {
        if fate == Fate::Stays {
            return;
        }
        let Some(mut entry) = self.entries.remove(&at) else { return };
        self.index.remove(at, &entry);
        if let Fate::Becomes(rest) = fate {
            entry.change = rest;
            self.index.insert(at, &entry);
            self.entries.insert(at, entry);
        }
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
            Change::Patterns { list, edit } => self.judge_edit(list, edit),
            Change::Health { .. } if self.is_halted(known) => Verdict::Pass,
            _ => Verdict::Keep,
        }
    }

    fn fate(&self, at: u64, new: &Entry, known: &[u64]) -> Fate {
        let Some(old) = self.entries.get(&at) else { return Fate::Stays };
        let ends = old.ends;
        let void = match (&new.change, &old.change) {
            (Change::Patterns { list, edit }, Change::Patterns { edit: before, .. }) => {
                return self.edit_fate(at, (edit, new.version), (before, old.version), list);
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
                let is_owed = ends && !server::halts(new);
                server::supersedes(new, old) && !self.lets_health(at, known) && !is_owed
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
            (*at, Entry { id: RequestId::default(), base: 0, change, version: 0, ends: false })
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
        self.added(self.index.of_server(backend, server)).is_some()
    }

    /// The version that is current, and the latest that was prepared, of a list of patterns.
    pub fn numbers(&self, list: &str) -> (u32, u32) {
        self.lists.get(list).map_or((0, 0), |numbers| (numbers.current, numbers.next))
    }

    /// True when a command has had this effect, and none since has undone it: tools say the same to each node in turn.
    pub fn holds(&self, change: &Change) -> bool {
        match change {
            Change::AddServer { backend, server, words } => {
                self.added(self.index.of_server(backend, server)) == Some(words)
            }
            Change::DeleteServer { backend, server } => {
                let is_last = |at: &u64| {
                    self.entries
                        .get(at)
                        .is_some_and(|last| matches!(last.change, Change::DeleteServer { .. }))
                };
                let gone = || self.gone.iter().any(|(_, b, s)| (b, s) == (backend, server));
                self.index.of_server(backend, server).last().map_or_else(gone, is_last)
            }
            Change::Patterns { list, edit: PatternEdit::Commit { version } } => {
                *version != 0 && self.numbers(list).0 == *version
            }
            Change::Patterns { list, edit: PatternEdit::Delete { key } } => {
                let current = self.numbers(list).0;
                let last = self.edits_of(list, current, key).next();
                last.is_some_and(|(_, last)| matches!(last, PatternEdit::Delete { .. }))
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
