//! `bind-only`: an address is held by listening on it, and no interface is touched.
//!
//! The engine's leave to listen ends by itself, but in this process: one that is stopped keeps the sockets that it
//! listened on, and the kernel takes connections on them that nobody answers until they are reset. It gives every
//! invariant but I1 under a pause.

use super::Hands;
use lb_core::listen::Permit;
use std::time::Instant;

impl Hands for Permit {
    fn rebuild(&mut self) -> bool {
        true
    }

    fn guard(&mut self, until: Instant) -> bool {
        self.grant(until);
        true
    }

    fn close(&mut self) {
        self.withdraw();
    }

    fn address(&mut self) -> bool {
        true
    }

    fn remove(&mut self) {}

    fn announce(&mut self) {}

    fn fit(&mut self) -> bool {
        true
    }
}
