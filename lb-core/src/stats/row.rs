//! The things that have a row in the statistics, and which of them are wanted.

use crate::compile::Plan;
use crate::proxy::{Backend, Frontend};
use crate::server::Server;

/// One row.
#[derive(Clone, Copy, Debug)]
pub enum Row<'a> {
    /// A frontend.
    Frontend(&'a Frontend),
    /// A server of a backend.
    Server(&'a Backend, &'a Server),
    /// A backend.
    Backend(&'a Backend),
}

impl Row<'_> {
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
    fn wants(&self, row: &Row<'_>) -> bool {
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

/// The rows of a plan in the order of its sections: a frontend, then servers, then their backend.
pub fn rows(plan: &Plan, only: Only) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = plan.frontends.iter().map(|frontend| Row::Frontend(frontend)).collect();
    for backend in &plan.backends {
        rows.extend(backend.servers.iter().map(|server| Row::Server(backend, server)));
        rows.push(Row::Backend(backend));
    }
    // Ids follow the file; a listen section has one id for both sides, and the sort keeps their order.
    rows.sort_by_key(Row::proxy_id);
    rows.retain(|row| only.wants(row));
    rows
}
