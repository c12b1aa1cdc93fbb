//! What nodes count of themselves.

use crate::site::Site;
use lb_harness::ask;
use std::net::SocketAddr;

/// Of one node, since its start.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    /// Leases that were prolonged, and those of which less than half was left.
    pub(crate) prolonged: f64,
    pub(crate) narrow: f64,
    pub(crate) leader_changes: f64,
    pub(crate) acquired: f64,
    pub(crate) released: f64,
}

impl Counts {
    /// Reads them at a host's own address.
    pub(crate) fn read(site: &Site, host: usize) -> Self {
        let at: SocketAddr = format!("10.77.0.{}:8080", host + 1).parse().unwrap();
        let asked = site.world.on_client(move || ask(at, "GET /metrics?scope=global", &[], ""));
        let text = asked.join().unwrap().unwrap().text();
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.unwrap_or_else(|| panic!("no {name} in\n{text}")).parse().unwrap()
        };
        Self {
            prolonged: value("lb_cluster_lease_margin_seconds_count"),
            narrow: value("lb_cluster_narrow_renewals_total"),
            leader_changes: value("lb_cluster_leader_changes_total"),
            acquired: value("lb_cluster_address_transitions_total{event=\"acquired\"}"),
            released: value("lb_cluster_address_transitions_total{event=\"released\"}"),
        }
    }

    /// Those of all hosts.
    pub(crate) fn all(site: &Site) -> Vec<Self> {
        (0..site.world.hosts).map(|host| Self::read(site, host)).collect()
    }

    /// What came since.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            prolonged: self.prolonged - before.prolonged,
            narrow: self.narrow - before.narrow,
            leader_changes: self.leader_changes - before.leader_changes,
            acquired: self.acquired - before.acquired,
            released: self.released - before.released,
        }
    }

    /// Of a thousand leases at most one had less than half left.
    pub(crate) fn assert_margin(self) {
        assert!(self.prolonged > 100.0 && self.narrow <= self.prolonged / 1000.0, "{self:?}");
    }
}
