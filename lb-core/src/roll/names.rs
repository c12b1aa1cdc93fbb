//! Who those on a roll belong to.

use super::{Identity, Row};
use crate::compile::Plan;
use crate::proxy::{Backend, Frontend};
use crate::server::Server;
use std::sync::Arc;

/// What a row's proxies and server are.
#[derive(Debug, Default)]
pub struct Names {
    /// The frontend; none: it is a session of the runtime API, or the frontend is gone.
    pub frontend: Option<Arc<Frontend>>,
    /// The backend.
    pub backend: Option<Arc<Backend>>,
    /// The server.
    pub server: Option<Arc<Server>>,
}

impl Row {
    /// Looks them up in plans on which something still runs.
    pub fn names(&self, plans: &[Arc<Plan>]) -> Names {
        let frontends = plans.iter().flat_map(|plan| &plan.frontends);
        let rosters: Vec<_> = plans.iter().map(|plan| plan.backends.snapshot()).collect();
        let backend = find(rosters.iter().flat_map(|roster| roster.iter()), self.backend);
        let servers = backend.as_ref().map(|backend| Vec::clone(&backend.servers.load()));
        Names {
            frontend: find(frontends, self.frontend),
            server: find(servers.iter().flatten(), self.server),
            backend,
        }
    }
}

fn find<'a, T: 'a>(all: impl Iterator<Item = &'a Arc<T>>, wanted: Identity) -> Option<Arc<T>> {
    let mut all = all;
    all.find(|one| Identity::of(one) == wanted).cloned()
}
