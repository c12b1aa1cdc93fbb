//! What the configuration says of what a change changes: where that is no longer what it was, the configuration counts.

use super::{Change, find, find_list};
use crate::compile::{Plan, fingerprint};
use crate::server::Server;
use std::sync::Arc;

impl Change {
    /// A number that stands for what the file says about it; 0: nothing.
    pub fn base(&self, plan: &Plan) -> u64 {
        let of = |read: fn(&Server) -> u64| {
            let found = self.server().and_then(|(backend, server)| find(plan, backend, server).ok());
            found.map_or(0, |server: Arc<Server>| read(&server))
        };
        match self {
            Self::Weight { .. } => of(|server| fingerprint(&server.config.weight)),
            Self::State { .. } => of(|server| fingerprint(&server.config.disabled)),
            Self::ServerMaxconn { .. } => {
                of(|server| fingerprint(&(server.config.maxconn, server.config.minconn)))
            }
            Self::Address { .. } | Self::Fqdn { .. } => of(|server| fingerprint(&server.config.address)),
            Self::Checks { agent: false, .. } => of(|server| fingerprint(&server.config.check.enabled)),
            Self::Aim { .. } => of(|server| fingerprint(&server.config.check)),
            // One that a command added stands in no file.
            Self::DeleteServer { .. } => {
                of(|server| if server.dynamic { 0 } else { fingerprint(&server.config) })
            }
            Self::FrontendMaxconn { frontend, .. } => {
                let found = plan.frontends.iter().find(|known| known.name == *frontend);
                found.map_or(0, |frontend| fingerprint(&frontend.maxconn))
            }
            Self::GlobalMaxconn { .. } => fingerprint(&plan.maxconn),
            Self::Patterns { list, .. } => find_list(plan, list).map_or(0, |list| list.origin().2),
            _ => 0,
        }
    }

    /// What it sets is found anew by health checks all the time, so that it is no more than a beginning.
    pub fn is_passing(&self, plan: &Plan) -> bool {
        matches!(self, Self::Health { .. } | Self::Agent { .. })
            && self.server().is_some_and(|(backend, server)| {
                find(plan, backend, server)
                    .is_ok_and(|server| server.check.is_some() || server.agent.is_some())
            })
    }
}
