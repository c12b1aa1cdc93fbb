//! One story from its beginning to its end, and the judgement on it.

use super::coverage::Coverage;
use super::machine::{self, Machine};
use super::world::{ELECTION, MS, Telling, begin};
use super::{faults, history, operator, put, run, try_with, with};
use crate::state::Member;

/// When misfortune begins, how long it lasts, and within which all is well after it: 5 E.
const BEGINS: u64 = 900 * MS;
const LASTS: u64 = 3500 * MS;
const SETTLES: u64 = 5 * ELECTION.1.as_nanos() as u64;

/// What came of it.
pub(super) struct Story {
    pub(super) broken: Option<String>,
    pub(super) coverage: Coverage,
    pub(super) trace: Vec<String>,
    /// How many acts people have heard of, where that was written down.
    pub(super) heard: usize,
}

/// Tells it.
pub(super) fn tell(telling: Telling) -> Story {
    let before = put(Some(begin(telling)));
    assert!(before.is_none(), "a simulation in a simulation");
    let long = people();
    let kinds = faults::kinds();
    run(BEGINS);
    let at = with(|sim| {
        let now = sim.executor.now();
        sim.executor.at(now, operator::work);
        if sim.world.telling.recorded {
            sim.executor.at(now, history::work);
        }
        sim.executor.at(now, move || faults::go_on(kinds));
        now
    });
    go_on(at + LASTS);
    faults::end();
    // Who was just started keeps silent first.
    let silent = |sim: &mut super::Sim| sim.world.machines.iter().any(Machine::is_in_quarantine);
    while with(|sim| sim.executor.now() < at + LASTS + 1500 * MS && silent(sim) && sim.world.broken.is_none())
    {
        go_on(with(|sim| sim.executor.now()) + 10 * MS);
    }
    let settled = with(|sim| sim.executor.now()) + SETTLES;
    go_on(settled);
    judge();
    let history = with(|sim| std::mem::take(&mut sim.world.history));
    if let Some(wrong) = history.judge() {
        with(|sim| sim.broke(wrong));
    }
    if long {
        go_on(settled + 12_000 * MS);
        preferred();
    }
    for life in 0..with(|sim| sim.executor.lives()) {
        let gone = try_with(|sim| sim.executor.kill(life));
        drop(gone);
    }
    let Some(sim) = put(None) else { unreachable!("it was there") };
    let (world, executor) = (sim.world, sim.executor);
    drop(executor);
    Story { broken: world.broken, coverage: world.coverage, trace: world.trace, heard: history.heard() }
}

/// Goes on until a time, or until something is broken.
fn go_on(until: u64) {
    loop {
        let (now, broken) = with(|sim| {
            if let Some(panicked) = sim.executor.panicked() {
                sim.broke(format!("a task panicked: {panicked}"));
            }
            (sim.executor.now(), sim.world.broken.is_some())
        });
        if broken || now >= until {
            return;
        }
        run(until.min(now + 10 * MS));
        with(super::Sim::look_around);
    }
}

/// Who takes part, and starts them. True: it is a long story.
fn people() -> bool {
    let (count, long) = with(|sim| {
        let world = &mut sim.world;
        let founders = if world.one_in(3) { 5 } else { 3 };
        let spares = usize::from(world.one_in(3));
        let witness = world.one_in(4).then(|| world.random.usize(..founders));
        let long = world.one_in(40) && witness.is_none();
        for index in 0..founders + spares {
            let name = format!("lb{index}");
            let address = ([10, 0, 0, index as u8 + 1], 7000).into();
            let member = Member { name, address, witness: witness == Some(index) };
            let machine = Machine::new(member, &mut world.random);
            world.machines.push(machine);
        }
        world.founders = founders;
        let all: Vec<_> = world.machines.iter().map(|machine| machine.member.clone()).collect();
        for (index, machine) in world.machines.iter_mut().enumerate() {
            machine.listed = all[..founders].to_vec();
            if index >= founders {
                machine.listed.push(machine.member.clone());
                machine.outside = true;
            }
            if long {
                machine.preferred = vec!["lb1".into(), "lb2".into()];
            }
        }
        (world.network.loses, world.network.delays) = (200, 100);
        (founders, long)
    });
    for index in 0..count {
        with(|sim| {
            let at = sim.world.ms(0.0, 60.0);
            sim.executor.at(at, move || machine::start(index));
        });
    }
    long
}

impl super::Sim {
    /// What is worth knowing now and then.
    fn look_around(&mut self) {
        let leads = |machine: &Machine| machine.member.witness && machine.leads();
        if self.world.machines.iter().any(leads) {
            self.world.coverage.count("witness leads");
        }
        let now = self.executor.now();
        for holder in self.world.answering(now) {
            if self.world.machines[holder].node.upgrade().is_some_and(|node| node.is_between()) {
                self.world.coverage.count("joint membership while holding");
            }
        }
    }
}

/// Liveness: one holder, which is fit and which neighbours know; and it knows all that was acknowledged.
fn judge() {
    if with(|sim| sim.world.broken.is_some()) {
        return;
    }
    let (node, numbers) = with(|sim| {
        let now = sim.executor.now();
        let answering = sim.world.answering(now);
        let [holder] = answering[..] else {
            let roles: Vec<_> =
                sim.world.machines.iter().map(|machine| machine.status().map(|s| (s.role, s.term))).collect();
            sim.broke(format!("liveness: {answering:?} answer 5 E after the end of all faults: {roles:?}"));
            return (None, Vec::new());
        };
        if sim.world.neighbour != Some(holder) {
            let neighbour = sim.world.neighbour;
            sim.broke(format!("liveness: {holder} answers, and neighbours send to {neighbour:?}"));
        }
        (sim.world.machines[holder].node.upgrade(), sim.world.acknowledged.keys().copied().collect())
    });
    if let Some(missing) = node.as_ref().and_then(|node| operator::missing(node, &numbers)) {
        with(|sim| sim.broke(format!("I5: change {missing} is lost, which was acknowledged")));
    }
}

/// The preferred node has the addresses again. Misfortune lasts less than the first wait, so no move has doubled that yet, and who is
/// second best gets nothing meanwhile.
fn preferred() {
    with(|sim| {
        let now = sim.executor.now();
        let seated = sim.world.removed.iter().all(|index| *index != 1);
        match sim.world.answering(now)[..] {
            [1] => sim.world.coverage.count("transfer to a preferred node"),
            ref other if seated && sim.world.broken.is_none() => {
                let other = other.to_vec();
                sim.broke(format!("liveness: {other:?} answer, and not the preferred node, 12 s later"));
            }
            _ => {}
        }
    });
}
