//! What the engine asks of shared health. Its control thread and the cluster's thread meet here, under a lock that no traffic takes.

use super::core::{Core, Incident};
use super::target::Target;
use super::view::{Frame, Standing, View};
use crate::counts::Counts;
use crate::events::Events;
use crate::runtime::{now, since, wall_millis};
use crate::state::{Finding, Found, MAX_VERDICTS, NodeId, Ruling, TargetId, Verdict, Verdicts};
use lb_core::check::{Asked, Outcome, ProbePolicy, Report, Status};
use lb_core::process::Severity;
use lb_core::server::{Operational, Server};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use xxhash_rust::xxh3::xxh3_128;

/// Longest text of a check that is told to others, in bytes.
const MAX_INFO: usize = 64;

/// How often it is told that there is no room for verdicts.
const FULL: Duration = Duration::from_secs(60);

/// Shared health of one node; clones are the same.
#[derive(Clone)]
pub struct Health(Arc<Inner>);

struct Inner {
    enabled: bool,
    origin: Instant,
    inside: Mutex<Inside>,
    /// Counts what may have to be told or decided.
    stirred: watch::Sender<u64>,
    events: Events,
    counts: Arc<Counts>,
}

struct Inside {
    core: Core,
    servers: HashMap<TargetId, Weak<Server>>,
    /// By the servers' uid.
    ids: HashMap<usize, TargetId>,
    crowded: bool,
    /// Until when it is not told again that there is no room for verdicts.
    full: Option<Duration>,
}

/// What Raft says of the cluster.
#[derive(Clone, Debug)]
pub struct Census {
    /// This node.
    pub me: NodeId,
    /// The others that carry traffic.
    pub others: Vec<NodeId>,
    /// A majority is reached.
    pub quorum: bool,
    /// This node leads.
    pub leads: bool,
}

/// What there is to see of one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its id.
    pub target: TargetId,
    /// `BACKEND/SERVER`.
    pub name: String,
    /// What the cluster says.
    pub ruling: Ruling,
    /// When it said so, in milliseconds since 1970; none for what is up.
    pub at: Option<u64>,
    /// Who checks it.
    pub prober: Option<NodeId>,
    /// What each node sees.
    pub views: Vec<(NodeId, View)>,
    /// What this node's traffic goes by.
    pub state: Standing,
}

/// What there is to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// `shared-health` is not off.
    pub enabled: bool,
    /// Verdicts are shared: a majority is reached.
    pub shared: bool,
    /// This node trusts its own checks.
    pub fit: bool,
    /// The servers of this node.
    pub servers: Vec<Seen>,
    /// Verdicts on servers that this node does not have.
    pub foreign: Vec<Verdict>,
}

/// The same in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Verdicts are shared.
    pub shares: bool,
    /// This node trusts its own checks.
    pub fit: bool,
    /// How many of this node's servers are what.
    pub rulings: BTreeMap<Ruling, u64>,
}

impl Health {
    /// Shared health, or none.
    pub fn new(enabled: bool, events: Events, counts: Arc<Counts>) -> Self {
        let inside = Inside {
            core: Core::new(NodeId(0)),
            servers: HashMap::new(),
            ids: HashMap::new(),
            crowded: false,
            full: None,
        };
        Self(Arc::new(Inner {
            enabled,
            origin: now(),
            inside: Mutex::new(inside),
            stirred: watch::Sender::new(0),
            events,
            counts,
        }))
    }

    /// It is switched on.
    pub fn is_enabled(&self) -> bool {
        self.0.enabled
    }

    fn now(&self) -> Duration {
        since(self.0.origin)
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.0.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells when there may be something to tell or to decide.
    pub(super) fn stirred(&self) -> watch::Receiver<u64> {
        self.0.stirred.subscribe()
    }

    /// Takes in what Raft says, and what it has decided where that is new. What this node would have it decide comes back.
    /// At most `room` findings.
    pub(super) fn tick(&self, census: Census, verdicts: Option<&Verdicts>, room: usize) -> Vec<Finding> {
        let now = self.now();
        let mut inside = self.lock();
        let Census { me, others, quorum, leads } = census;
        let turned = inside.core.has_quorum() != quorum;
        inside.core.enter(me, others, quorum, leads);
        if let Some(verdicts) = verdicts {
            inside.core.adopt(verdicts, now);
            if verdicts.is_full() && inside.full.is_none_or(|until| until <= now) {
                inside.full = Some(now + FULL);
                self.warn(format!(
                    "the cluster keeps {MAX_VERDICTS} verdicts on servers, and no more: each node checks all others by itself."
                ));
            }
        }
        let findings = inside.core.tick(room, wall_millis(), now);
        if turned {
            self.tell_quorum(quorum);
        }
        self.pass_on(&mut inside);
        findings
    }

    fn tell_quorum(&self, quorum: bool) {
        let (severity, text) = match quorum {
            true => (Severity::Notice, "health is shared: each server is checked by one node."),
            false => (
                Severity::Warning,
                "no majority of the nodes is reached: this node checks every server by itself, and goes by what it finds.",
            ),
        };
        self.0.events.tell(severity, text.to_owned());
    }

    /// Passes on what the core has put out.
    fn pass_on(&self, inside: &mut Inside) {
        for (id, wake) in std::mem::take(&mut inside.core.wakes) {
            let server = inside.servers.get(&id).and_then(Weak::upgrade);
            if let Some(probe) = server.as_ref().and_then(|server| server.check.as_deref()) {
                probe.ask(wake);
            }
        }
        for incident in std::mem::take(&mut inside.core.incidents) {
            self.tell(incident);
        }
        if std::mem::take(&mut inside.core.stirred) {
            self.0.stirred.send_modify(|count| *count = count.wrapping_add(1));
        }
    }

    fn tell(&self, incident: Incident) {
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

    /// What a node says, or answers.
    pub(crate) fn hear(&self, frame: Frame) {
        let now = self.now();
        let mut inside = self.lock();
        inside.core.hear(frame, now);
        self.pass_on(&mut inside);
    }

    /// What a node is answered that has said something.
    pub(crate) fn answer(&self, to: NodeId) -> Frame {
        self.lock().core.greeting(to)
    }

    /// What a node is to be told now.
    pub(super) fn frame(&self, to: NodeId) -> Frame {
        self.lock().core.frame(to)
    }

    /// There is something to tell it.
    pub(super) fn has_news(&self, to: NodeId) -> bool {
        self.lock().core.has_news(to)
    }

    /// A node was not reached.
    pub(super) fn returned(&self, to: NodeId, frame: Frame) {
        self.lock().core.returned(to, frame);
    }

    /// A word to the operator.
    pub(super) fn warn(&self, text: String) {
        self.0.events.tell(Severity::Warning, text);
    }

    /// What there is to see now.
    pub fn shown(&self) -> Shown {
        let now = self.now();
        let inside = self.lock();
        let core = &inside.core;
        let known = core.known();
        let seen = |(id, target): (TargetId, &Target)| Seen {
            target: id,
            name: target.name.clone(),
            ruling: target.ruling(),
            at: known.get(id).map(|verdict| verdict.at),
            prober: core.has_quorum().then(|| core.circle(id, now).prober),
            views: views(target, core.me(), known.get(id)),
            state: target.state,
        };
        let servers: Vec<_> = core.targets().map(seen).collect();
        let is_foreign = |(id, _): &(TargetId, &Verdict)| core.target(*id).is_none();
        Shown {
            enabled: self.0.enabled,
            shared: core.has_quorum(),
            fit: core.is_fit(),
            foreign: known.iter().filter(is_foreign).map(|(_, verdict)| verdict.clone()).collect(),
            servers,
        }
    }

    /// How much there is to see now.
    pub fn tally(&self) -> Tally {
        let inside = self.lock();
        let core = &inside.core;
        let mut rulings = BTreeMap::new();
        core.targets().for_each(|(_, target)| *rulings.entry(target.ruling()).or_default() += 1);
        Tally { shares: self.0.enabled && core.has_quorum(), fit: core.is_fit(), rulings }
    }

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

/// What each node sees, or saw when they agreed.
fn views(target: &Target, me: NodeId, verdict: Option<&Verdict>) -> Vec<(NodeId, View)> {
    let mut views: Vec<_> = target.views(me).map(|(node, view)| (node, view.clone())).collect();
    for (node, good) in verdict.into_iter().flat_map(|verdict| &verdict.views) {
        if views.iter().all(|(known, _)| known != node) {
            let standing = if *good { Standing::Up } else { Standing::Down };
            views.push((*node, View { good: *good, standing, found: Found::default() }));
        }
    }
    views.sort_by_key(|(node, _)| *node);
    views
}

/// What a check is known by on all nodes.
fn target_id(asked: Asked<'_>) -> TargetId {
    let Asked { server, watch, .. } = asked;
    let text = format!("{}\0{}\0{}\0{:x}", server.backend, server.name, watch.place(), watch.definition());
    TargetId(xxh3_128(text.as_bytes()))
}

fn standing(server: &Server) -> Standing {
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
