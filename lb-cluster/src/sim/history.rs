//! People who change the same few things by any node, and look at them by others: what each did and saw is written down, and
//! must be what one after the other could have seen ([`linear`]). They go the way that commands go: through
//! [`agree`](crate::raft::Node::agree), which asks again, and [`read_place`](crate::raft::Node::read_place).

use super::executor::Time;
use super::linear::{Act, Operation, is_linearizable};
use super::{operator, with};
use crate::raft::{Node, Undecided};
use crate::runtime::{now, sleep};
use crate::state::{Decision, NodeId, Outcome, Proposal, RequestId};
use lb_core::admin::{By, Change};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Things that change.
const THINGS: usize = 3;
/// How long somebody waits for an answer.
const PATIENCE: Duration = Duration::from_millis(1500);

/// What was done to each thing.
#[derive(Default)]
pub(super) struct History {
    things: [Vec<Operation<Time>>; THINGS],
    requests: u32,
}

impl History {
    /// Which thing was seen as it cannot have been, and all that was done to it.
    pub(super) fn judge(&self) -> Option<String> {
        let wrong = self.things.iter().position(|ops| !is_linearizable(ops, 0))?;
        Some(format!("not linearizable: {:?}", self.things[wrong]))
    }

    /// How many acts somebody has heard of.
    pub(super) fn heard(&self) -> usize {
        self.things.iter().flatten().filter(|op| op.answered.is_some()).count()
    }
}

/// Works on, until the end.
pub(super) fn work() {
    if let Some((life, node)) = operator::any() {
        with(|sim| {
            let thing = sim.world.random.usize(..THINGS);
            let now = sim.executor.now();
            if sim.world.random.bool() {
                sim.world.history.requests += 1;
                let number = sim.world.history.requests;
                let op = sim.world.history.begin(thing, Act::Write(number.into()), now);
                sim.executor.spawn(life, Box::pin(write(node, thing, number, op)));
            } else {
                let op = sim.world.history.begin(thing, Act::Read(0), now);
                sim.executor.spawn(life, Box::pin(read(node, thing, op)));
            }
        });
    }
    with(|sim| {
        let at = sim.executor.now() + sim.world.ms(5.0, 40.0);
        sim.executor.at(at, work);
    });
}

impl History {
    fn begin(&mut self, thing: usize, act: Act, called: Time) -> usize {
        self.things[thing].push(Operation { act, called, answered: None });
        self.things[thing].len() - 1
    }
}

fn ended(thing: usize, op: usize, act: Act) {
    with(|sim| {
        let now = sim.executor.now();
        let op = &mut sim.world.history.things[thing][op];
        (op.act, op.answered) = (act, Some(now));
    });
}

async fn write(node: Arc<Node>, thing: usize, number: u32, op: usize) {
    let proposal = Proposal {
        id: RequestId { node: NodeId(0), life: 1, number: number.into() },
        floor: 0,
        change: Change::Weight { backend: "b".into(), server: name(thing), weight: number },
        base: 1,
        by: By { socket: "sim".into(), peer: "sim".into() },
        at: 0,
    };
    match node.agree(Decision::Change(Box::new(proposal)), now() + PATIENCE).await {
        Ok((_, Outcome::Done)) => ended(thing, op, Act::Write(number.into())),
        // It is said never to come to pass: who sees it sees what was not called.
        Ok((_, Outcome::Refused(_))) | Err(Undecided::Not(_)) => {
            with(|sim| sim.world.history.things[thing][op].called = Time::MAX);
        }
        Err(Undecided::Unknown(_)) => {}
    }
}

async fn read(node: Arc<Node>, thing: usize, op: usize) {
    let deadline = now() + PATIENCE;
    let Ok(place) = node.read_place(deadline).await else { return };
    if reach(&node, place, deadline).await {
        ended(thing, op, Act::Read(value(&node, thing).into()));
    }
}

/// Waits until a node has applied what there is up to a place.
async fn reach(node: &Node, place: u64, deadline: Instant) -> bool {
    while node.status().applied.is_none_or(|applied| applied < place) {
        if now() >= deadline {
            return false;
        }
        sleep(Duration::from_millis(1)).await;
    }
    true
}

fn value(node: &Node, thing: usize) -> u32 {
    let name = name(thing);
    let last = node.state().changes().after(0).into_iter().rev().find_map(|(_, entry)| match entry.change {
        Change::Weight { server, weight, .. } if server == name => Some(weight),
        _ => None,
    });
    last.unwrap_or(0)
}

fn name(thing: usize) -> String {
    format!("thing{thing}")
}
