//! Time and tasks: the system's clock, and tokio's timers and tasks. In tests those of a simulation, on a thread that
//! runs one (`sim`): so whatever a node does or waits for goes through here.

use std::future::Future;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[cfg(test)]
use crate::sim::{self, Tasks as Simulated};
#[cfg(test)]
use tokio::task::JoinSet;

/// Tasks that end with it.
#[cfg(not(test))]
pub(crate) type Tasks = tokio::task::JoinSet<()>;

/// Tasks that end with it.
#[cfg(test)]
#[derive(Default)]
pub(crate) struct Tasks(JoinSet<()>, Simulated);

/// It took too long.
#[derive(Debug)]
pub(crate) struct Elapsed;

/// The clock of this machine that only goes on.
pub(crate) fn now() -> Instant {
    #[cfg(test)]
    if let Some(now) = sim::now() {
        return now;
    }
    Instant::now()
}

/// How long ago an instant was.
pub(crate) fn since(instant: Instant) -> Duration {
    now().saturating_duration_since(instant)
}

/// The clock on the wall, which may be set at any time.
pub(crate) fn time_of_day() -> SystemTime {
    #[cfg(test)]
    if let Some(time) = sim::time_of_day() {
        return time;
    }
    SystemTime::now()
}

/// The same, in milliseconds since 1970; 0 before.
pub(crate) fn wall_millis() -> u64 {
    let since = time_of_day().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Waits.
pub(crate) async fn sleep(time: Duration) {
    #[cfg(test)]
    if let Some(sleep) = sim::sleep(time) {
        return sleep.await;
    }
    tokio::time::sleep(time).await;
}

/// What comes of a future, if it does within a time.
pub(crate) async fn timeout<F: Future>(limit: Duration, future: F) -> Result<F::Output, Elapsed> {
    #[cfg(test)]
    if let Some(sleep) = sim::sleep(limit) {
        return sim::before(sleep, future).await.ok_or(Elapsed);
    }
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

#[cfg(test)]
impl Tasks {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn spawn(&mut self, future: impl Future<Output = ()> + Send + 'static) {
        if sim::now().is_some() {
            self.1.spawn(future);
        } else {
            self.0.spawn(future);
        }
    }

    /// Waits for the end of one. None: there is none.
    pub(crate) async fn join_next(&mut self) -> Option<()> {
        if sim::now().is_some() { self.1.join_next().await } else { self.0.join_next().await.map(drop) }
    }

    pub(crate) async fn shutdown(&mut self) {
        self.1 = Simulated::default();
        self.0.shutdown().await;
    }
}
