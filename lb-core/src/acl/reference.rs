//! Lists of patterns that the runtime API changes (management guide 9.3): those of files, and those of `acl` lines.
//!
//! A list is shared by all expressions that name its file. Each of them keeps a [`View`]: the patterns in the structure
//! that suits its matcher, swapped whole after a change, so that a request reads it without a lock. Entries belong to
//! versions; only those of the current one are looked at.

use super::versions::Versions;
use super::view::View;
use haproxy_cfg_parser::model;
use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use xxhash_rust::xxh3::Xxh3;

/// A list of patterns.
pub struct Reference {
    /// The file that it was read from; none for patterns of an `acl` line.
    pub file: Option<String>,
    /// The expression of an `acl` line.
    title: String,
    place: model::Place,
    id: AtomicU32,
    map: AtomicBool,
    acl: AtomicBool,
    /// A number that stands for what the configuration says is in it.
    content: AtomicU64,
    /// Commands have changed it.
    edited: AtomicBool,
    /// Held while a change is made and seen by all views.
    writing: Mutex<()>,
    versions: Mutex<Versions>,
    views: Mutex<Vec<Weak<dyn View>>>,
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reference").field("file", &self.file).field("title", &self.title).finish()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Reference {
    /// An empty list. `title` is the expression that an `acl` line tests.
    pub fn new(file: Option<&str>, title: &str, place: model::Place) -> Self {
        Self {
            file: file.map(str::to_owned),
            title: title.to_owned(),
            place,
            id: AtomicU32::new(0),
            map: AtomicBool::new(false),
            acl: AtomicBool::new(false),
            content: AtomicU64::new(0),
            edited: AtomicBool::new(false),
            writing: Mutex::new(()),
            versions: Mutex::default(),
            views: Mutex::default(),
        }
    }

    /// Its number, as commands name it.
    pub fn id(&self) -> u32 {
        self.id.load(Ordering::Relaxed)
    }

    /// How changes name it: its file, else its number.
    pub fn name(&self) -> String {
        self.file.clone().unwrap_or_else(|| format!("#{}", self.id()))
    }

    /// Expressions look up values in it.
    pub fn is_map(&self) -> bool {
        self.map.load(Ordering::Relaxed)
    }

    /// Conditions match against it.
    pub fn is_acl(&self) -> bool {
        self.acl.load(Ordering::Relaxed)
    }

    /// The versions of its entries, to look at.
    pub fn versions(&self) -> MutexGuard<'_, Versions> {
        lock(&self.versions)
    }

    /// Who uses it, and its versions, as `show map` and `show acl` print them.
    pub fn describe(&self) -> String {
        let (file, line) = (&self.place.file, self.place.line);
        let versions = self.versions();
        let numbers = format!(
            "curr_ver={} next_ver={} entry_cnt={}",
            versions.current(),
            versions.next(),
            versions.count()
        );
        let id = self.id();
        match &self.file {
            Some(name) => {
                let by = if self.is_map() { "map" } else { "acl" };
                format!(
                    "{id} ({name}) pattern loaded from file '{name}' used by {by} at file '{file}' line {line}. {numbers}"
                )
            }
            None => format!("{id} () acl '{}' file '{file}' line {line}. {numbers}", self.title),
        }
    }

    /// All views accept such an entry.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, key: &str, value: Option<&str>) -> Result<(), String> {
        self.all_views().iter().try_for_each(|view| view.check(key, value))
    }

    /// What each view finds for a text, as `get map` and `get acl` print it.
    pub fn find(&self, text: &str) -> Vec<String> {
        self.all_views().iter().map(|view| view.find(text)).collect()
    }

    /// Makes a change and has all views see it.
    ///
    /// # Errors
    /// What the change finds wrong; nothing is changed then.
    pub fn change<T>(&self, change: impl FnOnce(&mut Versions) -> Result<T, String>) -> Result<T, String> {
        let _writing = lock(&self.writing);
        let done = change(&mut lock(&self.versions))?;
        self.edited.store(true, Ordering::Relaxed);
        self.all_views().iter().for_each(|view| view.rebuild());
        Ok(done)
    }

    /// Commands have changed it.
    pub(crate) fn is_edited(&self) -> bool {
        self.edited.load(Ordering::Relaxed)
    }

    /// Where it comes from, and what stood there: lists of two plans that have the same are one list.
    pub(crate) fn origin(&self) -> (Option<&str>, &str, u64) {
        (self.file.as_deref(), &self.title, self.content.load(Ordering::Relaxed))
    }

    /// Becomes what commands made of a list of the same origin.
    pub(crate) fn inherit(&self, known: &Self) {
        let _writing = lock(&self.writing);
        let versions = known.versions().clone();
        *lock(&self.versions) = versions;
        self.edited.store(true, Ordering::Relaxed);
        self.all_views().iter().for_each(|view| view.rebuild());
    }

    fn note_content(&self) {
        // Nodes of a cluster compare it.
        let mut hasher = Xxh3::new();
        for entry in self.versions().entries() {
            (&entry.key, &entry.value).hash(&mut hasher);
        }
        self.content.store(hasher.finish(), Ordering::Relaxed);
    }

    fn all_views(&self) -> Vec<Arc<dyn View>> {
        lock(&self.views).iter().filter_map(Weak::upgrade).collect()
    }

    /// Has a view look at it, as a map or as patterns of a condition.
    pub(super) fn attach(&self, view: &Arc<impl View + 'static>, map: bool) {
        if map { &self.map } else { &self.acl }.store(true, Ordering::Relaxed);
        let weak: Weak<dyn View> = Arc::downgrade(view) as Weak<dyn View>;
        lock(&self.views).push(weak);
    }
}

/// The lists of a configuration, while it is compiled.
#[derive(Debug, Default)]
pub struct References {
    all: Mutex<Vec<Arc<Reference>>>,
    /// Where in `all` the lists of a line are.
    lines: Mutex<HashMap<model::Place, Vec<usize>>>,
}

impl References {
    /// The list of a file, read by `read` where it is new: keys, with values for a map.
    ///
    /// # Errors
    /// What `read` gives.
    pub fn file(
        &self,
        name: &str,
        place: &model::Place,
        read: impl FnOnce() -> Result<Vec<(String, Option<String>)>, String>,
    ) -> Result<Arc<Reference>, String> {
        let mut all = lock(&self.all);
        if let Some(known) = all.iter().find(|known| known.file.as_deref() == Some(name)) {
            return Ok(Arc::clone(known));
        }
        let reference = Arc::new(Reference::new(Some(name), "", place.clone()));
        reference.versions().fill(read()?);
        all.push(Arc::clone(&reference));
        Ok(reference)
    }

    /// The list of the patterns that stand in an `acl` line; the same line is compiled once for each place of its use.
    pub fn line(&self, title: &str, place: &model::Place, patterns: &[String]) -> Arc<Reference> {
        let mut all = lock(&self.all);
        let mut lines = lock(&self.lines);
        let of_line = lines.entry(place.clone()).or_default();
        let same = |known: &&Arc<Reference>| {
            known.title == title
                && known.versions().entries().map(|entry| &*entry.key).eq(patterns.iter().map(String::as_str))
        };
        if let Some(known) = of_line.iter().filter_map(|index| all.get(*index)).find(same) {
            return Arc::clone(known);
        }
        of_line.push(all.len());
        let reference = Arc::new(Reference::new(None, title, place.clone()));
        reference.versions().fill(patterns.iter().map(|pattern| (pattern.clone(), None)));
        all.push(Arc::clone(&reference));
        reference
    }

    /// All lists, numbered in the order of the lines that name them first.
    pub fn finish(&self) -> Vec<Arc<Reference>> {
        let mut all = lock(&self.all).clone();
        all.sort_by(|one, other| one.place.cmp(&other.place));
        for (reference, id) in all.iter().zip(0..) {
            reference.id.store(id, Ordering::Relaxed);
            reference.note_content();
        }
        all
    }
}
