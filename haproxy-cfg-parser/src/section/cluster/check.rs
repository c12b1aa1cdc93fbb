//! What only the whole of a `cluster` section shows.

use crate::model::{Cluster, Holding, Place};
use crate::{Diagnostic, Severity};
use std::time::Duration;

/// The longest wait must not be under this: a lease of 0.8 of it, less the guard's lateness, has to outlive lost heartbeats.
const SHORTEST_LEASE: Duration = Duration::from_millis(300);
/// Above this a cluster without leader looks like one that hangs.
const LONGEST: Duration = Duration::from_secs(60);
/// Voters that survive the loss of one.
const VOTERS: usize = 3;

/// The section's findings.
pub(super) fn check(cluster: &Cluster) -> Vec<Diagnostic> {
    let mut findings = Findings { cluster, list: Vec::new() };
    findings.members();
    findings.addresses();
    findings.times();
    findings.preferred();
    findings.list
}

struct Findings<'a> {
    cluster: &'a Cluster,
    list: Vec<Diagnostic>,
}

impl Findings<'_> {
    fn say(&mut self, severity: Severity, place: &Place, text: String, help: Option<&str>) {
        let message = format!("parsing [{place}] : cluster '{}' {text}", self.cluster.name);
        let (place, help) = (Some(place.clone()), help.map(str::to_owned));
        self.list.push(Diagnostic { severity, place, span: None, message, help });
    }

    fn wrong(&mut self, text: String, help: Option<&str>) {
        let place = self.cluster.place.clone();
        self.say(Severity::Alert, &place, text, help);
    }

    fn members(&mut self) {
        let place = self.cluster.place.clone();
        let voters = self.cluster.nodes.len();
        let carriers = self.cluster.nodes.iter().filter(|node| !node.witness).count();
        if self.cluster.data_dir.is_empty() {
            self.wrong(
                "has no 'data-dir': votes must survive a restart.".to_owned(),
                Some("add `data-dir /var/lib/lb`"),
            );
        }
        if voters < VOTERS {
            let text = format!("has {voters} of the {VOTERS} nodes that it takes to outvote a lost one.");
            self.wrong(text, Some("a third node may be a `witness`, which only votes"));
        } else if voters.is_multiple_of(2) {
            let text = format!("has {voters} nodes: an even number bears no more losses than one less.");
            self.say(Severity::Warning, &place, text, Some("add a `witness`"));
        }
        if carriers == 0 && voters > 0 {
            self.wrong("has witnesses only: no node may hold an address.".to_owned(), None);
        } else if carriers == 1 && voters >= VOTERS {
            let text = "has one node that is no witness: nothing takes over from it.".to_owned();
            self.say(Severity::Warning, &place, text, None);
        }
    }

    fn addresses(&mut self) {
        let place = self.cluster.place.clone();
        if self.cluster.addresses.is_empty() {
            let text = "has no 'virtual-ip': its leader holds nothing.".to_owned();
            self.say(Severity::Warning, &place, text, None);
        }
        for address in &self.cluster.addresses {
            let ip = address.ip;
            if let Some(node) = self.cluster.nodes.iter().find(|node| node.address.ip() == ip) {
                let text = format!("would move {ip}, by which node '{}' is reached.", node.name);
                self.say(Severity::Alert, &address.place, text, Some("a virtual address is nobody's own"));
            }
            if ip.is_loopback() && matches!(address.holding, Holding::Interface(_)) {
                let text = format!("cannot announce {ip}, a loopback address, on an interface.");
                self.say(Severity::Alert, &address.place, text, Some("write `bind-only`"));
            }
        }
    }

    fn times(&mut self) {
        let (shortest, longest) = self.cluster.election;
        let heartbeat = self.cluster.heartbeat;
        let ms = |time: Duration| time.as_millis();
        if longest < SHORTEST_LEASE || longest > LONGEST {
            let text = format!(
                "has an 'election-timeout' of up to {} ms; it must be between {} ms and {} s.",
                ms(longest),
                ms(SHORTEST_LEASE),
                LONGEST.as_secs()
            );
            self.wrong(text, None);
        }
        if shortest >= longest {
            let text = format!(
                "has an 'election-timeout' from {} to {} ms: nodes that wait equally long split their votes.",
                ms(shortest),
                ms(longest)
            );
            self.wrong(text, Some("the second time must be longer than the first"));
        }
        // A lease is to outlive some that get lost; and nobody may wait in vain for one that is not yet due.
        if heartbeat < Duration::from_millis(1) || heartbeat * 3 > longest || heartbeat * 3 > shortest * 2 {
            let text = format!(
                "has a 'heartbeat' of {} ms; it must be from 1 ms to a third of the longest wait of 'election-timeout', {} ms, and two thirds of the shortest, {} ms.",
                ms(heartbeat),
                ms(longest),
                ms(shortest)
            );
            self.wrong(text, None);
        }
    }

    fn preferred(&mut self) {
        for (index, name) in self.cluster.preferred.iter().enumerate() {
            let reason = match self.cluster.nodes.iter().find(|node| node.name == *name) {
                None => "which is no node of it",
                Some(node) if node.witness => "a witness, which holds nothing",
                _ if self.cluster.preferred.iter().take(index).any(|other| other == name) => "twice",
                Some(_) => continue,
            };
            self.wrong(format!("prefers '{name}', {reason}."), None);
        }
    }
}
