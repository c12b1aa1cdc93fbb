//! The servers of a backend: those of its file, and those that commands add and remove.

use super::Server;
use arc_swap::{ArcSwap, Guard};
use std::sync::{Arc, Mutex, PoisonError};

/// The servers of a backend in their order. Readers load them without a lock.
#[derive(Debug, Default)]
pub struct Lineup {
    now: ArcSwap<Vec<Arc<Server>>>,
    editing: Mutex<()>,
}

impl Lineup {
    /// These servers.
    pub fn new(servers: Vec<Arc<Server>>) -> Self {
        Self { now: ArcSwap::from_pointee(servers), editing: Mutex::new(()) }
    }

    /// The servers of now.
    #[inline]
    pub fn load(&self) -> Guard<Arc<Vec<Arc<Server>>>> {
        self.now.load()
    }

    /// The server of that name.
    pub fn find(&self, name: &str) -> Option<Arc<Server>> {
        self.load().iter().find(|server| server.name == name).cloned()
    }

    /// Changes the servers, one at a time; algorithms arrange anew.
    ///
    /// # Errors
    /// What the change finds wrong; nothing is changed then.
    pub(crate) fn edit<T>(
        &self,
        change: impl FnOnce(&mut Vec<Arc<Server>>) -> Result<T, String>,
    ) -> Result<T, String> {
        let _editing = self.editing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut servers = Vec::clone(&self.now.load());
        let done = change(&mut servers)?;
        self.now.store(Arc::new(servers));
        Ok(done)
    }
}
