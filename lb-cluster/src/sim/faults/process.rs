//! What happens to processes.

use super::{is_spared, start_later};
use crate::cluster::Order;
use crate::sim::world::MS;
use crate::sim::{machine, with};

pub(super) fn kill(index: usize) {
    if !is_spared(index) {
        with(|sim| sim.hit(index, "process killed", Some("crash while holding")));
        machine::kill(index);
        start_later(index, 5.0, 700.0);
    }
}

pub(super) fn kill_all(index: usize) {
    if !is_spared(index) {
        with(|sim| sim.hit(index, "process killed", Some("crash while holding")));
        machine::kill_all(index);
        start_later(index, 5.0, 700.0);
    }
}

/// All but the holder lose their processes and are back at once, and nobody hears the holder any more: those that it has its lease
/// from do not know of it.
pub(super) fn restart_others(_: usize) {
    let others = with(|sim| {
        let holder = sim.world.answering(sim.executor.now()).first().copied()?;
        sim.hit(holder, "all but the holder restarted", None);
        sim.isolate(holder, 300.0, 900.0);
        let all = sim.world.machines.iter().enumerate();
        let runs = all.filter(|(index, machine)| *index != holder && machine.life.is_some());
        Some(runs.map(|(index, _)| index).collect::<Vec<_>>())
    });
    for other in others.into_iter().flatten().filter(|other| !is_spared(*other)) {
        machine::kill(other);
        start_later(other, 1.0, 30.0);
    }
}

pub(super) fn reset(index: usize) {
    if !with(|sim| sim.world.machines[index].outside) {
        with(|sim| sim.hit(index, "machine reset", None));
        machine::reset(index);
        start_later(index, 50.0, 900.0);
    }
}

pub(super) fn pause(index: usize) {
    if is_spared(index) {
        return;
    }
    with(|sim| {
        let now = sim.executor.now();
        let until = now + sim.world.ms(20.0, 900.0);
        if sim.holds(index) {
            sim.world.coverage.count("machine paused while holding");
        }
        sim.note(|| format!("{index} is paused for {} ms", (until - now) / MS));
        let (whole, this) = (sim.world.random.bool(), &mut sim.world.machines[index]);
        if whole {
            this.post.paused_until = this.post.paused_until.max(until);
        }
        if let Some(life) = this.life {
            sim.executor.pause(life, until);
        }
    });
}

pub(super) fn pause_keeper(index: usize) {
    if is_spared(index) {
        return;
    }
    with(|sim| {
        let until = sim.executor.now() + sim.world.ms(20.0, 600.0);
        sim.hit(index, "keeper paused", None);
        let post = &mut sim.world.machines[index].post;
        post.paused_until = post.paused_until.max(until);
    });
}

pub(super) fn stop(index: usize) {
    if is_spared(index) {
        return;
    }
    with(|sim| {
        sim.hit(index, "stop ordered", None);
        sim.world.machines[index].stopping = true;
        sim.order(index, Order::Stop);
    });
    start_later(index, 700.0, 1200.0);
}
