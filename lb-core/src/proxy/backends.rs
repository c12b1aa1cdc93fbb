//! The backends of a plan: those of its file, and those that commands add and remove.

use super::Backend;
use arc_swap::{ArcSwap, Guard};
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

/// The backends of a plan. Readers load them without a lock.
#[derive(Debug, Default)]
pub struct Backends {
    now: ArcSwap<Roster>,
    editing: Mutex<()>,
}

/// All backends at one time, in the order of the file, behind them those that commands have added.
#[derive(Debug, Default)]
pub struct Roster {
    all: Vec<Arc<Backend>>,
    by_name: HashMap<String, usize>,
}

impl Roster {
    fn new(all: Vec<Arc<Backend>>) -> Self {
        let by_name = all.iter().enumerate().map(|(at, one)| (one.name.clone(), at)).collect();
        Self { all, by_name }
    }

    /// The backend of that name.
    #[inline]
    pub fn named(&self, name: &str) -> Option<&Arc<Backend>> {
        self.all.get(*self.by_name.get(name)?)
    }
}

impl Deref for Roster {
    type Target = [Arc<Backend>];

    fn deref(&self) -> &Self::Target {
        &self.all
    }
}

impl Backends {
    /// These.
    pub fn new(all: Vec<Arc<Backend>>) -> Self {
        Self { now: ArcSwap::from_pointee(Roster::new(all)), editing: Mutex::default() }
    }

    /// The backends of now, for a glance.
    #[inline]
    pub fn load(&self) -> Guard<Arc<Roster>> {
        self.now.load()
    }

    /// The backends of now, for longer.
    pub fn snapshot(&self) -> Arc<Roster> {
        self.now.load_full()
    }

    /// The backend of that name.
    pub fn find(&self, name: &str) -> Option<Arc<Backend>> {
        self.load().named(name).cloned()
    }

    /// Changes them, one change at a time.
    ///
    /// # Errors
    /// What the change finds wrong; nothing is changed then.
    pub(crate) fn edit<T>(
        &self,
        change: impl FnOnce(&mut Vec<Arc<Backend>>) -> Result<T, String>,
    ) -> Result<T, String> {
        let _editing = self.editing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = self.load().all.clone();
        let done = change(&mut all)?;
        self.now.store(Arc::new(Roster::new(all)));
        Ok(done)
    }
}
