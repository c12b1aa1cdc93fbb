//! The traffic threads: a runtime each, and what the tasks on a thread share.

use super::pulse::Beat;
use super::{Phase, Shared};
use crate::admin;
use crate::compile::Plan;
use crate::connect::pool;
use crate::http::work;
use crate::listen::{self, Acceptors, Tenure};
use crate::process;
use crate::roll;
use crate::tcp;
use crate::thread;
use arc_swap::ArcSwap;
use slab::Slab;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

/// How long connections may take to end when all end at once.
const LAST_WORDS: Duration = Duration::from_millis(100);

thread_local! {
    static PHASE: Cell<Phase> = const { Cell::new(Phase::Running) };
    static PLAN: RefCell<Option<Arc<ArcSwap<Plan>>>> = const { RefCell::new(None) };
    static ADMIN: RefCell<Option<Arc<admin::Context>>> = const { RefCell::new(None) };
    static WAKERS: RefCell<Slab<Waker>> = const { RefCell::new(Slab::new()) };
    /// Work on plans before this generation is over: its `hard-stop-after` has passed.
    static ENDED: Cell<u64> = const { Cell::new(0) };
}

/// What this thread is to do.
#[inline]
pub fn phase() -> Phase {
    PHASE.get()
}

/// What the runtime API looks at and acts on; none outside traffic threads.
pub fn admin() -> Option<Arc<admin::Context>> {
    ADMIN.with_borrow(Clone::clone)
}

/// The plan that this thread's new connections take; none outside traffic threads.
pub(crate) fn plan() -> Option<Arc<Plan>> {
    PLAN.with_borrow(|plan| plan.as_ref().map(|plan| plan.load_full()))
}

/// Replaces a plan that a reload has left behind by the one that runs.
#[inline]
pub fn refresh(plan: &mut Arc<Plan>) {
    PLAN.with_borrow(|running| {
        if let Some(running) = running {
            let now = running.load();
            if !Arc::ptr_eq(&now, plan) {
                *plan = Arc::clone(&now);
            }
        }
    });
}

/// A task's entry among those that are woken when the phase changes. Dropping it takes the entry out.
#[derive(Debug)]
pub struct Woken(usize);

impl Woken {
    /// For [`wake`].
    #[inline]
    pub(crate) fn key(&self) -> usize {
        self.0
    }
}

/// How many tasks of this thread are woken at each change of phase: those of connections, and accepting ones.
pub(super) fn woken() -> usize {
    WAKERS.with_borrow(Slab::len)
}

/// Wakes one task.
pub fn wake(key: usize) {
    WAKERS.with_borrow(|wakers| {
        if let Some(waker) = wakers.get(key) {
            waker.wake_by_ref();
        }
    });
}

/// Has the calling task woken at every change of phase, for as long as the result lives.
pub fn with_waker(waker: &Waker) -> Woken {
    Woken(WAKERS.with_borrow_mut(|wakers| wakers.insert(waker.clone())))
}

impl Drop for Woken {
    fn drop(&mut self) {
        WAKERS.with_borrow_mut(|wakers| {
            wakers.try_remove(self.0);
        });
    }
}

/// Does something that belongs to a plan of that generation, and to a tenure of an address that is not always this
/// node's; none: it was ended, long after a reload had left the plan, or since the address is another's now.
pub async fn on_plan<T>(
    generation: u64,
    tenure: Option<&Tenure>,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut work = pin!(work);
    // Before each step, too: this process may have been stopped for long.
    let is_over = || tenure.is_some_and(Tenure::is_over);
    poll_fn(|cx| match () {
        () if is_over() => Poll::Ready(None),
        () => match work.as_mut().poll(cx) {
            Poll::Pending if generation < ENDED.get() || is_over() => Poll::Ready(None),
            poll => poll.map(Some),
        },
    })
    .await
}

fn set_phase(phase: Phase) {
    PHASE.set(phase);
    process::live().stopping.store(phase >= Phase::Draining, Ordering::Relaxed);
    wake_all();
}

fn wake_all() {
    WAKERS.with_borrow(|wakers| {
        for (_, waker) in wakers {
            waker.wake_by_ref();
        }
    });
}

/// Starts all traffic threads and waits for their end.
pub(super) fn run_all(shared: &Arc<Shared>) {
    let threads: Vec<_> = (0..shared.threads)
        .filter_map(|index| {
            let started = std::thread::Builder::new().name(format!("lb/{}", index + 1)).spawn({
                let shared = Arc::clone(shared);
                move || {
                    run(index, &shared);
                    shared.alive.fetch_sub(1, Ordering::AcqRel);
                }
            });
            if let Err(error) = &started {
                tracing::error!(index, %error, "cannot start a traffic thread");
                // Nobody would accept on its sockets.
                shared.phase.send_replace(Phase::Stopped);
                shared.alive.fetch_sub(1, Ordering::AcqRel);
            }
            started.ok()
        })
        .collect();
    for thread in threads {
        if thread.join().is_err() {
            tracing::error!("a traffic thread panicked");
        }
    }
}

fn run(index: usize, shared: &Arc<Shared>) {
    thread::set_index(index);
    (shared.thread_start)(index);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return tracing::error!(%error, "cannot start a runtime"),
    };
    runtime.block_on(live(index, shared));
    // Dropping the runtime ends every task; pools hold sockets that are registered with it.
    runtime.block_on(async { pool::clear() });
}

/// Carries traffic until told to stop, or until nothing is left after being told to drain.
async fn live(index: usize, shared: &Arc<Shared>) {
    let mut phases = shared.phase.subscribe();
    set_phase(*phases.borrow_and_update());
    ADMIN.set(Some(Arc::clone(&shared.admin)));
    let mut reloads = shared.reloads.subscribe();
    reloads.mark_unchanged();
    let mut acceptors = Acceptors::default();
    PLAN.set(Some(Arc::clone(&shared.plan)));
    take_sockets(index, shared, &mut acceptors);
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    // When plans that reloads have left end, and the generation of the one after.
    let mut left: VecDeque<(tokio::time::Instant, u64)> = VecDeque::new();
    let mut visitors = shared.visitors.lock().ok().and_then(|mut visitors| visitors.take());
    let mut errands = shared.errands.get(index).and_then(|slot| slot.lock().ok()?.take());
    let mut beat = Beat::default();
    let mut tenure = None;
    loop {
        let end = left.front().copied();
        let mut entrances = shared.plan.load().entrances.subscribe();
        let permit = shared.plan.load().permit.clone();
        tokio::select! {
            changed = phases.changed() => match changed {
                Ok(()) => {
                    set_phase(*phases.borrow_and_update());
                    if phase() >= Phase::Draining && process::live().handed_over.load(Ordering::Relaxed) {
                        acceptors.leave_admin();
                    }
                }
                Err(_) => return,
            },
            changed = reloads.changed() => match changed {
                Ok(()) => {
                    take_sockets(index, shared, &mut acceptors);
                    end_before(shared.ended.load(Ordering::Acquire));
                    let plan = shared.plan.load();
                    if let Some(after) = plan.hard_stop_after {
                        left.push_back((tokio::time::Instant::now() + after, plan.generation));
                    }
                    wake_all();
                }
                Err(_) => return,
            },
            Some(generation) = async {
                let (at, generation) = end?;
                tokio::time::sleep_until(at).await;
                Some(generation)
            } => {
                left.pop_front();
                end_before(generation);
            }
            Ok(()) = entrances.changed() => wake_all(),
            turned = permit.turned(tenure) => {
                tenure = turned;
                wake_all();
            }
            Some(errand) = async { errands.as_mut()?.recv().await } => errand(),
            Some(visitor) = async { visitors.as_mut()?.recv().await } => {
                listen::receive(visitor, &shared.admin);
            }
            _ = tick.tick() => {
                beat.beat();
                pool::purge(Instant::now());
                work::trim();
                tcp::trim();
            }
            () = drained(), if phase() == Phase::Draining => return,
        }
        if phase() == Phase::Stopped {
            return conclude().await;
        }
    }
}

/// Ends work on plans before that generation: it says so in the log, and what cannot end at once is dropped.
fn end_before(generation: u64) {
    if generation > ENDED.get() {
        roll::cut(|row| row.generation < generation);
        ENDED.set(generation);
        wake_all();
    }
}

/// Ends what runs, which says so in the log. What does not end at once is dropped.
async fn conclude() {
    roll::cut(|_| true);
    let _ = tokio::time::timeout(LAST_WORDS, drained()).await;
}

/// Takes the sockets that came with a plan.
fn take_sockets(index: usize, shared: &Shared, acceptors: &mut Acceptors) {
    let sockets =
        shared.sockets.get(index).and_then(|slot| slot.lock().ok().map(|mut own| std::mem::take(&mut *own)));
    acceptors.take(&shared.admin, sockets.unwrap_or_default());
}

/// Waits until no connection and no accepting task is left on this thread.
async fn drained() {
    while WAKERS.with_borrow(|wakers| !wakers.is_empty()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
