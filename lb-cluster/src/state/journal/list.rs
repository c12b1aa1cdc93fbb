//! Which edits of a list of patterns make older ones void.

use super::{Fate, Journal, Verdict};
use lb_core::admin::{Change, PatternEdit, TAKEN};
use serde::{Deserialize, Serialize};

/// The versions of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Numbers {
    /// The one that is looked at.
    pub(super) current: u32,
    /// The latest that was prepared.
    pub(super) next: u32,
}

/// True when an edit concerns the entries of a key.
fn touches(edit: &PatternEdit, key: &str) -> bool {
    match edit {
        PatternEdit::Add { entries, .. } => entries.iter().any(|(one, _)| one == key),
        PatternEdit::Set { key: one, .. }
        | PatternEdit::SetNth { key: one, .. }
        | PatternEdit::Delete { key: one }
        | PatternEdit::DeleteNth { key: one, .. } => one == key,
        PatternEdit::Clear { .. } => true,
        PatternEdit::Prepare { .. } | PatternEdit::Commit { .. } => false,
    }
}

impl Journal {
    /// The version that a change edits.
    pub(super) fn version(&self, change: &Change) -> u32 {
        let Change::Patterns { list, edit } = change else { return 0 };
        match edit {
            PatternEdit::Add { version: Some(version), .. }
            | PatternEdit::Clear { version: Some(version) }
            | PatternEdit::Commit { version }
            | PatternEdit::Prepare { version } => *version,
            _ => self.numbers(list).0,
        }
    }

    /// Takes in the numbers of an edit.
    pub(super) fn number(&mut self, change: &Change) {
        let Change::Patterns { list, edit } = change else { return };
        let numbers = match edit {
            PatternEdit::Prepare { version } => Numbers { next: *version, ..self.of_list(list) },
            PatternEdit::Commit { version } => Numbers { current: *version, ..self.of_list(list) },
            _ => return,
        };
        self.lists.insert(list.clone(), numbers);
    }

    fn of_list(&self, list: &str) -> Numbers {
        self.lists.get(list).copied().unwrap_or_default()
    }

    /// The edits that concern a key in a version, and where they are, latest first.
    pub(super) fn edits_of(
        &self,
        list: &str,
        version: u32,
        key: &str,
    ) -> impl Iterator<Item = (u64, &PatternEdit)> {
        let places = self.index.of_key(list, version, key).into_iter().rev();
        places.filter_map(|at| match &self.entries.get(&at)?.change {
            Change::Patterns { edit, .. } => Some((at, edit)),
            _ => None,
        })
    }

    /// It was added, and nothing but more of its key since.
    fn was_added(&self, list: &str, version: u32, (key, value): &(String, Option<String>)) -> bool {
        let added = self.edits_of(list, version, key).map_while(|(_, edit)| match edit {
            PatternEdit::Add { entries, .. } => Some(entries),
            _ => None,
        });
        added.flatten().any(|(one, of)| one == key && of == value)
    }

    pub(super) fn judge_edit(&self, list: &str, edit: &PatternEdit) -> Verdict {
        let Numbers { current, next } = self.of_list(list);
        match edit {
            PatternEdit::Prepare { version } if *version <= next => Verdict::Refuse(TAKEN.to_owned()),
            PatternEdit::Commit { version } if *version == current && current != 0 => Verdict::Pass,
            PatternEdit::Commit { version } if *version <= current || *version > next => {
                Verdict::Refuse("Version number out of range.".to_owned())
            }
            PatternEdit::Add { version: Some(version), .. } if *version > next => {
                Verdict::Refuse("Version number in the future, please use 'prepare' before.".to_owned())
            }
            // Nobody looks at them any more, or they are empty.
            PatternEdit::Add { version: Some(version), .. } if *version < current => Verdict::Pass,
            PatternEdit::Clear { version: Some(version) } if *version < current || *version > next => {
                Verdict::Pass
            }
            PatternEdit::Add { version, entries } => {
                let version = version.unwrap_or(current);
                let is_there = |pair| self.was_added(list, version, pair);
                if entries.iter().all(is_there) { Verdict::Pass } else { Verdict::Keep }
            }
            _ => Verdict::Keep,
        }
    }

    /// What becomes of an older edit; both with the version that they edit.
    pub(super) fn edit_fate(
        &self,
        at: u64,
        (new, version): (&PatternEdit, u32),
        (old, of): (&PatternEdit, u32),
        list: &str,
    ) -> Fate {
        use PatternEdit as E;
        let void = match (new, old) {
            // Edits and commits of later versions prepare them, too.
            (E::Prepare { .. }, E::Prepare { .. }) | (E::Commit { .. }, E::Commit { .. }) => true,
            (E::Prepare { .. }, _) | (_, E::Prepare { .. } | E::Commit { .. }) => false,
            (E::Commit { .. }, _) => of < version,
            _ if of != version => false,
            (E::Clear { .. }, _) => true,
            (E::Delete { key }, E::Add { version, entries }) => {
                let rest: Vec<_> = entries.iter().filter(|(one, _)| one != key).cloned().collect();
                if rest.len() < entries.len() && !rest.is_empty() {
                    let edit = E::Add { version: *version, entries: rest };
                    return Fate::Becomes(Change::Patterns { list: list.to_owned(), edit });
                }
                rest.is_empty()
            }
            (E::Delete { .. }, E::Clear { .. }) => false,
            (E::Delete { key }, old) => touches(old, key),
            // One that was added in between makes two of them.
            (E::Set { key, .. }, E::Set { key: before, .. }) if key == before => {
                self.edits_of(list, version, key).next().is_some_and(|(last, _)| last == at)
            }
            _ => false,
        };
        if void { Fate::Void } else { Fate::Stays }
    }
}
