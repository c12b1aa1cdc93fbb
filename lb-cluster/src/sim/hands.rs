//! A holder's hands, watched: between any two of its steps the process may die or be paused, and what it does is looked at.

use super::world::MS;
use super::{base, executor, machine, pause, with};
use crate::raft::Role;
use crate::vip::{Grip, Hands, Lease, Sense};
use std::time::{Duration, Instant};

/// The hands of one process.
#[derive(Debug)]
pub(super) struct Watched {
    machine: usize,
    life: usize,
    grip: Grip,
    /// What was done last.
    last: &'static str,
    announced: bool,
    until: Option<Instant>,
    fenced: u64,
}

impl Watched {
    pub(super) fn new(machine: usize, life: usize, grip: Grip) -> Self {
        Self { machine, life, grip, last: "nothing", announced: false, until: None, fenced: 0 }
    }

    /// Before each step: the process may be killed here, or paused.
    fn pass(&mut self, next: &'static str) {
        let fate = with(|sim| {
            let (now, last) = (sim.executor.now(), std::mem::replace(&mut self.last, next));
            if sim.world.calm || now < 700 * MS {
                return None;
            }
            let seldom = if sim.world.telling.without.is_some() { 60 } else { 40 };
            if sim.world.one_in(seldom) {
                sim.world.coverage.count("pause between holder steps");
                let time =
                    if sim.world.random.bool() { sim.world.ms(1.0, 60.0) } else { sim.world.ms(60.0, 700.0) };
                sim.note(|| {
                    format!("{} pauses for {} ms between {last} and {next}", self.machine, time / MS)
                });
                return Some(now + time);
            }
            if sim.world.one_in(30) {
                let between = match (last, next) {
                    ("rebuild", "guard") => "crash between rebuild and guard",
                    ("guard", "address") => "crash between guard and address",
                    ("address", "announce") => "crash between address and announce",
                    ("announce", _) => "crash after announce",
                    ("close", "remove") => "crash between close and remove",
                    _ => return None,
                };
                sim.world.coverage.count(between);
                sim.note(|| format!("{}: {between}", self.machine));
                return Some(0);
            }
            None
        });
        match fate {
            Some(0) => self.die(),
            Some(until) => {
                pause(until);
                // Whoever killed it meanwhile found it here.
                if !with(|sim| sim.executor.is_alive(self.life)) {
                    executor::die();
                }
            }
            None => {}
        }
    }

    fn die(&self) -> ! {
        let (alone, later) =
            with(|sim| (sim.world.random.bool(), sim.executor.now() + sim.world.ms(5.0, 700.0)));
        if alone || with(|sim| sim.world.machines[self.machine].kernel.is_bare()) {
            machine::kill(self.machine);
        } else {
            machine::kill_all(self.machine);
        }
        let machine = self.machine;
        with(|sim| sim.executor.at(later, move || machine::start(machine)));
        executor::die();
    }

    fn ordered(&self) {
        super::kernel::call(self.machine);
    }
}

impl Hands for Watched {
    fn rebuild(&mut self) {
        self.pass("rebuild");
        self.grip.rebuild();
        self.ordered();
    }

    fn guard(&mut self, until: Instant) {
        self.pass("guard");
        with(|sim| sim.prolonged(self.machine, until, self.until.is_none()));
        self.until = Some(until);
        self.grip.guard(until);
        self.ordered();
    }

    fn close(&mut self) {
        self.pass("close");
        let left = self.until.take().map(|until| until.saturating_duration_since(crate::runtime::now()));
        with(|sim| {
            sim.note(|| format!("{} lets go", self.machine));
            let leads = sim.world.machines[self.machine].leads();
            if leads && !sim.world.machines[self.machine].kernel.carrier {
                sim.world.coverage.count("unfit holder gives away");
            }
            if leads && left.is_some_and(|left| left.as_millis() < 60) {
                sim.world.coverage.count("transfer racing expiry");
            }
        });
        // Rule 6: the addresses are released before leadership is given away.
        self.grip.close();
        self.ordered();
        self.announced = false;
    }

    fn address(&mut self) {
        self.pass("address");
        self.grip.address();
        self.ordered();
    }

    fn remove(&mut self) {
        self.pass("remove");
        self.grip.remove();
        self.ordered();
    }

    fn announce(&mut self) {
        self.pass("announce");
        // Rule 4: announced again and again.
        if !std::mem::replace(&mut self.announced, true) || !super::is_without(4) {
            self.grip.announce();
            self.ordered();
        }
    }

    fn sense(&mut self) -> Sense {
        let sense = self.grip.sense();
        if sense.fenced > std::mem::replace(&mut self.fenced, sense.fenced) {
            with(|sim| sim.world.coverage.count("guard set too late"));
        }
        // Rule 6: not before what was closed is closed.
        Sense { settled: sense.settled || super::is_without(6), ..sense }
    }

    fn may_leave(&mut self, since: Duration) -> bool {
        self.grip.may_leave(since)
    }
}

impl super::Sim {
    /// I2: no holder asks for more than its lease. I3: each tenure has a higher term than the one before, and no witness has any.
    fn prolonged(&mut self, index: usize, until: Instant, begins: bool) {
        let Some(status) = self.world.machines[index].status() else { return };
        let machine = &mut self.world.machines[index];
        let until = until.saturating_duration_since(base());
        let lease = Lease::new(machine.election.1);
        machine.granted = Some(until);
        let acked = status.quorum_acked.map(|acked| acked.saturating_duration_since(base()));
        let ends = acked.map(|acked| lease.end(acked));
        let witness = machine.member.witness;
        // What is left out on purpose must be missed by what it leads to.
        if self.world.telling.without.is_none() && ends.is_none_or(|ends| until > ends) {
            self.broke(format!(
                "I2: {index} asks for the guard until {until:?}, and its lease ends at {ends:?}"
            ));
        }
        if witness {
            self.broke(format!("rule 8: the witness {index} holds"));
        }
        if self.world.machines[index].node.upgrade().is_some_and(|node| node.is_between()) {
            self.world.coverage.count("joint membership while holding");
        }
        // Whoever was paused before may ask for what is over: nothing opens by that.
        let now = self.executor.now();
        let void = self.world.machines[index].clock.at(now) >= until;
        if !begins || void || status.role != Role::Leader {
            return;
        }
        self.world.coverage.count("acquisitions");
        self.note(|| format!("{index} takes the addresses in term {}", status.term));
        let last = self.world.acquired.replace((status.term, index));
        if let Some((term, whose)) = last
            && (term > status.term || term == status.term && whose != index)
        {
            self.broke(format!("I3: {index} acquires in term {} after {whose} in term {term}", status.term));
        }
    }
}
