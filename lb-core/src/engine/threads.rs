//! The traffic threads: a runtime each, and what the tasks on a thread share.

use super::{Phase, Shared};
use crate::admin;
use crate::connect::pool;
use crate::http::work;
use crate::listen;
use crate::process;
use crate::tcp;
use crate::thread;
use slab::Slab;
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Waker;
use std::time::{Duration, Instant};

thread_local! {
    static PHASE: Cell<Phase> = const { Cell::new(Phase::Running) };
    static ADMIN: RefCell<Option<Arc<admin::Context>>> = const { RefCell::new(None) };
    static WAKERS: RefCell<Slab<Waker>> = const { RefCell::new(Slab::new()) };
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

/// A task's entry among those that are woken when the phase changes. Dropping it takes the entry out.
#[derive(Debug)]
pub struct Woken(usize);

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

fn set_phase(phase: Phase) {
    PHASE.set(phase);
    process::live().stopping.store(phase >= Phase::Draining, Ordering::Relaxed);
    WAKERS.with_borrow(|wakers| {
        for (_, waker) in wakers {
            waker.wake_by_ref();
        }
    });
}

/// Starts all traffic threads and waits for their end.
pub(super) fn run_all(shared: &Arc<Shared>) {
    let threads: Vec<_> = (0..shared.plan.threads)
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
    let sockets = match shared.sockets.lock() {
        Ok(mut all) => all.pop(),
        Err(_) => None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
    let (runtime, sockets) = match (runtime, sockets) {
        (Ok(runtime), Some(sockets)) => (runtime, sockets),
        (Err(error), _) => return tracing::error!(%error, "cannot start a runtime"),
        (_, None) => return tracing::error!("no sockets are left for a thread"),
    };
    runtime.block_on(live(shared, sockets));
    // Dropping the runtime ends every task; pools hold sockets that are registered with it.
    runtime.block_on(async { pool::clear() });
}

/// Carries traffic until told to stop, or until nothing is left after being told to drain.
async fn live(shared: &Arc<Shared>, sockets: listen::Sockets) {
    let mut phases = shared.phase.subscribe();
    set_phase(*phases.borrow_and_update());
    ADMIN.set(Some(Arc::clone(&shared.admin)));
    listen::accept_all(&shared.plan, &shared.admin, sockets);
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            changed = phases.changed() => match changed {
                Ok(()) => set_phase(*phases.borrow_and_update()),
                Err(_) => return,
            },
            _ = tick.tick() => {
                pool::purge(Instant::now());
                work::trim();
                tcp::trim();
            }
            () = drained(), if phase() == Phase::Draining => return,
        }
        if phase() == Phase::Stopped {
            return;
        }
    }
}

/// Waits until no connection and no accepting task is left on this thread.
async fn drained() {
    while WAKERS.with_borrow(|wakers| !wakers.is_empty()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
