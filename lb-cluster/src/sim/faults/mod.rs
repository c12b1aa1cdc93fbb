//! Misfortune, drawn by lot. Whoever holds the addresses meets with more of it than others.

mod hardware;
mod network;
mod people;
mod process;

use super::disk::Pace;
use super::{Sim, kernel, machine, with};
use hardware::restart_failed;
use people::mend_terms;

type Fault = fn(usize);

/// All kinds, and how often each is drawn.
const KINDS: &[(u32, Fault)] = &[
    (8, process::kill),
    (5, process::kill_all),
    (4, process::reset),
    (10, process::pause),
    (4, process::pause_keeper),
    (8, hardware::flush),
    (10, network::cut_one_way),
    (12, network::cut_two),
    (14, network::isolate),
    (6, network::split),
    (6, network::weather),
    (8, hardware::slow_disk),
    (3, hardware::full_disk),
    (6, hardware::unplug),
    (8, people::step_down),
    (5, people::step_down_late),
    (4, process::stop),
    (5, people::empty),
    (4, people::add),
    (3, people::remove),
    (5, people::other_terms),
    (3, hardware::set_wall),
    (3, process::restart_others),
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
