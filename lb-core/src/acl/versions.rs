//! The entries of a list of patterns and their versions: what commands do to them.

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

    /// Begins a new version.
    pub fn prepare(&mut self) -> u32 {
        self.next += 1;
        self.next
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
        let id = key.strip_prefix("#0x").and_then(|id| u64::from_str_radix(id, 16).ok());
        id == Some(self.id) || *self.key == *key
    }
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
        assert_eq!(versions.prepare(), 1);
        assert_eq!(versions.prepare(), 2);
        versions.add(Some(1), "x", None, "map").unwrap();
        versions.add(Some(2), "y", None, "map").unwrap();
        assert_eq!((keys(&versions), versions.count()), (vec!["a".to_owned(), "b".to_owned()], 4));
        versions.commit(2).unwrap();
        assert_eq!((keys(&versions), versions.count()), (vec!["y".to_owned()], 1));
        assert!(versions.commit(2).is_err() && versions.commit(3).is_err());
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
