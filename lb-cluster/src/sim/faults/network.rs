//! What happens to the network.

use crate::sim::executor::Time;
use crate::sim::{Sim, with};

pub(super) fn cut_one_way(index: usize) {
    with(|sim| {
        let other = sim.world.random.usize(..sim.world.machines.len());
        let until = sim.executor.now() + sim.world.ms(50.0, 1200.0);
        let (from, to) = if sim.world.random.bool() { (index, other) } else { (other, index) };
        sim.hit(index, "one-way cut", None);
        sim.cut(from, to, until);
    });
}

pub(super) fn cut_two(index: usize) {
    with(|sim| {
        let other = sim.world.random.usize(..sim.world.machines.len());
        let until = sim.executor.now() + sim.world.ms(50.0, 1200.0);
        sim.hit(index, "partition", None);
        sim.cut(index, other, until);
        sim.cut(other, index, until);
    });
}

pub(super) fn isolate(index: usize) {
    with(|sim| sim.isolate(index, 50.0, 1200.0));
}

pub(super) fn split(_: usize) {
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

pub(super) fn weather(_: usize) {
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

impl Sim {
    /// Nothing comes from it, and nothing to it.
    pub(super) fn isolate(&mut self, index: usize, least: f64, most: f64) {
        let until = self.executor.now() + self.world.ms(least, most);
        self.hit(index, "partition", None);
        for other in 0..self.world.machines.len() {
            self.cut(index, other, until);
            self.cut(other, index, until);
        }
    }

    pub(super) fn cut(&mut self, from: usize, to: usize, until: Time) {
        let cut = self.world.network.cut.entry((from, to)).or_default();
        *cut = until.max(*cut);
    }
}
