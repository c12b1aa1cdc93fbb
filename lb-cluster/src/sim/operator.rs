//! What people do meanwhile: they change things, read them, and take nodes in. I5: what was acknowledged is never lost.
//! I6: who reads behind a barrier reads all that was acknowledged before.

use super::with;
use crate::cluster::Order;
use crate::raft::Node;
use crate::state::{Decision, NodeId, Outcome, Proposal, RequestId};
use lb_core::admin::{By, Change};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Works on, until the end.
pub(super) fn work() {
    let what = with(|sim| sim.world.random.u32(..10));
    match what {
        0..6 => propose(),
        6..8 => read(),
        _ => admit(),
    }
    with(|sim| {
        let at = sim.executor.now() + sim.world.ms(10.0, 60.0);
        sim.executor.at(at, work);
    });
}

/// A node that is there, and its process.
pub(super) fn any() -> Option<(usize, Arc<Node>)> {
    with(|sim| {
        let machine = sim.world.random.usize(..sim.world.machines.len());
        let machine = &sim.world.machines[machine];
        Some((machine.life?, machine.node.upgrade()?))
    })
}

/// A change of a server of its own, which no other makes void.
fn proposal(number: u32) -> Proposal {
    Proposal {
        id: RequestId { node: NodeId(0), life: 0, number: number.into() },
        floor: 0,
        change: Change::Weight { backend: "b".into(), server: number.to_string(), weight: number },
        base: 1,
        by: By { socket: "sim".into(), peer: "sim".into() },
        at: 0,
    }
}

fn propose() {
    let Some((life, node)) = any() else { return };
    with(|sim| {
        sim.world.proposed += 1;
        let number = sim.world.proposed;
        let work = async move {
            let outcome = node.propose(Decision::Change(Box::new(proposal(number)))).await;
            if matches!(outcome, Ok(Outcome::Done)) {
                with(|sim| {
                    let now = sim.executor.now();
                    sim.world.coverage.count("changes acknowledged");
                    sim.world.acknowledged.insert(number, now);
                });
            }
        };
        sim.executor.spawn(life, Box::pin(work));
    });
}

fn read() {
    let Some((life, node)) = any() else { return };
    with(|sim| {
        let before: Vec<_> = sim.world.acknowledged.keys().copied().collect();
        let work = async move {
            if node.read_barrier().await.is_err() {
                return;
            }
            let missing = missing(&node, &before);
            with(|sim| {
                sim.world.coverage.count("linearizable reads");
                if let Some(missing) = missing {
                    sim.broke(format!(
                        "I6: a read does not see change {missing}, which was acknowledged before"
                    ));
                }
            });
        };
        sim.executor.spawn(life, Box::pin(work));
    });
}

/// A change that a node does not know.
pub(super) fn missing(node: &Node, numbers: &[u32]) -> Option<u32> {
    let state = node.state();
    let known: BTreeSet<u32> = state
        .changes()
        .after(0)
        .into_iter()
        .filter_map(|(_, entry)| match entry.change {
            Change::Weight { weight, .. } => Some(weight),
            _ => None,
        })
        .collect();
    numbers.iter().copied().find(|number| !known.contains(number))
}

/// Takes an emptied node in, or one that is new.
fn admit() {
    with(|sim| {
        let Some(to_admit) = sim.world.to_admit else { return };
        let (id, member) = (sim.world.machines[to_admit].id(), sim.world.machines[to_admit].member.clone());
        let leader = sim.world.machines.iter().position(super::machine::Machine::leads);
        let Some(leader) = leader else { return };
        let Some(status) = sim.world.machines[leader].status() else { return };
        let seated = status.seats.iter().any(|seat| seat.node == id && seat.voter);
        let alone = status.seats.iter().all(|seat| seat.node == id || seat.member.name != member.name);
        let between = sim.world.machines[leader].node.upgrade().is_some_and(|node| node.is_between());
        if seated && alone && !between {
            sim.world.to_admit = None;
            let replaced = sim.world.machines[to_admit].listed.len() <= sim.world.founders;
            sim.world.coverage.count(if replaced { "node replaced" } else { "node added" });
            sim.note(|| format!("{to_admit} is in as {id}"));
            return;
        }
        let (answer, _) = oneshot::channel();
        let order = Order::Admit(member, answer);
        if let Some(orders) = &sim.world.machines[leader].orders {
            let _ = orders.try_send(order);
        }
    });
}
