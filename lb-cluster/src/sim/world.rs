//! What there is, and what is looked at all the time: the invariants.

use super::coverage::Coverage;
use super::executor::{Executor, Time};
use super::history::History;
use super::machine::Machine;
use super::network::Network;
use super::{Sim, try_with};
use crate::state::NodeId;
use std::collections::BTreeMap;
use std::time::Duration;

/// A millisecond of true time.
pub(super) const MS: Time = 1_000_000;
/// The shortest and the longest election timeout.
pub(super) const ELECTION: (Duration, Duration) = (Duration::from_millis(75), Duration::from_millis(300));
/// A guard may be open so long after its lease.
pub(super) const LATE: Duration = Duration::from_millis(15);

/// How a story is told.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Telling {
    /// The number that all else comes from.
    pub(super) seed: u64,
    /// The rule of the protocol that is left out, to see that it is missed.
    pub(super) without: Option<u8>,
    /// All that happens is written down.
    pub(super) traced: bool,
    /// Clocks on walls are left alone.
    pub(super) untouched_walls: bool,
    /// People change and look at the same things by all nodes, and all that they see is written down.
    pub(super) recorded: bool,
}

/// Machines, what is between them, and what was seen of it.
pub(super) struct World {
    pub(super) telling: Telling,
    pub(super) random: fastrand::Rng,
    pub(super) machines: Vec<Machine>,
    pub(super) network: Network,
    pub(super) coverage: Coverage,
    /// Misfortune is over.
    pub(super) calm: bool,
    /// What was broken first.
    pub(super) broken: Option<String>,
    /// The last acquisition: its term, and whose.
    pub(super) acquired: Option<(u64, usize)>,
    /// Whom neighbours send packets for the address to.
    pub(super) neighbour: Option<usize>,
    /// Changes that were acknowledged.
    pub(super) acknowledged: BTreeMap<u32, Time>,
    pub(super) proposed: u32,
    pub(super) history: History,
    /// An emptied machine that is to be taken in again, or one that is to join.
    pub(super) to_admit: Option<usize>,
    /// Nodes by their ids.
    pub(super) ids: BTreeMap<NodeId, usize>,
    /// Machines that were taken out.
    pub(super) removed: Vec<usize>,
    /// How many nodes the cluster was created of.
    pub(super) founders: usize,
    pub(super) trace: Vec<String>,
}

/// True when the simulation leaves out a rule.
pub(crate) fn is_without(rule: u8) -> bool {
    super::HANDS.get().is_some_and(|hands| hands.without == Some(rule))
}

/// Takes in what a node tells its operator. False: this thread simulates nothing.
pub(crate) fn tell(text: &str) -> bool {
    try_with(|sim| {
        if sim.world.telling.traced {
            let machine =
                sim.executor.machine().map_or("?", |machine| &sim.world.machines[machine].member.name);
            let text = format!("{machine} tells: {text}");
            sim.note(|| text);
        }
    })
    .is_some()
}

impl Sim {
    /// Writes down what happens.
    pub(super) fn note(&mut self, what: impl FnOnce() -> String) {
        if self.world.telling.traced {
            let (at, steps) = (self.executor.now(), self.executor.steps());
            let line = format!("{:>12.6} {steps:>7} {}", at as f64 / 1e6, what());
            if std::env::var_os("LB_SIM_LIVE").is_some() {
                eprintln!("{line}");
            }
            self.world.trace.push(line);
        }
    }

    /// An invariant does not hold.
    pub(super) fn broke(&mut self, what: String) {
        self.note(|| format!("BROKEN: {what}"));
        if self.world.broken.is_none() {
            self.world.broken = Some(format!("at {:.3} ms: {what}", self.executor.now() as f64 / 1e6));
        }
    }

    /// I1: at most one answers. Called whenever one may have begun to.
    pub(super) fn look(&mut self) {
        let now = self.executor.now();
        let answering = self.world.answering(now);
        if answering.len() > 1 {
            let names: Vec<_> =
                answering.iter().map(|machine| &*self.world.machines[*machine].member.name).collect();
            let what = format!("I1: {} answer", names.join(" and "));
            self.broke(what);
        }
    }
}

impl World {
    pub(super) fn answering(&self, now: Time) -> Vec<usize> {
        let all = self.machines.iter().enumerate();
        all.filter(|(_, machine)| machine.kernel.answers(now)).map(|(index, _)| index).collect()
    }

    /// Between two numbers of milliseconds.
    pub(super) fn ms(&mut self, least: f64, most: f64) -> Time {
        ((least + self.random.f64() * (most - least)) * MS as f64) as Time
    }

    /// True once in so many times.
    pub(super) fn one_in(&mut self, times: u32) -> bool {
        self.random.u32(..times) == 0
    }
}

/// A simulation at its beginning.
pub(super) fn begin(telling: Telling) -> Sim {
    let random = fastrand::Rng::with_seed(telling.seed);
    let world = World {
        telling,
        random,
        machines: Vec::new(),
        network: Network::default(),
        coverage: Coverage::default(),
        calm: false,
        broken: None,
        acquired: None,
        neighbour: None,
        acknowledged: BTreeMap::new(),
        proposed: 0,
        history: History::default(),
        to_admit: None,
        ids: BTreeMap::new(),
        removed: Vec::new(),
        founders: 0,
        trace: Vec::new(),
    };
    Sim { executor: Executor::new(telling.seed), world }
}
