//! Time since the start of the process, for values that live in atomics.

use std::sync::LazyLock;
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

/// Milliseconds from [`start`] to `instant`, at least 1.
pub fn at(instant: Instant) -> u64 {
    crate::proxy::millis(instant.saturating_duration_since(start())).max(1)
}
