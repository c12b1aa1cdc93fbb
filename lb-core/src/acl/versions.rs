//! The entries of a list of patterns and their versions: what commands do to them.

use std::collections::HashSet;
use std::sync::Arc;

/// An entry.
#[derive(Clone, Debug)]
pub struct Entry {
    /// A number of its own in its list.
    pub id: u64,
    version: u32,
    /// The pattern.
    pub key: Arc<str>,
    /// A map's value.
    pub value: Option<Arc<str>>,
}

/// Entries in their order, each of a version.
#[derive(Clone, Debug, Default)]
pub struct Versions {
    current: u32,
    next: u32,
    last_id: u64,
    entries: Vec<Entry>,
}

impl Versions {
    /// The version that is looked at.
    pub fn current(&self) -> u32 {
        self.current
    }

    /// The latest that was prepared.
    pub fn next(&self) -> u32 {
        self.next
    }

    /// Entries of all versions.
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// The entries of the current version.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.of(self.current)
    }

    /// The entries of a version.
    pub fn of(&self, version: u32) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.version == version)
    }

    /// Adds entries to the current version.
    pub fn fill(&mut self, entries: impl IntoIterator<Item = (String, Option<String>)>) {
        for (key, value) in entries {
            self.push(self.current, &key, value.as_deref());
        }
    }

    fn push(&mut self, version: u32, key: &str, value: Option<&str>) {
        self.last_id += 1;
        self.entries.push(Entry { id: self.last_id, version, key: key.into(), value: value.map(Arc::from) });
    }

    /// Adds an entry to a version, or to the current one.
    ///
    /// # Errors
    /// The version was not prepared.
    pub fn add(
        &mut self,
        version: Option<u32>,
        key: &str,
        value: Option<&str>,
        kind: &str,
    ) -> Result<(), String> {
        let version = version.unwrap_or(self.current);
        if version > self.next {
            return Err(format!("Version number in the future, please use 'prepare {kind}' before."));
        }
        self.push(version, key, value);
        Ok(())
    }

    /// Gives the entries of a key, or one by its id, another value.
    ///
    /// # Errors
    /// There is none.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        let current = self.current;
        let mut found = false;
        for entry in self.entries.iter_mut().filter(|entry| entry.version == current && entry.is(key)) {
            entry.value = Some(value.into());
            found = true;
        }
        if found { Ok(()) } else { Err("entry not found.".into()) }
    }

    /// Removes the entries of a key, or one by its id.
    ///
    /// # Errors
    /// There is none.
    pub fn delete(&mut self, key: &str) -> Result<(), String> {
        let (before, current) = (self.entries.len(), self.current);
        self.entries.retain(|entry| entry.version != current || !entry.is(key));
        if self.entries.len() < before { Ok(()) } else { Err("Key not found.".into()) }
    }

    /// Removes all entries of a version, or of the current one.
    pub fn clear(&mut self, version: Option<u32>) {
        let version = version.unwrap_or(self.current);
        self.entries.retain(|entry| entry.version != version);
    }

    /// Begins versions up to this one; one that was begun before stays.
    pub fn prepare(&mut self, version: u32) {
        self.next = self.next.max(version);
    }

    /// Those of `entries` that a version, or the current one, does not have with that key and value; each once.
    pub fn lacking<'a>(
        &self,
        version: Option<u32>,
        entries: &'a [(String, Option<String>)],
    ) -> Vec<&'a (String, Option<String>)> {
        let mut wanted: HashSet<(&str, Option<&str>)> =
            entries.iter().map(|(key, value)| (&**key, value.as_deref())).collect();
        for entry in self.of(version.unwrap_or(self.current)) {
            wanted.remove(&(&*entry.key, entry.value.as_deref()));
        }
        entries.iter().filter(|(key, value)| wanted.remove(&(&**key, value.as_deref()))).collect()
    }

    /// The key of the entry of an id (`#0x1f`) in the current version, and which of those with that key it is: what other
    /// nodes, which number their entries by themselves, find it by.
    pub fn ordinal(&self, id: &str) -> Option<(String, u32)> {
        let id = by_id(id)?;
        let entry = self.entries().find(|entry| entry.id == id)?;
        let before = self.entries().take_while(|other| other.id != id).filter(|other| other.key == entry.key);
        Some((entry.key.to_string(), u32::try_from(before.count()).ok()?))
    }

    fn nth(&self, key: &str, nth: u32) -> Option<u64> {
        let of_key = self.entries().filter(|entry| &*entry.key == key);
        of_key.map(|entry| entry.id).nth(usize::try_from(nth).ok()?)
    }

    /// Gives one of the entries of a key, counted from 0, another value.
    ///
    /// # Errors
    /// There are not as many.
    pub fn set_nth(&mut self, key: &str, nth: u32, value: &str) -> Result<(), String> {
        let id = self.nth(key, nth).ok_or("entry not found.")?;
        self.set(&format!("#0x{id:x}"), value)
    }

    /// Removes one of the entries of a key, counted from 0.
    ///
    /// # Errors
    /// There are not as many.
    pub fn delete_nth(&mut self, key: &str, nth: u32) -> Result<(), String> {
        let id = self.nth(key, nth).ok_or("Key not found.")?;
        self.delete(&format!("#0x{id:x}"))
    }

    /// Gives the current version this number, and the latest that one: the entries stay.
    pub fn renumber(&mut self, current: u32, next: u32) {
        let before = std::mem::replace(&mut self.current, current);
        self.entries.retain_mut(|entry| {
            let kept = entry.version == before;
            entry.version = current;
            kept
        });
        self.next = next.max(current);
    }

    /// Makes a version the current one; those before it are gone.
    ///
    /// # Errors
    /// It is current already, or was not prepared.
    pub fn commit(&mut self, version: u32) -> Result<(), String> {
        if version <= self.current || version > self.next {
            return Err("Version number out of range.".into());
        }
        self.current = version;
        self.entries.retain(|entry| entry.version >= version);
        Ok(())
    }
}

impl Entry {
    /// It has this key, or this id (`#0x1f`).
    fn is(&self, key: &str) -> bool {
        by_id(key) == Some(self.id) || *self.key == *key
    }
}

/// The id that a word names (`#0x1f`).
fn by_id(word: &str) -> Option<u64> {
    u64::from_str_radix(word.strip_prefix("#0x")?, 16).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn keys(versions: &Versions) -> Vec<String> {
        versions.entries().map(|entry| entry.key.to_string()).collect()
    }

    #[test]
    fn versions_replace_one_another_whole() {
        let mut versions = Versions::default();
        versions.fill([("a".into(), None), ("b".into(), None)]);
        assert!(versions.add(Some(1), "x", None, "map").is_err());
        versions.prepare(1);
        versions.prepare(2);
        versions.add(Some(1), "x", None, "map").unwrap();
        versions.add(Some(2), "y", None, "map").unwrap();
        assert_eq!((keys(&versions), versions.count()), (vec!["a".to_owned(), "b".to_owned()], 4));
        versions.commit(2).unwrap();
        assert_eq!((keys(&versions), versions.count()), (vec!["y".to_owned()], 1));
        assert!(versions.commit(2).is_err() && versions.commit(3).is_err());
    }

    #[test]
    fn entries_go_by_their_place_among_those_of_a_key() {
        let mut versions = Versions::default();
        versions.fill(["a", "b", "a"].map(|key| (key.to_owned(), Some("1".to_owned()))));
        assert_eq!(versions.ordinal("#0x3"), Some(("a".to_owned(), 1)));
        assert_eq!((versions.ordinal("#0x4"), versions.ordinal("a")), (None, None));
        versions.set_nth("a", 1, "2").unwrap();
        versions.delete_nth("a", 0).unwrap();
        assert!(versions.delete_nth("a", 1).is_err() && versions.set_nth("b", 1, "x").is_err());
        let pair = |value: &str| ("a".to_owned(), Some(value.to_owned()));
        assert_eq!(versions.lacking(None, &[pair("2"), pair("1")]), [&pair("1")]);
        versions.renumber(4, 6);
        assert_eq!(
            (keys(&versions), versions.current(), versions.next()),
            (vec!["b".into(), "a".into()], 4, 6)
        );
    }

    #[test]
    fn entries_go_by_key_or_id() {
        let mut versions = Versions::default();
        versions.fill([("a".into(), Some("1".into())), ("a".into(), Some("2".into())), ("b".into(), None)]);
        versions.set("#0x2", "3").unwrap();
        let values: Vec<_> = versions.entries().map(|entry| entry.value.clone()).collect();
        assert_eq!(values, [Some("1".into()), Some("3".into()), None]);
        assert!(versions.set("c", "3").is_err());
        versions.delete("a").unwrap();
        assert!(versions.delete("a").is_err());
        assert_eq!(keys(&versions), ["b"]);
        versions.clear(None);
        assert_eq!(versions.count(), 0);
    }
}
