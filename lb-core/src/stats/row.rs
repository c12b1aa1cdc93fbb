//! The things that have a row in the statistics, and which of them are wanted.

use crate::compile::Plan;
use crate::proxy::{Backend, Frontend, Roster};
use crate::server::Server;
use std::sync::Arc;

/// One row.
#[derive(Clone, Debug)]
pub enum Row<'a> {
    /// A frontend.
    Frontend(&'a Frontend),
    /// A server of a backend.
    Server(Arc<Backend>, Arc<Server>),
    /// A backend.
    Backend(Arc<Backend>),
}

impl Row<'_> {
    /// The proxy's name.
    pub fn proxy(&self) -> &str {
        match self {
            Self::Frontend(frontend) => &frontend.name,
            Self::Server(backend, _) | Self::Backend(backend) => &backend.name,
        }
    }

    /// The proxy's id (`iid`).
    pub fn proxy_id(&self) -> u32 {
        match self {
            Self::Frontend(frontend) => frontend.id,
            Self::Server(backend, _) | Self::Backend(backend) => backend.id,
        }
    }

    /// The server's id (`sid`), 0 for proxies.
    pub fn id(&self) -> u32 {
        match self {
            Self::Server(_, server) => server.id,
            _ => 0,
        }
    }

    /// Its number as `show stat` selects and prints it (`type`).
    pub fn kind(&self) -> u32 {
        match self {
            Self::Frontend(_) => 0,
            Self::Backend(_) => 1,
            Self::Server(..) => 2,
        }
    }

    /// Its letter in typed output.
    pub fn letter(&self) -> char {
        match self {
            Self::Frontend(_) => 'F',
            Self::Backend(_) => 'B',
            Self::Server(..) => 'S',
        }
    }

    /// Its name in JSON.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Frontend(_) => "Frontend",
            Self::Backend(_) => "Backend",
            Self::Server(..) => "Server",
        }
    }
}

/// Which rows are wanted: `show stat {PROXY|IID} TYPES SID`, `up`, `no-maint`.
#[derive(Clone, Copy, Debug)]
pub struct Only {
    /// The proxy's id, else all.
    pub proxy: Option<u32>,
    /// A bit for each kind of row.
    pub kinds: u32,
    /// The server's id, else all.
    pub server: Option<u32>,
    /// No servers that are down.
    pub up: bool,
    /// No servers in maintenance.
    pub no_maint: bool,
}

impl Default for Only {
    fn default() -> Self {
        Self { proxy: None, kinds: u32::MAX, server: None, up: false, no_maint: false }
    }
}

impl Only {
    /// True for a wanted row.
    pub fn wants(&self, row: &Row<'_>) -> bool {
        if self.kinds & 1 << row.kind() == 0 || self.proxy.is_some_and(|id| id != row.proxy_id()) {
            return false;
        }
        match row {
            Row::Server(_, server) => {
                let named = self.server.is_none_or(|id| id == server.id);
                let down = self.up && !server.up();
                let maint = self.no_maint && server.in_maintenance();
                named && !down && !maint
            }
            _ => true,
        }
    }
}

/// A walk over all rows of a plan in the order of its sections: a frontend, then servers, then their backend. It stands
/// between two rows and borrows nothing of the plan, so that long lists can be printed in pieces.
#[derive(Debug)]
pub struct Walk {
    /// The backends that there were when it began.
    backends: Arc<Roster>,
    sides: Vec<Side>,
    at: usize,
    /// The next server of the backend at hand.
    server: usize,
}

/// A side of a proxy, by its place among its kind.
#[derive(Clone, Copy, Debug)]
enum Side {
    Frontend(usize),
    Backend(usize),
}

impl Walk {
    /// Before the first row.
    pub fn new(plan: &Plan) -> Self {
        let frontends = plan.frontends.iter().enumerate().map(|(at, one)| (one.id, Side::Frontend(at)));
        let backends = plan.backends.snapshot();
        let back = backends.iter().enumerate().map(|(at, one)| (one.id, Side::Backend(at)));
        let mut sides: Vec<_> = frontends.chain(back).collect();
        // Ids follow the file; a listen section has one id for both sides, and the sort keeps their order.
        sides.sort_by_key(|(id, _)| *id);
        Self { sides: sides.into_iter().map(|(_, side)| side).collect(), backends, at: 0, server: 0 }
    }

    /// The next row of the plan that the walk began in.
    pub fn next<'a>(&mut self, plan: &'a Plan) -> Option<Row<'a>> {
        match *self.sides.get(self.at)? {
            Side::Frontend(index) => {
                self.at += 1;
                plan.frontends.get(index).map(|frontend| Row::Frontend(frontend))
            }
            Side::Backend(index) => {
                let backend = Arc::clone(self.backends.get(index)?);
                let server = backend.servers.load().get(self.server).cloned();
                if let Some(server) = server {
                    self.server += 1;
                    return Some(Row::Server(backend, server));
                }
                (self.at, self.server) = (self.at + 1, 0);
                Some(Row::Backend(backend))
            }
        }
    }
}

/// The wanted rows of a plan, in order.
pub fn rows(plan: &Plan, only: Only) -> Vec<Row<'_>> {
    let mut walk = Walk::new(plan);
    std::iter::from_fn(|| walk.next(plan)).filter(|row| only.wants(row)).collect()
}
