//! What operators do, and who is a member.

use super::{is_spared, start_later};
use crate::cluster::Order;
use crate::sim::disk::Disk;
use crate::sim::world::{ELECTION, MS};
use crate::sim::{Sim, machine, with};

pub(super) fn step_down(index: usize) {
    with(|sim| {
        if sim.world.calm {
            return;
        }
        sim.hit(index, "step down ordered", None);
        sim.order(index, Order::StepDown);
        if sim.world.one_in(3) && !sim.world.machines[index].kernel.is_bare() {
            // A keeper that is slow to close.
            let until = sim.executor.now() + sim.world.ms(5.0, 150.0);
            let post = &mut sim.world.machines[index].post;
            post.paused_until = post.paused_until.max(until);
        }
    });
}

/// Just when the lease is about to end.
pub(super) fn step_down_late(index: usize) {
    with(|sim| {
        let now = sim.executor.now();
        let until = now + sim.world.ms(200.0, 600.0);
        for other in 0..sim.world.machines.len() {
            sim.cut(other, index, until);
        }
        let at = now + sim.world.ms(130.0, 240.0);
        sim.executor.at(at, move || step_down(index));
    });
}

/// A disk is lost, and with it the node that was on it: what comes back is a new one.
pub(super) fn empty(index: usize) {
    let empties = with(|sim| {
        let this = &sim.world.machines[index];
        let founder = index < sim.world.founders && !this.outside;
        if sim.world.to_admit.is_some() || !founder || this.kernel.is_bare() || this.node.strong_count() == 0
        {
            return false;
        }
        sim.hit(index, "node emptied", None);
        sim.world.to_admit = Some(index);
        true
    });
    if empties {
        machine::kill_all(index);
        with(|sim| {
            let id = sim.world.random.u64(1..);
            let this = &mut sim.world.machines[index];
            // Rule 9: never the id of before.
            let id = if sim.world.telling.without == Some(9) { this.id().0 } else { id };
            this.disk = Disk::new(id);
        });
        start_later(index, 5.0, 300.0);
    }
}

/// A machine that was not there before joins.
pub(super) fn add(_: usize) {
    let spare = with(|sim| {
        let spare =
            sim.world.machines.iter().position(|machine| machine.outside && machine.life.is_none())?;
        if sim.world.to_admit.is_some() || spare < sim.world.founders || sim.world.removed.contains(&spare) {
            return None;
        }
        sim.world.to_admit = Some(spare);
        sim.world.machines[spare].outside = false;
        Some(spare)
    });
    if let Some(spare) = spare {
        machine::start(spare);
    }
}

/// A follower is taken out for good.
pub(super) fn remove(index: usize) {
    with(|sim| {
        let Some(leader) = sim.world.machines.iter().position(machine::Machine::leads) else { return };
        let Some(status) = sim.world.machines[leader].status() else { return };
        let id = sim.world.machines[index].id();
        let voters = status.seats.iter().filter(|seat| seat.voter).count();
        let all_well =
            sim.world.machines.iter().all(|machine| machine.outside || machine.node.strong_count() > 0);
        if leader == index || voters < 4 || sim.world.to_admit.is_some() || !all_well {
            return;
        }
        let (answer, done) = tokio::sync::oneshot::channel();
        sim.order(leader, Order::Remove(id, answer));
        let work = async move {
            if matches!(done.await, Ok(Ok(()))) {
                with(|sim| {
                    sim.hit(index, "node removed", None);
                    sim.world.removed.push(index);
                    sim.world.machines[index].outside = true;
                    let now = sim.executor.now();
                    sim.executor.at(now, move || machine::kill(index));
                });
            }
        };
        if let Some(life) = sim.world.machines[leader].life {
            sim.executor.spawn(life, Box::pin(work));
        }
    });
}

/// Somebody starts a node with other times.
pub(super) fn other_terms(index: usize) {
    if is_spared(index) || with(|sim| sim.world.machines.iter().any(|machine| machine.election != ELECTION)) {
        return;
    }
    machine::kill_all(index);
    with(|sim| sim.world.machines[index].election = (ELECTION.0 * 3, ELECTION.1 * 3));
    start_later(index, 1.0, 50.0);
    with(|sim| {
        let now = sim.executor.now();
        let at = now + sim.world.ms(1500.0, 3500.0);
        sim.executor.at(at, move || mend_terms(index));
        // It would get the addresses, if anybody listened to it.
        for _ in 0..4 {
            let at = now + sim.world.ms(1150.0, 2200.0);
            sim.executor.at(at, || {
                let leader = with(|sim| sim.world.machines.iter().position(machine::Machine::leads));
                leader.into_iter().for_each(step_down);
            });
        }
    });
    cut_off_once_it_holds(index);
}

/// Its lease would be longer than the others wait.
fn cut_off_once_it_holds(index: usize) {
    with(|sim| {
        if sim.world.calm || sim.world.machines[index].election == ELECTION {
            return;
        }
        if sim.holds(index) {
            return sim.isolate(index, 700.0, 1000.0);
        }
        let at = sim.executor.now() + 20 * MS;
        sim.executor.at(at, move || cut_off_once_it_holds(index));
    });
}

pub(super) fn mend_terms(index: usize) {
    if with(|sim| sim.world.machines[index].election != ELECTION) {
        machine::kill_all(index);
        with(|sim| sim.world.machines[index].election = ELECTION);
        start_later(index, 1.0, 20.0);
    }
}

impl Sim {
    pub(super) fn order(&mut self, index: usize, order: Order) {
        if let Some(orders) = &self.world.machines[index].orders {
            let _ = orders.try_send(order);
        }
    }
}
