//! What operators are told of shared health, and what is counted.

use super::Health;
use crate::health::core::Incident;
use crate::state::Ruling;
use lb_core::process::Severity;

impl Health {
    pub(super) fn tell_quorum(&self, quorum: bool) {
        let (severity, text) = match quorum {
            true => (Severity::Notice, "health is shared: each server is checked by one node."),
            false => (
                Severity::Warning,
                "no majority of the nodes is reached: this node checks every server by itself, and goes by what it finds.",
            ),
        };
        self.0.events.tell(severity, text.to_owned());
    }

    pub(super) fn tell(&self, incident: Incident) {
        let counts = &self.0.counts.health;
        match incident {
            Incident::Agreed(ruling, failing) => {
                counts.confirmations.inc();
                if ruling == Ruling::Down {
                    counts.latency.observe(failing);
                }
            }
            Incident::Ruled(name, was, ruling) => {
                let (severity, text) = match (was, ruling) {
                    (_, Ruling::Disputed) => {
                        counts.disputes.inc();
                        (
                            Severity::Warning,
                            format!("nodes see server {name} differently: each goes by its own view."),
                        )
                    }
                    (_, Ruling::Held) => (
                        Severity::Warning,
                        format!(
                            "server {name} turns too often: it is held down until it has been well for 10 intervals."
                        ),
                    ),
                    (Ruling::Held, _) => (
                        Severity::Notice,
                        format!("server {name} is held down no longer: the nodes say {}.", ruling.name()),
                    ),
                    (Ruling::Disputed, _) => (
                        Severity::Notice,
                        format!("the nodes agree on server {name} again: {}.", ruling.name()),
                    ),
                    // The logs of its backend say so.
                    _ => return,
                };
                self.0.events.tell(severity, text);
            }
            Incident::Trusts(false) => {
                let text = "this node has lost more than half of the servers that it checks at once, distrusts itself, and \
                            leaves them to others.";
                self.0.events.tell(Severity::Warning, text.to_owned());
            }
            Incident::Trusts(true) => {
                self.0.events.tell(Severity::Notice, "this node trusts its own checks again.".to_owned());
            }
        }
    }

    /// A word to the operator.
    pub(super) fn warn(&self, text: String) {
        self.0.events.tell(Severity::Warning, text);
    }
}
