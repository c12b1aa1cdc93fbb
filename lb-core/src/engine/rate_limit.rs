//! A limit of how many may come per second.

use crate::clock;
use crate::proxy::Rate;
use crate::thread::PerThread;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

/// How many come per second, and how many may (manual 3.2 "maxconnrate", "maxsessrate").
#[derive(Debug)]
pub struct RateLimit {
    /// What the file says; 0: no limit.
    configured: u32,
    max: AtomicU32,
    rate: Arc<PerThread<Rate>>,
}

impl RateLimit {
    /// A count of none under `max` per second; 0: no limit.
    pub fn new(threads: usize, max: u32) -> Self {
        Self { configured: max, max: AtomicU32::new(max), rate: Arc::new(PerThread::new(threads)) }
    }

    /// What a new file makes of it, which goes on with what was counted.
    pub fn succeed(previous: Option<&Self>, threads: usize, max: u32) -> Self {
        let Some(previous) = previous else { return Self::new(threads, max) };
        Self { configured: max, max: AtomicU32::new(max), rate: Arc::clone(&previous.rate) }
    }

    /// Takes over a limit that a command has set, while the file says the same as before.
    pub(crate) fn inherit(&self, previous: &Self) {
        if self.configured == previous.configured {
            self.set_max(previous.max());
        }
    }

    /// How many may come per second; 0: no limit.
    pub fn max(&self) -> u32 {
        self.max.load(Relaxed)
    }

    /// Changes the limit.
    pub fn set_max(&self, max: u32) {
        self.max.store(max, Relaxed);
    }

    /// The most that came in one second, or rather the most that a thread saw, of all threads.
    pub fn highest(&self) -> u64 {
        self.rate.sum(Rate::max)
    }

    /// Forgets that (`clear counters`).
    pub fn clear_highest(&self) {
        self.rate.iter().for_each(Rate::clear_max);
    }

    /// Counts one more, on the calling thread.
    #[inline]
    pub fn count(&self, millis: u64) {
        self.rate.mine().add(1, millis);
    }

    /// How long to wait before one more may come.
    #[inline]
    pub fn delay(&self) -> Option<Duration> {
        Self::delay_at(self.max(), || self.rate.sum(|rate| rate.read(clock::millis())))
    }

    /// How long to wait where `rate` came in the last second and `max` may; 0: no limit.
    #[inline]
    pub fn delay_at(max: u32, rate: impl FnOnce() -> u64) -> Option<Duration> {
        (max != 0 && rate() >= u64::from(max)).then(|| Duration::from_millis(u64::from(1000 / max).max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_only_what_is_too_much() {
        let delay = |max, rate| RateLimit::delay_at(max, || rate);
        assert_eq!(delay(0, 1000), None);
        assert_eq!(delay(5, 4), None);
        assert_eq!(delay(5, 5), Some(Duration::from_millis(200)));
        assert_eq!(delay(5000, 9000), Some(Duration::from_millis(1)));
    }

    #[test]
    fn the_highest_rate_is_kept_until_it_is_cleared() {
        let limit = RateLimit::new(1, 0);
        [1000, 1001, 1002, 2500].into_iter().for_each(|millis| limit.count(millis));
        assert_eq!(limit.highest(), 3);
        limit.clear_highest();
        assert_eq!(limit.highest(), 0);
    }

    #[test]
    fn a_command_holds_until_the_file_says_otherwise() {
        let first = RateLimit::new(1, 10);
        first.set_max(3);
        let next = |max| {
            let next = RateLimit::succeed(Some(&first), 1, max);
            next.inherit(&first);
            next.max()
        };
        assert_eq!((next(10), next(20)), (3, 20));
        assert_eq!(RateLimit::succeed(None, 1, 20).max(), 20);
    }
}
