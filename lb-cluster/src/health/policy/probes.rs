//! What the engine's tasks ask about each check.

use super::{Health, Inside};
use crate::health::view::{Standing, View};
use crate::state::{Found, TargetId};
use lb_core::check::{Asked, Outcome, ProbePolicy, Report, Status};
use lb_core::server::{Operational, Server};
use std::sync::{Arc, Weak};
use xxhash_rust::xxh3::xxh3_128;

/// Longest text of a check that is told to others, in bytes.
const MAX_INFO: usize = 64;

impl Health {
    /// What a check is shared under, and that this node has it. None: it is this node's alone.
    fn attend(&self, inside: &mut Inside, asked: Asked<'_>) -> Option<TargetId> {
        let server = asked.server;
        let id = target_id(asked);
        let known = inside.ids.insert(server.uid, id);
        if let Some(other) = known.filter(|known| *known != id) {
            inside.forget(other, server.uid);
        }
        if known != Some(id) || !inside.servers.contains_key(&id) {
            let name = format!("{}/{}", server.backend, server.name);
            if !inside.core.attend(id, &name, asked.probe.pace.inter, standing(server)) {
                if !std::mem::replace(&mut inside.crowded, true) {
                    self.warn(format!(
                        "there are too many servers to share: {name} and others are checked by each node."
                    ));
                }
                inside.ids.remove(&server.uid);
                return None;
            }
            inside.servers.insert(id, Arc::downgrade(server));
        }
        Some(id)
    }

    /// Makes the server what the cluster says, where it is not.
    fn settle(&self, inside: &mut Inside, id: TargetId, asked: Asked<'_>) -> Option<(Operational, Report)> {
        let server = asked.server;
        let (to, found) = inside.core.settle(id, standing(server), server.answered(), self.now())?;
        let to = match to {
            Standing::Up => Operational::Running,
            Standing::Stopping => Operational::Stopping,
            Standing::Down => Operational::Stopped,
        };
        Some((to, report(&found)))
    }
}

impl Inside {
    /// A server has gone, or is another thing to check.
    fn forget(&mut self, id: TargetId, uid: usize) {
        let is_its = |server: &Weak<Server>| server.upgrade().is_none_or(|server| server.uid == uid);
        if self.servers.get(&id).is_some_and(is_its) {
            self.servers.remove(&id);
            self.core.rests(id);
        }
    }
}

impl ProbePolicy for Health {
    fn is_shared(&self) -> bool {
        self.0.enabled
    }

    fn wants(&self, asked: Asked<'_>) -> bool {
        if !self.0.enabled || asked.probe.agent {
            return true;
        }
        let mut inside = self.lock();
        let Some(id) = self.attend(&mut inside, asked) else { return true };
        let last = asked.probe.last();
        inside.core.stands(id, standing(asked.server), last.health.is_up());
        let settled = self.settle(&mut inside, id, asked);
        let wants = inside.core.wants(id, standing(asked.server), self.now());
        let unseen = !wants && !last.report.status.is_result();
        let hearsay = inside.core.hearsay(id).filter(|_| unseen).map(report);
        drop(inside);
        if let Some(report) = hearsay {
            asked.server.note(asked.probe, &report);
        }
        if let Some((to, report)) = settled {
            asked.server.adopt(asked.probe, to, &report);
        }
        if wants {
            self.0.counts.health.made.inc();
        } else {
            self.0.counts.health.saved.inc();
        }
        wants
    }

    fn found(&self, asked: Asked<'_>, report: &Report) {
        let Asked { server, probe, .. } = asked;
        let id = if self.0.enabled && !probe.agent { self.attend(&mut self.lock(), asked) } else { None };
        let Some(id) = id else { return server.checked(probe, report) };
        server.note(probe, report);
        let outcome = report.status.outcome();
        if outcome <= Outcome::Neutral {
            return;
        }
        let view = View {
            good: outcome >= Outcome::Passed,
            standing: match (probe.last().health.is_up(), outcome) {
                (false, _) => Standing::Down,
                (true, Outcome::Conditional) => Standing::Stopping,
                (true, _) => Standing::Up,
            },
            found: found(report),
        };
        let mut inside = self.lock();
        inside.core.found(id, view, standing(server), self.now());
        let settled = self.settle(&mut inside, id, asked);
        self.pass_on(&mut inside);
        drop(inside);
        if let Some((to, report)) = settled {
            server.adopt(probe, to, &report);
        }
    }

    fn look(&self, asked: Asked<'_>) {
        if !self.0.enabled || asked.probe.agent {
            return;
        }
        let mut inside = self.lock();
        let Some(id) = self.attend(&mut inside, asked) else { return };
        if asked.server.unreached().is_some_and(|age| age < asked.probe.pace.inter) {
            let now = self.now();
            inside.core.unreached(id, now);
        }
        let settled = self.settle(&mut inside, id, asked);
        self.pass_on(&mut inside);
        drop(inside);
        if let Some((to, report)) = settled {
            asked.server.adopt(asked.probe, to, &report);
        }
    }

    fn rests(&self, server: &Server, agent: bool) {
        if agent || !self.0.enabled {
            return;
        }
        let mut inside = self.lock();
        if let Some(id) = inside.ids.remove(&server.uid) {
            inside.forget(id, server.uid);
        }
    }
}

/// What a check is known by on all nodes.
fn target_id(asked: Asked<'_>) -> TargetId {
    let Asked { server, watch, .. } = asked;
    let text = format!("{}\0{}\0{}\0{:x}", server.backend, server.name, watch.place(), watch.definition());
    TargetId(xxh3_128(text.as_bytes()))
}

pub(super) fn standing(server: &Server) -> Standing {
    match server.state() {
        Operational::Stopped => Standing::Down,
        Operational::Stopping => Standing::Stopping,
        Operational::Starting | Operational::Running => Standing::Up,
    }
}

fn found(report: &Report) -> Found {
    let info = report.info.iter().take(MAX_INFO).copied().collect();
    Found { status: report.status as u8, code: report.code, info, duration: report.duration }
}

fn report(found: &Found) -> Report {
    let status = Status::of(found.status).unwrap_or_default();
    Report { duration: found.duration, ..Report::new(status, found.info.clone()).with_code(found.code) }
}
