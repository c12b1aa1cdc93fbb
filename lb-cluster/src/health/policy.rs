//! What the engine asks of shared health. Its control thread and the cluster's thread meet here, under a lock that no traffic takes.

mod probes;
mod shown;
mod telling;

pub use shown::{Seen, Shown};

use super::core::Core;
use super::view::Frame;
use crate::counts::Counts;
use crate::events::Events;
use crate::runtime::{now, since, wall_millis};
use crate::state::{Finding, MAX_VERDICTS, NodeId, TargetId, Verdicts};
use lb_core::server::Server;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::sync::watch;

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
}
