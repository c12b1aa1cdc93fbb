//! Who makes checks, and what becomes of their results: this node alone, or a cluster.

use super::{Probe, Report};
use crate::server::Server;
use std::sync::Arc;

/// Decides whether this node checks a server, and what becomes of what it finds. Called on the control thread.
pub trait ProbePolicy: Send + Sync {
    /// Whether this node makes the next check.
    fn wants(&self, _server: &Server, _probe: &Probe) -> bool {
        true
    }

    /// A check of this node has ended.
    fn found(&self, server: &Arc<Server>, probe: &Probe, report: &Report) {
        server.checked(probe, report);
    }
}

/// The policy of a node that is alone: it makes every check, and every result counts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unconditional;

impl ProbePolicy for Unconditional {}
