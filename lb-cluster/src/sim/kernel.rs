//! A kernel, as far as addresses are concerned, and the keeper on it: the real keeper, which takes its turns when orders,
//! the kernel or the time call for one.

use super::executor::Time;
use super::world::{LATE, MS};
use super::{pause, with};
use crate::vip::keeper::{Keeper, Report, report, turn};
use crate::vip::kernel::{Kernel, Told};
use crate::vip::{Lease, Moment};
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

/// The guard of one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guard {
    /// It is not there: it stops nothing.
    Missing,
    /// It lets through what is the address's until then, in true time.
    Until(Time),
}

/// What outlives processes, as long as the machine does.
#[derive(Debug)]
pub(super) struct Machinery {
    pub(super) guard: Guard,
    /// The address is on the interface until then.
    pub(super) address: Time,
    pub(super) carrier: bool,
    pub(super) told: Told,
    /// Since when the guard has been missing while the address was there.
    pub(super) bare: Option<Time>,
}

/// A keeper, its end of the way to who decides, and what it last reported.
pub(super) struct Monitor {
    keeper: Keeper<Hold>,
    orders: OwnedFd,
    last: Report,
}

/// The keeper's process.
#[derive(Default)]
pub(super) struct Post {
    /// None: there is none, or it is at its turn.
    pub(super) monitor: Option<Monitor>,
    /// Which one this is.
    pub(super) number: u64,
    pub(super) paused_until: Time,
    planned: bool,
    again: bool,
    at_turn: bool,
}

/// A machine's kernel, as its keeper has it.
#[derive(Debug)]
pub(super) struct Hold {
    machine: usize,
    /// Which keeper this is: one that was killed does nothing more.
    number: u64,
}

impl Default for Machinery {
    fn default() -> Self {
        Self { guard: Guard::Missing, address: 0, carrier: true, told: Told::default(), bare: None }
    }
}

impl Machinery {
    /// Something with the address as its source leaves, or for it comes in.
    pub(super) fn answers(&self, now: Time) -> bool {
        self.carrier && self.address > now && self.is_open(now)
    }

    pub(super) fn is_open(&self, now: Time) -> bool {
        match self.guard {
            Guard::Missing => true,
            Guard::Until(until) => now < until,
        }
    }

    /// The guard was lost, and the address is still there.
    pub(super) fn is_bare(&self) -> bool {
        self.guard == Guard::Missing && self.address > 0
    }

    /// The machine is switched off and on: nothing is left of it.
    pub(super) fn reset(&mut self) {
        *self = Self { carrier: self.carrier, ..Self::default() };
    }
}

impl Post {
    pub(super) fn is_busy(&self, now: Time) -> bool {
        self.at_turn || self.paused_until > now
    }

    /// The process ends and does nothing more.
    pub(super) fn kill(&mut self) -> Option<Monitor> {
        self.number += 1;
        self.again = false;
        self.monitor.take()
    }
}

/// Puts a keeper at a machine.
pub(super) fn post(machine: usize, orders: OwnedFd, lease: Lease) {
    let number = with(|sim| {
        let post = &mut sim.world.machines[machine].post;
        *post = Post { number: post.number + 1, ..Post::default() };
        post.number
    });
    let keeper = Keeper::new(Hold { machine, number }, lease.length());
    with(|sim| {
        sim.world.machines[machine].post.monitor = Some(Monitor { keeper, orders, last: Report::default() });
    });
    call(machine);
}

/// Has the keeper take a turn soon.
pub(super) fn call(machine: usize) {
    with(|sim| {
        let delay = if sim.world.one_in(50) { sim.world.ms(0.1, 4.0) } else { sim.world.ms(0.01, 0.2) };
        let at = sim.executor.now() + delay;
        plan(sim, machine, at);
    });
}

fn plan(sim: &mut super::Sim, machine: usize, at: Time) {
    let post = &mut sim.world.machines[machine].post;
    let (number, at) = (post.number, at.max(post.paused_until));
    sim.executor.at(at, move || take_turn(machine, number));
}

fn take_turn(machine: usize, number: u64) {
    let monitor = with(|sim| {
        let now = sim.executor.now();
        let post = &mut sim.world.machines[machine].post;
        if post.number != number || post.monitor.is_none() && !post.at_turn {
            return None;
        }
        if post.at_turn {
            post.again = true;
            return None;
        }
        if post.paused_until > now {
            if !std::mem::replace(&mut post.planned, true) {
                let at = post.paused_until;
                sim.executor.at(at, move || {
                    with(|sim| sim.world.machines[machine].post.planned = false);
                    take_turn(machine, number);
                });
            }
            return None;
        }
        post.at_turn = true;
        let told = std::mem::take(&mut sim.world.machines[machine].kernel.told);
        sim.world.machines[machine].post.monitor.take().map(|monitor| (monitor, told))
    });
    let Some((mut monitor, told)) = monitor else { return };
    let Monitor { keeper, orders, last } = &mut monitor;
    let served = turn(orders, keeper, told).and_then(|()| report(orders, keeper, last));
    if served.is_err() {
        // Who decides is gone.
        keeper.end();
    }
    let due = keeper.due();
    // Killed in the midst of its turn: what it did after that moment did nothing.
    let old = with(|sim| {
        let now = sim.executor.now();
        let when =
            due.map(|due| sim.world.machines[machine].clock.when(due).max(now) + sim.world.ms(0.1, 1.0));
        let post = &mut sim.world.machines[machine].post;
        if post.number != number {
            return Some(monitor);
        }
        post.at_turn = false;
        if served.is_err() {
            post.number += 1;
            return Some(monitor);
        }
        post.monitor = Some(monitor);
        let again = std::mem::take(&mut post.again);
        if let Some(when) = when {
            plan(sim, machine, when);
        }
        if again {
            plan(sim, machine, now + MS / 50);
        }
        None
    });
    drop(old);
}

impl Hold {
    /// Whatever the keeper does takes a while, and may take long. When it goes on: what others do meanwhile runs nested in
    /// here and may take longer, which is no pause of this keeper.
    fn pass(&self, long: bool) -> Time {
        let until = with(|sim| {
            let now = sim.executor.now();
            let machine = &sim.world.machines[self.machine];
            let bare = machine.kernel.is_bare();
            let spared = sim.world.calm || bare || !long;
            let until = match sim.world.random.u32(..2000) {
                0..20 => now + sim.world.ms(0.1, 2.0),
                20..24 if !spared => {
                    sim.world.coverage.count("keeper paused");
                    now + sim.world.ms(5.0, 500.0)
                }
                _ => now,
            };
            if until > now + 3 * MS {
                sim.note(|| format!("keeper {} pauses for {} ms", self.machine, (until - now) / MS));
            }
            until
        });
        pause(until);
        until
    }

    /// Nothing comes of it when this keeper was killed meanwhile.
    fn act<T>(&self, act: impl FnOnce(&mut super::Sim) -> T) -> Option<T> {
        with(|sim| (sim.world.machines[self.machine].post.number == self.number).then(|| act(sim)))
    }
}

impl Kernel for Hold {
    fn now(&self) -> Moment {
        with(|sim| sim.world.machines[self.machine].clock.at(sim.executor.now()))
    }

    fn build(&mut self) -> io::Result<()> {
        self.act(|sim| {
            let kernel = &mut sim.world.machines[self.machine].kernel;
            kernel.guard = Guard::Until(0);
            kernel.bare = None;
        });
        self.pass(true);
        Ok(())
    }

    fn open(&mut self, time: Duration) -> io::Result<()> {
        // A long pause between the reading of the clock and this is what no process can prevent: see docs/cluster.md.
        let now = self.pass(false);
        let opened = self.act(|sim| {
            let late = sim.world.ms(0.0, 12.0);
            let machine = &mut sim.world.machines[self.machine];
            let end = machine.clock.when(machine.clock.at(now) + time) + late;
            let end = if sim.world.telling.without == Some(2) { Time::MAX } else { end };
            match machine.kernel.guard {
                Guard::Missing if time.is_zero() || sim.world.telling.without != Some(3) => return false,
                Guard::Missing => return true,
                Guard::Until(_) => machine.kernel.guard = Guard::Until(end),
            }
            sim.note(|| format!("guard of {} open until {:.3}", self.machine, end as f64 / 1e6));
            sim.opened(self.machine, end);
            sim.look();
            true
        });
        self.pass(true);
        if opened == Some(true) { Ok(()) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    fn close(&mut self) {
        self.pass(true);
        self.act(|sim| {
            let now = sim.executor.now();
            sim.note(|| format!("guard of {} closed", self.machine));
            let machine = &mut sim.world.machines[self.machine];
            if let Guard::Until(until) = machine.kernel.guard {
                machine.kernel.guard = Guard::Until(until.min(now));
            }
        });
    }

    fn add(&mut self) -> io::Result<()> {
        self.pass(true);
        self.act(|sim| {
            let gone = sim.executor.now() + sim.world.ms(1000.0, 1600.0);
            sim.world.machines[self.machine].kernel.address = gone;
            sim.look();
        });
        Ok(())
    }

    fn remove(&mut self) -> bool {
        self.pass(true);
        self.act(|sim| {
            sim.note(|| format!("address off {}", self.machine));
            let kernel = &mut sim.world.machines[self.machine].kernel;
            (kernel.address, kernel.bare) = (0, None);
        });
        true
    }

    fn demolish(&mut self) {
        self.act(|sim| sim.world.machines[self.machine].kernel.guard = Guard::Missing);
    }

    fn frames(&self) -> usize {
        1
    }

    fn announce(&mut self, _: usize) {
        self.pass(true);
        self.act(|sim| sim.announced(self.machine));
    }

    fn carrier(&self) -> bool {
        with(|sim| sim.world.machines[self.machine].kernel.carrier)
    }
}

impl super::Sim {
    /// I2: a guard ends with the lease, and little later.
    fn opened(&mut self, index: usize, end: Time) {
        let machine = &self.world.machines[index];
        let (clock, granted) = (machine.clock, machine.granted);
        let latest = granted.map(|granted| clock.when(granted) + LATE.as_nanos() as Time);
        if let Some(latest) = latest.filter(|latest| end > *latest && self.world.telling.without.is_none()) {
            let late = (end - latest) / MS;
            self.broke(format!("I2: the guard of {index} ends {late} ms later than is allowed"));
        }
    }

    /// I4: nothing leaves without a lease.
    fn announced(&mut self, index: usize) {
        let now = self.executor.now();
        let kernel = &self.world.machines[index].kernel;
        if !kernel.is_open(now) || !kernel.carrier {
            return;
        }
        if kernel.guard == Guard::Missing {
            self.broke(format!("I4: {index} announces without a guard"));
        }
        self.note(|| format!("{index} announces"));
        let lost = !self.world.calm && self.world.one_in(10);
        if !lost {
            self.world.neighbour = Some(index);
        }
    }
}
