//! Who makes checks, and what becomes of their results: this node alone, or a cluster.

use super::{Probe, Report, Watch};
use crate::server::Server;
use std::sync::Arc;

/// A server and the checks of it that a policy is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The server.
    pub server: &'a Arc<Server>,
    /// What is known from these checks.
    pub probe: &'a Probe,
    /// How they are made.
    pub watch: &'a Watch,
}

/// Decides whether this node checks a server, and what becomes of what it finds. Called on the control thread.
pub trait ProbePolicy: Send + Sync {
    /// Results are shared with others. What traffic shows of a server (`observe`) then comes through [`Self::found`] as well,
    /// and [`Server::answered`] and [`Server::unreached`] are kept.
    fn is_shared(&self) -> bool {
        false
    }

    /// Whether this node makes the next check, which is due.
    fn wants(&self, _asked: Asked<'_>) -> bool {
        true
    }

    /// A check of this node has ended.
    fn found(&self, asked: Asked<'_>, report: &Report) {
        asked.server.checked(asked.probe, report);
    }

    /// Somebody wanted the policy to look at a server ([`Probe::ask`]).
    fn look(&self, _asked: Asked<'_>) {}

    /// A server is not checked for now: it is in maintenance, its checks are switched off, or it is gone.
    fn rests(&self, _server: &Server, _agent: bool) {}
}

/// The policy of a node that is alone: it makes every check, and every result counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unconditional;

impl ProbePolicy for Unconditional {}
