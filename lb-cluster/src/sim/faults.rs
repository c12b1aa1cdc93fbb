//! Misfortune, drawn by lot. Whoever holds the addresses meets with more of it than others.

use super::disk::{Disk, Pace};
use super::executor::Time;
use super::kernel::Guard;
use super::world::{ELECTION, MS};
use super::{Sim, kernel, machine, with};
use crate::cluster::Order;

type Fault = fn(usize);

/// All kinds, and how often each is drawn.
const KINDS: &[(u32, Fault)] = &[
    (8, kill),
    (5, kill_all),
    (4, reset),
    (10, pause),
    (4, pause_keeper),
    (8, flush),
    (10, cut_one_way),
    (12, cut_two),
    (14, isolate),
    (6, split),
    (6, weather),
    (8, slow_disk),
    (3, full_disk),
    (6, unplug),
    (8, step_down),
    (5, step_down_late),
    (4, stop),
    (5, empty),
    (4, add),
    (3, remove),
    (5, other_terms),
    (3, set_wall),
    (3, restart_others),
];

/// What this story may meet with: some kinds only, so that one gets often what another never does.
pub(super) fn kinds() -> Vec<(u32, Fault)> {
    with(|sim| {
        let all = sim.world.one_in(3);
        KINDS.iter().copied().filter(|_| all || sim.world.random.bool()).collect()
    })
}

/// Goes on with it, until it is over.
pub(super) fn go_on(kinds: Vec<(u32, Fault)>) {
    if with(|sim| sim.world.calm) {
        return;
    }
    let total = kinds.iter().map(|(weight, _)| weight).sum::<u32>();
    if total > 0 {
        let (mut drawn, target) = with(|sim| (sim.world.random.u32(..total), sim.target()));
        let kind = kinds.iter().find(|(weight, _)| {
            let found = drawn < *weight;
            drawn = drawn.saturating_sub(*weight);
            found
        });
        if let Some((_, fault)) = kind {
            fault(target);
        }
    }
    with(|sim| {
        let pause = if sim.world.one_in(5) { sim.world.ms(200.0, 700.0) } else { sim.world.ms(5.0, 250.0) };
        let at = sim.executor.now() + pause;
        sim.executor.at(at, move || go_on(kinds));
    });
}

impl Sim {
    fn target(&mut self) -> usize {
        let now = self.executor.now();
        let holder = self.world.answering(now).first().copied();
        match holder {
            Some(holder) if self.world.random.u32(..10) < 6 => holder,
            _ => self.world.random.usize(..self.world.machines.len()),
        }
    }

    fn holds(&self, index: usize) -> bool {
        self.world.machines[index].kernel.answers(self.executor.now())
    }

    fn hit(&mut self, index: usize, what: &'static str, while_holding: Option<&'static str>) {
        self.world.coverage.count(what);
        if let Some(counted) = while_holding.filter(|_| self.holds(index)) {
            self.world.coverage.count(counted);
        }
        self.note(|| format!("{what}: {index}"));
    }

    /// Nothing comes from it, and nothing to it.
    fn isolate(&mut self, index: usize, least: f64, most: f64) {
        let until = self.executor.now() + self.world.ms(least, most);
        self.hit(index, "partition", None);
        for other in 0..self.world.machines.len() {
            self.cut(index, other, until);
            self.cut(other, index, until);
        }
    }

    fn cut(&mut self, from: usize, to: usize, until: Time) {
        let cut = self.world.network.cut.entry((from, to)).or_default();
        *cut = until.max(*cut);
    }
}

fn start_later(index: usize, least: f64, most: f64) {
    with(|sim| {
        let at = sim.executor.now() + sim.world.ms(least, most);
        sim.executor.at(at, move || {
            let outside = with(|sim| sim.world.machines[index].outside);
            if !outside {
                machine::start(index);
            }
        });
    });
}

/// True when what is to be done to a machine would have its lost guard stay lost: nothing prevents that.
fn is_spared(index: usize) -> bool {
    with(|sim| sim.world.machines[index].kernel.is_bare() || sim.world.machines[index].outside)
}

fn kill(index: usize) {
    if !is_spared(index) {
        with(|sim| sim.hit(index, "process killed", Some("crash while holding")));
        machine::kill(index);
        start_later(index, 5.0, 700.0);
    }
}

fn kill_all(index: usize) {
    if !is_spared(index) {
        with(|sim| sim.hit(index, "process killed", Some("crash while holding")));
        machine::kill_all(index);
        start_later(index, 5.0, 700.0);
    }
}

/// All but the holder lose their processes and are back at once, and nobody hears the holder any more: those that it has its lease
/// from do not know of it.
fn restart_others(_: usize) {
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

fn reset(index: usize) {
    if !with(|sim| sim.world.machines[index].outside) {
        with(|sim| sim.hit(index, "machine reset", None));
        machine::reset(index);
        start_later(index, 50.0, 900.0);
    }
}

fn pause(index: usize) {
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

fn pause_keeper(index: usize) {
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

fn flush(index: usize) {
    let flushed = with(|sim| {
        let now = sim.executor.now();
        let this = &sim.world.machines[index];
        // Who is paused then cannot see it: see docs/cluster.md.
        if this.post.is_busy(now) || this.post.monitor.is_none() {
            return false;
        }
        let holds = sim.holds(index);
        // Nor who has not started yet, and finds what its earlier life left.
        if this.kernel.address > now && !holds {
            return false;
        }
        let kernel = &mut sim.world.machines[index].kernel;
        kernel.guard = Guard::Missing;
        kernel.told.guard_lost = sim.world.telling.without != Some(3);
        if holds {
            sim.world.coverage.count("guard flushed while holding");
            sim.executor.at(now + 20 * MS, move || look_for_bare(index));
        }
        sim.note(|| format!("guard of {index} flushed"));
        sim.look();
        true
    });
    if flushed {
        kernel::call(index);
    }
}

/// Rule 3: an address without a guard is off within 20 ms.
fn look_for_bare(index: usize) {
    with(|sim| {
        let now = sim.executor.now();
        let this = &sim.world.machines[index];
        if this.kernel.is_bare() && this.kernel.address > now {
            sim.broke(format!("rule 3: {index} has had the address without a guard for 20 ms"));
        }
    });
}

fn cut_one_way(index: usize) {
    with(|sim| {
        let other = sim.world.random.usize(..sim.world.machines.len());
        let until = sim.executor.now() + sim.world.ms(50.0, 1200.0);
        let (from, to) = if sim.world.random.bool() { (index, other) } else { (other, index) };
        sim.hit(index, "one-way cut", None);
        sim.cut(from, to, until);
    });
}

fn cut_two(index: usize) {
    with(|sim| {
        let other = sim.world.random.usize(..sim.world.machines.len());
        let until = sim.executor.now() + sim.world.ms(50.0, 1200.0);
        sim.hit(index, "partition", None);
        sim.cut(index, other, until);
        sim.cut(other, index, until);
    });
}

fn isolate(index: usize) {
    with(|sim| sim.isolate(index, 50.0, 1200.0));
}

fn split(_: usize) {
    with(|sim| {
        let until = sim.executor.now() + sim.world.ms(50.0, 1000.0);
        let sides: Vec<_> = sim.world.machines.iter().map(|_| sim.world.random.bool()).collect();
        sim.hit(0, "partition", None);
        for (from, side) in sides.iter().enumerate() {
            for (to, other) in sides.iter().enumerate() {
                if side != other {
                    sim.cut(from, to, until);
                }
            }
        }
    });
}

fn weather(_: usize) {
    with(|sim| {
        sim.world.network.loses = [0, 3, 8, 30][sim.world.random.usize(..4)];
        sim.world.network.delays = [0, 3, 8, 30][sim.world.random.usize(..4)];
        let at = sim.executor.now() + sim.world.ms(100.0, 900.0);
        sim.note(|| "weather".to_owned());
        sim.executor.at(at, || {
            with(|sim| {
                if !sim.world.calm {
                    (sim.world.network.loses, sim.world.network.delays) = (200, 100);
                }
            });
        });
    });
}

fn slow_disk(index: usize) {
    with(|sim| {
        let (pace, what) = match sim.world.random.u32(..3) {
            0 => (Pace::Slow(100 * MS), "disk stalls for 100 ms"),
            1 => (Pace::Slow(1000 * MS), "disk stalls for 1 s"),
            _ => (Pace::Stuck, "disk stalls for ever"),
        };
        sim.hit(index, what, None);
        sim.world.machines[index].disk.pace = pace;
        let at = sim.executor.now() + sim.world.ms(100.0, 2500.0);
        sim.executor.at(at, move || with(|sim| sim.world.machines[index].disk.pace = Pace::Well));
    });
}

fn full_disk(index: usize) {
    with(|sim| {
        sim.hit(index, "disk full", None);
        sim.world.machines[index].disk.full = true;
        let at = sim.executor.now() + sim.world.ms(100.0, 700.0);
        sim.executor.at(at, move || {
            with(|sim| sim.world.machines[index].disk.full = false);
            restart_failed(index);
        });
    });
}

/// A node whose disk has failed does nothing more in this life.
pub(super) fn restart_failed(index: usize) {
    let failed = with(|sim| {
        let status = sim.world.machines[index].status();
        status.is_some_and(|status| status.role == crate::raft::Role::Stopped)
    });
    if failed {
        machine::kill(index);
        start_later(index, 1.0, 20.0);
    }
}

fn unplug(index: usize) {
    with(|sim| {
        if sim.holds(index) {
            sim.world.coverage.count("link down while holding");
        }
        sim.note(|| format!("link down: {index}"));
        sim.plug(index, false);
        let at = sim.executor.now() + sim.world.ms(30.0, 900.0);
        sim.executor.at(at, move || with(|sim| sim.plug(index, true)));
    });
}

impl Sim {
    pub(super) fn plug(&mut self, index: usize, carrier: bool) {
        let kernel = &mut self.world.machines[index].kernel;
        if kernel.carrier != carrier {
            kernel.carrier = carrier;
            kernel.told.link = true;
            kernel.told.link_up |= carrier;
            let now = self.executor.now();
            self.executor.at(now, move || kernel::call(index));
            self.look();
        }
    }

    fn order(&mut self, index: usize, order: Order) {
        if let Some(orders) = &self.world.machines[index].orders {
            let _ = orders.try_send(order);
        }
    }
}

fn step_down(index: usize) {
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
fn step_down_late(index: usize) {
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

fn stop(index: usize) {
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

/// A disk is lost, and with it the node that was on it: what comes back is a new one.
fn empty(index: usize) {
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
fn add(_: usize) {
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
fn remove(index: usize) {
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
fn other_terms(index: usize) {
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

fn set_wall(index: usize) {
    with(|sim| {
        let time = sim.world.random.u64(..4_000_000_000);
        sim.hit(index, "clock on a wall set", None);
        if !sim.world.telling.untouched_walls {
            sim.world.machines[index].wall = time;
        }
    });
}

/// It is over: all that was broken is mended.
pub(super) fn end() {
    let count = with(|sim| {
        sim.world.calm = true;
        sim.note(|| "calm".to_owned());
        sim.world.network.cut.clear();
        (sim.world.network.loses, sim.world.network.delays) = (0, 0);
        sim.world.machines.len()
    });
    for index in 0..count {
        with(|sim| {
            let this = &mut sim.world.machines[index];
            (this.disk.pace, this.disk.full) = (Pace::Well, false);
            this.post.paused_until = 0;
            let life = this.life;
            sim.plug(index, true);
            if let Some(life) = life {
                sim.executor.resume(life);
            }
        });
        mend_terms(index);
        restart_failed(index);
        if with(|sim| sim.world.machines[index].stopping) {
            machine::kill(index);
        }
        if with(|sim| sim.world.machines[index].life.is_none() && !sim.world.machines[index].outside) {
            machine::start(index);
        }
        kernel::call(index);
    }
}
