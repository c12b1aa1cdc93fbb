//! Long work that leaves the processor to traffic again and again.

use crate::sys;
use nix::sys::signal::{SigEvent, SigevNotify, Signal};
use nix::sys::timer::{Expiration, Timer, TimerSetTimeFlags};
use nix::time::ClockId;
use std::sync::OnceLock;
use std::time::Duration;

/// What wakes the thread to it: nobody else sends this one, which is ignored where it has no handler.
const SIGNAL: Signal = Signal::SIGURG;
/// After so long the processor is offered again.
const EVERY: Duration = Duration::from_micros(100);

/// As long as it is held, the thread that made it offers its processor every 0.1 ms to others that want it.
///
/// By itself the kernel looks only at its ticks, some milliseconds apart, whether the turn of another thread has come: a thread
/// that steps back (nice(2)) gets few such turns, but each is a pause that clients notice. Work that is done under it meets
/// interrupted system calls, which the kernel restarts where it can.
#[must_use = "the processor is offered as long as this is held"]
#[derive(Debug)]
pub struct Yielding {
    _timer: Option<Timer>,
}

impl Yielding {
    /// Begins. Where the system has no timer left, the thread runs as before.
    pub fn begin() -> Self {
        static HANDLED: OnceLock<bool> = OnceLock::new();
        let timer = || {
            let thread_id = nix::unistd::gettid().as_raw();
            let notify = SigevNotify::SigevThreadId { signal: SIGNAL, thread_id, si_value: 0 };
            let mut timer = Timer::new(ClockId::CLOCK_MONOTONIC, SigEvent::new(notify)).ok()?;
            timer.set(Expiration::Interval(EVERY.into()), TimerSetTimeFlags::empty()).ok()?;
            Some(timer)
        };
        let handled = *HANDLED.get_or_init(|| sys::yield_at(SIGNAL).is_ok());
        Self { _timer: handled.then(timer).flatten() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thread_is_interrupted_while_it_is_held() {
        let yielding = Yielding::begin();
        assert!(yielding._timer.is_some());
        // Each returns when a signal has been handled, and by nothing else.
        nix::unistd::pause();
        nix::unistd::pause();
    }
}
