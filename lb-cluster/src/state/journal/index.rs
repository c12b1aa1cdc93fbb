//! Where the changes are that concern a thing, so that a new one costs what it touches, however many others are kept.

use super::Entry;
use lb_core::admin::{Change, PatternEdit};
use std::collections::BTreeMap;

/// What a change is about: what is of no subject of another's never makes it void.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    Server(String, String),
    /// Entries of a key in a version of a list of patterns ...
    Key(String, u32, String),
    /// ... all of that version ...
    Whole(String, u32),
    /// ... and its versions themselves.
    Steps(String),
    Frontend(String),
    Backend(String),
    Variable(String),
    Process,
}

/// The places of changes in the log, oldest first, by what they are about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index(BTreeMap<Subject, Vec<u64>>);

/// What a change is about that edits this version, if it edits a list: several keys perhaps.
fn subjects(change: &Change, version: u32) -> Vec<Subject> {
    if let Some((backend, server)) = change.server() {
        return vec![Subject::Server(backend.to_owned(), server.to_owned())];
    }
    vec![match change {
        Change::Patterns { list, edit } => {
            let key = |key: &String| Subject::Key(list.clone(), version, key.clone());
            match edit {
                PatternEdit::Add { entries, .. } => return entries.iter().map(|(one, _)| key(one)).collect(),
                PatternEdit::Set { key: one, .. }
                | PatternEdit::SetNth { key: one, .. }
                | PatternEdit::Delete { key: one }
                | PatternEdit::DeleteNth { key: one, .. } => key(one),
                PatternEdit::Clear { .. } => Subject::Whole(list.clone(), version),
                PatternEdit::Prepare { .. } | PatternEdit::Commit { .. } => Subject::Steps(list.clone()),
            }
        }
        Change::FrontendMaxconn { frontend, .. } | Change::Frontend { frontend, .. } => {
            Subject::Frontend(frontend.clone())
        }
        Change::Publish { backend, .. } => Subject::Backend(backend.clone()),
        Change::Variable { name, .. } => Subject::Variable(name.clone()),
        _ => Subject::Process,
    }]
}

impl Index {
    /// A change is kept that is at this place.
    pub(super) fn insert(&mut self, at: u64, entry: &Entry) {
        for subject in subjects(&entry.change, entry.version) {
            let places = self.0.entry(subject).or_default();
            if let Err(index) = places.binary_search(&at) {
                places.insert(index, at);
            }
        }
    }

    /// It is no more.
    pub(super) fn remove(&mut self, at: u64, entry: &Entry) {
        for subject in subjects(&entry.change, entry.version) {
            let Some(places) = self.0.get_mut(&subject) else { continue };
            if let Ok(index) = places.binary_search(&at) {
                places.remove(index);
            }
            if places.is_empty() {
                self.0.remove(&subject);
            }
        }
    }

    fn of(&self, subject: &Subject) -> &[u64] {
        self.0.get(subject).map_or(&[], Vec::as_slice)
    }

    /// Those that concern the entries of a key in a version, oldest first.
    pub(super) fn of_key(&self, list: &str, version: u32, key: &str) -> Vec<u64> {
        let whole = self.of(&Subject::Whole(list.to_owned(), version));
        let key = self.of(&Subject::Key(list.to_owned(), version, key.to_owned()));
        in_order(whole.iter().chain(key).copied().collect())
    }

    /// Those that edit versions of a list from `first` to before `end`.
    fn of_versions(&self, list: &str, first: u32, end: u32) -> Vec<u64> {
        let key = |version| Subject::Key(list.to_owned(), version, String::new());
        let whole = |version| Subject::Whole(list.to_owned(), version);
        let found = self.0.range(key(first)..key(end)).chain(self.0.range(whole(first)..whole(end)));
        in_order(found.flat_map(|(_, places)| places).copied().collect())
    }

    /// Those that another may make void which edits this version, if it edits a list; oldest first.
    pub(super) fn concerned(&self, change: &Change, version: u32) -> Vec<u64> {
        let Change::Patterns { list, edit } = change else {
            return subjects(change, version).first().map_or_else(Vec::new, |one| self.of(one).to_vec());
        };
        let steps = || self.of(&Subject::Steps(list.clone()));
        match edit {
            PatternEdit::Set { key, .. } | PatternEdit::Delete { key } => self.of_key(list, version, key),
            PatternEdit::Clear { .. } => self.of_versions(list, version, version.saturating_add(1)),
            PatternEdit::Prepare { .. } => steps().to_vec(),
            PatternEdit::Commit { .. } => in_order(
                self.of_versions(list, 0, version).into_iter().chain(steps().iter().copied()).collect(),
            ),
            PatternEdit::Add { .. } | PatternEdit::SetNth { .. } | PatternEdit::DeleteNth { .. } => {
                Vec::new()
            }
        }
    }

    /// Those about a server, oldest first.
    pub(super) fn of_server(&self, backend: &str, server: &str) -> &[u64] {
        self.of(&Subject::Server(backend.to_owned(), server.to_owned()))
    }
}

fn in_order(mut places: Vec<u64>) -> Vec<u64> {
    places.sort_unstable();
    places.dedup();
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::RequestId;

    fn patterns(edit: PatternEdit) -> Change {
        Change::Patterns { list: "l".into(), edit }
    }

    fn add(version: Option<u32>, keys: &[&str]) -> Change {
        let entries = keys.iter().map(|key| ((*key).to_owned(), None)).collect();
        patterns(PatternEdit::Add { version, entries })
    }

    #[test]
    fn only_what_a_change_touches_concerns_it() {
        let mut index = Index::default();
        let entry = |change: &Change, version| Entry {
            id: RequestId::default(),
            base: 0,
            change: change.clone(),
            version,
            ends: false,
        };
        for at in 1..=1000u64 {
            index.insert(at, &entry(&add(None, &[&at.to_string(), "all"]), 0));
        }
        let clear = |version| patterns(PatternEdit::Clear { version });
        index.insert(1001, &entry(&clear(None), 0));
        index.insert(1002, &entry(&patterns(PatternEdit::Prepare { version: 1 }), 1));
        index.insert(1003, &entry(&add(Some(1), &["7", "7"]), 1));
        let delete = |key: &str| patterns(PatternEdit::Delete { key: key.into() });
        assert_eq!(index.concerned(&delete("7"), 0), [7, 1001]);
        assert_eq!(index.concerned(&delete("7"), 1), [1003]);
        assert_eq!(index.concerned(&patterns(PatternEdit::Prepare { version: 2 }), 2), [1002]);
        assert!(index.concerned(&add(None, &["7"]), 0).is_empty());
        assert_eq!(index.concerned(&clear(None), 0).len(), 1001);
        assert_eq!(index.concerned(&clear(Some(1)), 1), [1003]);
        assert_eq!(index.concerned(&patterns(PatternEdit::Commit { version: 1 }), 1).len(), 1002);
        index.remove(7, &entry(&add(None, &["7", "all"]), 0));
        assert_eq!(index.concerned(&delete("7"), 0), [1001]);
        assert_eq!(index.concerned(&delete("all"), 0).len(), 1000);
    }
}
