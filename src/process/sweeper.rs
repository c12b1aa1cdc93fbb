//! Drops the plans that reloads have left, once nothing runs on them.

use super::reload::NICENESS;
use crate::sys;
use lb_core::engine::{Engine, Yielding};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

/// How long after one look whether a plan is still in use the next one is.
const EACH: Duration = Duration::from_secs(1);

/// A thread that steps back behind those with traffic. It begins with the first reload, and waits between them.
pub(super) struct Sweeper {
    engine: Arc<Engine>,
    wake: Option<SyncSender<()>>,
}

impl Sweeper {
    pub(super) fn new(engine: Arc<Engine>) -> Self {
        Self { engine, wake: None }
    }

    /// A reload has left a plan.
    pub(super) fn reloaded(&mut self) {
        if let Some(wake) = &self.wake {
            // One that has been woken, and does not know yet, looks anyway.
            let _ = wake.try_send(());
            return;
        }
        let (wake, woken) = sync_channel(1);
        let engine = Arc::clone(&self.engine);
        let thread = std::thread::Builder::new().name("lb-sweep".into()).spawn(move || {
            sys::step_back(NICENESS);
            let sweep = || {
                let _yielding = Yielding::begin();
                engine.sweep()
            };
            run(sweep, &woken, EACH);
        });
        match thread {
            Ok(_) => self.wake = Some(wake),
            // The next reload tries again.
            Err(_) => _ = self.engine.sweep(),
        }
    }
}

/// Looks again after a while, or when it is woken, as long as `sweep` leaves something; then waits until it is woken.
fn run(sweep: impl Fn() -> bool, woken: &Receiver<()>, each: Duration) {
    loop {
        let some = sweep();
        let next = match some {
            true => woken.recv_timeout(each),
            false => woken.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        if next == Err(RecvTimeoutError::Disconnected) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn it_looks_until_nothing_is_left_and_again_when_woken() {
        let (wake, woken) = sync_channel(1);
        let (looks, wake) = (Cell::new(0), Cell::new(Some(wake)));
        let sweep = || {
            looks.set(looks.get() + 1);
            match looks.get() {
                // Nothing is left; another reload comes.
                3 => wake.replace(None).is_some_and(|sender| {
                    let _ = sender.try_send(());
                    wake.set(Some(sender));
                    false
                }),
                5 => {
                    drop(wake.take());
                    false
                }
                _ => true,
            }
        };
        run(sweep, &woken, Duration::from_millis(1));
        assert_eq!(looks.get(), 5);
    }
}
