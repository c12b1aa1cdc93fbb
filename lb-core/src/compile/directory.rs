//! Proxies by name, for expressions that ask about another section.

use crate::proxy::{Backend, Backends, Frontend};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock, Weak};

/// The proxies of a plan. It is filled once all of them are compiled; what they compiled before holds it already.
///
/// It does not keep proxies alive: they hold it.
#[derive(Debug, Default)]
pub struct Directory {
    frontends: OnceLock<HashMap<String, Weak<Frontend>>>,
    backends: OnceLock<Weak<Backends>>,
}

impl Directory {
    /// Says which proxies there are; only the first call counts.
    pub fn fill(&self, frontends: &[Arc<Frontend>], backends: &Arc<Backends>) {
        let frontends = frontends.iter().map(|one| (one.name.clone(), Arc::downgrade(one)));
        let _ = self.frontends.set(frontends.collect());
        let _ = self.backends.set(Arc::downgrade(backends));
    }

    /// A frontend.
    pub fn frontend(&self, name: &str) -> Option<Arc<Frontend>> {
        self.frontends.get()?.get(name)?.upgrade()
    }

    /// Reads something of a backend.
    pub fn read_backend<T>(&self, name: &str, read: impl FnOnce(&Backend) -> T) -> Option<T> {
        self.backends.get()?.upgrade()?.load().named(name).map(|backend| read(backend))
    }
}
