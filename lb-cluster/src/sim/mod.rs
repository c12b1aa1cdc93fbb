//! A simulation of a whole cluster, from one number: the code of this crate, from Raft down to the keeper, on a clock,
//! disks, a network and kernels that are made up, with misfortune drawn by lot.
//!
//! What is real: openraft and this crate's [`raft`](crate::raft), the loop of [`cluster`](crate::cluster), and of
//! [`vip`](crate::vip) the holder, lease, preference, grip, the keeper and the way to it. What is not: threads and timers
//! ([`executor`], [`runtime`]), TCP and TLS ([`network`]), the file ([`disk`]) and the kernel ([`kernel`]). Nodes do
//! without shared health, whose results come from the engine: [`health`](crate::health) has a simulation of its own.
//!
//! A process makes no step while another makes one, unless it is paused in the midst of it: then the world goes on
//! around it. Each machine's clock has its own rate. Nothing else tells time: the same seed is the same story, step by
//! step. `LB_SIM_SEED=7 LB_SIM_COUNT=1 LB_SIM_TRACE=1` tells it.

mod coverage;
mod disk;
mod executor;
mod faults;
mod hands;
mod history;
mod kernel;
#[path = "../../../tests/shared/linear.rs"]
mod linear;
mod machine;
mod network;
mod operator;
mod runtime;
mod story;
mod world;

pub(crate) use network::call;
pub(crate) use runtime::{Runtime, Sleep, Tasks};
pub(crate) use world::{is_without, tell};

use executor::{Executor, Time};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};
use world::World;

/// All of it.
struct Sim {
    executor: Executor,
    world: World,
}

/// What the clocks say, to whom asks while the simulation is looked at.
#[derive(Clone, Copy)]
struct Hands {
    /// True time.
    now: Time,
    /// The clock of the machine at its step.
    local: Duration,
    without: Option<u8>,
}

thread_local! {
    static SIM: RefCell<Option<Sim>> = const { RefCell::new(None) };
    static HANDS: Cell<Option<Hands>> = const { Cell::new(None) };
}

/// Looks at the simulation that this thread runs. Nothing that may be polled or dropped in there.
fn with<T>(look: impl FnOnce(&mut Sim) -> T) -> T {
    try_with(look).unwrap_or_else(|| unreachable!("this thread simulates nothing"))
}

fn try_with<T>(look: impl FnOnce(&mut Sim) -> T) -> Option<T> {
    let looked = SIM.try_with(|sim| {
        let mut sim = sim.borrow_mut();
        let sim = sim.as_mut()?;
        let seen = look(sim);
        HANDS.set(Some(sim.hands()));
        Some(seen)
    });
    looked.ok().flatten()
}

/// Puts a simulation at this thread, and gives the one that was there.
fn put(next: Option<Sim>) -> Option<Sim> {
    HANDS.set(next.as_ref().map(Sim::hands));
    SIM.with(|sim| sim.replace(next))
}

/// Asks as if a machine were at its step.
fn as_at<T>(clock: &machine::Clock, ask: impl FnOnce() -> T) -> T {
    let before = HANDS.get();
    HANDS.set(before.map(|hands| Hands { local: clock.at(hands.now), ..hands }));
    let answer = ask();
    HANDS.set(before);
    answer
}

/// Lets the world go on until a time.
fn run(until: Time) {
    executor::run(until, &|look| with(|sim| look(&mut sim.executor)));
}

/// The same, for a process that is paused until then: it goes on at once when misfortune is over.
fn pause(until: Time) {
    loop {
        let (now, calm) = with(|sim| (sim.executor.now(), sim.world.calm));
        if calm || now >= until {
            return;
        }
        run(until.min(now + 5 * world::MS));
    }
}

/// Where all clocks begin.
fn base() -> Instant {
    static BASE: OnceLock<Instant> = OnceLock::new();
    *BASE.get_or_init(Instant::now)
}

/// The clock of the machine at its step. None: this thread simulates nothing.
pub(crate) fn now() -> Option<Instant> {
    monotonic().map(|now| base() + now)
}

/// The same, as a kernel counts.
pub(crate) fn monotonic() -> Option<Duration> {
    HANDS.get().map(|hands| hands.local)
}

/// The clock on its wall.
pub(crate) fn time_of_day() -> Option<SystemTime> {
    try_with(|sim| {
        let set = sim.executor.machine().map_or(0, |machine| sim.world.machines[machine].wall);
        SystemTime::UNIX_EPOCH + Duration::from_secs(set) + Duration::from_nanos(sim.executor.now())
    })
}

/// Waits by that machine's clock. None: this thread simulates nothing.
pub(crate) fn sleep(time: Duration) -> Option<Sleep> {
    now().map(|now| Sleep::until(now + time))
}

/// What comes of a future, if it is ready before the other.
pub(crate) async fn before<F: Future>(limit: Sleep, future: F) -> Option<F::Output> {
    executor::before(limit, future).await
}

impl Sim {
    fn hands(&self) -> Hands {
        let now = self.executor.now();
        let machine = self.executor.machine().and_then(|machine| self.world.machines.get(machine));
        let local = machine.map_or(Duration::from_nanos(now), |machine| machine.clock.at(now));
        Hands { now, local, without: self.world.telling.without }
    }
}

mod tests;
