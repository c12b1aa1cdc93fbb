//! What happens to disks, links, guards and clocks.

use super::start_later;
use crate::sim::disk::Pace;
use crate::sim::kernel::{self, Guard};
use crate::sim::machine;
use crate::sim::world::MS;
use crate::sim::{Sim, with};

pub(super) fn flush(index: usize) {
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

pub(super) fn slow_disk(index: usize) {
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

pub(super) fn full_disk(index: usize) {
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

pub(super) fn unplug(index: usize) {
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

pub(super) fn set_wall(index: usize) {
    with(|sim| {
        let time = sim.world.random.u64(..4_000_000_000);
        sim.hit(index, "clock on a wall set", None);
        if !sim.world.telling.untouched_walls {
            sim.world.machines[index].wall = time;
        }
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
}
