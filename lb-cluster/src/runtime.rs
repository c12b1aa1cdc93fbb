//! Time and tasks: the system's clock, and tokio's timers and tasks. Whatever a node does or waits for goes through here,
//! so that something else can stand in for them.

use std::future::Future;
use std::time::{Duration, Instant, SystemTime};
use tokio::task::JoinSet;

/// Tasks that end with it.
pub(crate) type Tasks = JoinSet<()>;

/// It took too long.
#[derive(Debug)]
pub(crate) struct Elapsed;

/// The clock of this machine that only goes on.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// How long ago an instant was.
pub(crate) fn since(instant: Instant) -> Duration {
    now().saturating_duration_since(instant)
}

/// The clock on the wall, which may be set at any time.
pub(crate) fn time_of_day() -> SystemTime {
    SystemTime::now()
}

/// Waits.
pub(crate) async fn sleep(time: Duration) {
    tokio::time::sleep(time).await;
}

/// What comes of a future, if it does within a time.
pub(crate) async fn timeout<F: Future>(limit: Duration, future: F) -> Result<F::Output, Elapsed> {
    tokio::time::timeout(limit, future).await.map_err(|_| Elapsed)
}

/// A clock that ticks: at once, and then each time so long after the tick before was taken.
#[derive(Debug)]
pub(crate) struct Interval {
    next: Instant,
    period: Duration,
}

/// Begins one.
pub(crate) fn interval(period: Duration) -> Interval {
    Interval { next: now(), period }
}

impl Interval {
    /// Waits for the next tick. One that is dropped has not taken it.
    pub(crate) async fn tick(&mut self) {
        let left = self.next.saturating_duration_since(now());
        if !left.is_zero() {
            sleep(left).await;
        }
        self.next = now() + self.period;
    }
}
