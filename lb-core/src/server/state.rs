//! A server's state, and what follows from a change of it.

use super::Server;
use crate::check::Announcer;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Bits of [`Server::admin`], as HAProxy's `srv_admin_state` numbers them (`show servers state`).
pub mod admin {
    /// Forced into maintenance.
    pub const FORCED_MAINT: u8 = 0x01;
    /// Inherited maintenance.
    pub const INHERITED_MAINT: u8 = 0x02;
    /// `disabled` in the configuration.
    pub const CONFIG_MAINT: u8 = 0x04;
    /// Forced drain.
    pub const FORCED_DRAIN: u8 = 0x08;
    /// Inherited drain.
    pub const INHERITED_DRAIN: u8 = 0x10;
    /// Maintenance because its name does not resolve.
    pub const RESOLUTION_MAINT: u8 = 0x20;
    /// Its host name is not that of the configuration.
    pub const HOSTNAME: u8 = 0x40;
    /// Any maintenance.
    pub const MAINT: u8 = FORCED_MAINT | INHERITED_MAINT | CONFIG_MAINT | RESOLUTION_MAINT;
    /// Any drain.
    pub const DRAIN: u8 = FORCED_DRAIN | INHERITED_DRAIN;
}

/// Operational state, as HAProxy's `srv_op_state` numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)] // each is the state of that name
pub enum Operational {
    Stopped = 0,
    Starting = 1,
    Running = 2,
    Stopping = 3,
}

impl Operational {
    /// The state of that number; any other is stopped.
    pub fn of(number: u8) -> Self {
        match number {
            1 => Self::Starting,
            2 => Self::Running,
            3 => Self::Stopping,
            _ => Self::Stopped,
        }
    }
}

impl Server {
    /// The operational state.
    pub fn state(&self) -> Operational {
        match Operational::of(self.operational.load(Ordering::Relaxed)) {
            // Nothing happens at the moment when it has warmed up: whoever looks sees it.
            Operational::Starting if !self.is_warming() => Operational::Running,
            state => state,
        }
    }

    /// In maintenance, for whatever reason.
    pub fn in_maintenance(&self) -> bool {
        self.admin.load(Ordering::Relaxed) & admin::MAINT != 0
    }

    /// In drain: by command, or because its weight is 0.
    pub fn draining(&self) -> bool {
        self.admin.load(Ordering::Relaxed) & admin::DRAIN != 0 || self.weight.load(Ordering::Relaxed) == 0
    }

    /// May take new requests: running, not in maintenance or drain, with a weight.
    pub fn usable(&self) -> bool {
        matches!(self.state(), Operational::Starting | Operational::Running)
            && !self.in_maintenance()
            && !self.draining()
    }

    /// Running and not in maintenance: may serve persistent sessions.
    pub fn up(&self) -> bool {
        self.state() != Operational::Stopped && !self.in_maintenance()
    }

    /// Sets the weight, 0 to 256; 0 lets running and persistent sessions go on and takes no new ones.
    pub fn set_weight(self: &Arc<Self>, weight: u32) {
        let weight = weight.min(256);
        let announcer = self.farm.announcer();
        let before = announcer.as_deref().map_or((0, 0), Announcer::in_use);
        if self.weight.swap(weight, Ordering::Relaxed) != weight {
            self.farm.changed();
            self.farm.dispatch(self);
            if let Some(announcer) = announcer {
                announcer.look(before);
            }
        }
    }

    /// Sets how many requests it takes at once; 0: no limit.
    pub fn set_maxconn(self: &Arc<Self>, maxconn: u32) {
        self.maxconn.store(maxconn, Ordering::Relaxed);
        self.farm.dispatch(self);
    }
}
