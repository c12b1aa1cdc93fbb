//! What a server takes over from another: from the one of its name that a reload replaces, from the one that it follows.

use super::{Operational, Server, admin};
use std::sync::atomic::Ordering::Relaxed;

/// States that operators, or the file, set.
const COMMANDED: u8 = admin::FORCED_MAINT | admin::CONFIG_MAINT | admin::FORCED_DRAIN;
const INHERITED: u8 = admin::INHERITED_MAINT | admin::INHERITED_DRAIN;

impl Server {
    /// Takes over from the server of its name that it replaces, whose line said something else: what commands set where
    /// the line says the same about it, and, where it is checked as before at the same place (`healthy`), its health.
    /// Called before it carries traffic.
    pub(crate) fn inherit(&self, known: &Self, healthy: bool) {
        if self.config.disabled == known.config.disabled {
            let bits = self.admin.load(Relaxed) & !COMMANDED | known.admin.load(Relaxed) & COMMANDED;
            self.admin.store(bits, Relaxed);
        }
        if self.config.weight == known.config.weight {
            self.weight.store(known.weight.load(Relaxed), Relaxed);
        }
        if self.config.maxconn == known.config.maxconn && self.config.minconn == known.config.minconn {
            self.maxconn.store(known.maxconn.load(Relaxed), Relaxed);
        }
        self.served_max.store(known.served_max.load(Relaxed), Relaxed);
        self.queued_max.store(known.queued_max.load(Relaxed), Relaxed);
        for (own, before) in [
            (&self.last_session, &known.last_session),
            (&self.downs, &known.downs),
            (&self.downtime, &known.downtime),
            (&self.observed.reactions, &known.observed.reactions),
        ] {
            own.store(before.load(Relaxed), Relaxed);
        }
        // In maintenance there is no health to go on with.
        let healthy = healthy && known.in_maintenance() == self.in_maintenance();
        let probes = [(&self.check, &known.check), (&self.agent, &known.agent)];
        for (own, before) in probes {
            if let (Some(own), Some(before)) = (own, before) {
                own.inherit(before, healthy);
            }
        }
        if self.in_maintenance() {
            self.halt();
        } else if healthy {
            self.operational.store(known.operational.load(Relaxed), Relaxed);
            self.changed.store(known.changed.load(Relaxed), Relaxed);
        }
    }

    /// Takes over the state of the server that it follows; true when it had another. Nothing is told.
    pub(crate) fn mirror(&self, leader: &Self) -> bool {
        let theirs = leader.admin.load(Relaxed);
        let mut inherited = 0;
        if theirs & admin::MAINT != 0 {
            inherited |= admin::INHERITED_MAINT;
        }
        if theirs & admin::DRAIN != 0 {
            inherited |= admin::INHERITED_DRAIN;
        }
        let before = (self.admin.load(Relaxed), self.state());
        self.admin.store(before.0 & !INHERITED | inherited, Relaxed);
        if self.in_maintenance() {
            self.halt();
        } else {
            self.operational.store(leader.state() as u8, Relaxed);
        }
        before != (self.admin.load(Relaxed), self.state())
    }

    /// As a server begins that a command adds: in maintenance, and not checked until commands say so.
    pub(crate) fn await_commands(&self) {
        self.admin.fetch_or(admin::FORCED_MAINT, Relaxed);
        for probe in [&self.check, &self.agent].into_iter().flatten() {
            probe.enabled.store(false, Relaxed);
        }
        self.halt();
    }

    /// As it is in maintenance.
    pub(super) fn halt(&self) {
        self.operational.store(Operational::Stopped as u8, Relaxed);
        self.pause_checks();
    }
}
