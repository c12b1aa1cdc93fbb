//! Time since the start of the process, for values that live in atomics.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// When the process first asked for the time; asked first thing in `main`, it is the start of the process.
pub fn start() -> Instant {
    *START
}

/// Milliseconds since [`start`], at least 1, so that 0 can say "never".
pub fn millis() -> u64 {
    at(Instant::now())
}

/// Milliseconds since a moment, which may lie before [`start`]: see [`ago`].
pub fn since(moment: &AtomicU64) -> u64 {
    let passed = millis().wrapping_sub(moment.load(Ordering::Relaxed));
    u64::try_from(passed.cast_signed()).unwrap_or(0)
}

/// The moment so many milliseconds ago; before [`start`] it is negative, in two's complement.
pub fn ago(millis_ago: u64) -> u64 {
    match millis().wrapping_sub(millis_ago) {
        0 => u64::MAX,
        moment => moment,
    }
}

/// Milliseconds from [`start`] to `instant`, at least 1.
pub fn at(instant: Instant) -> u64 {
    crate::proxy::millis(instant.saturating_duration_since(start())).max(1)
}
