//! What a session remembers between its attempts to reach a server (manual 4.2 "retries", "option redispatch").

use super::Server;
use crate::proxy::Backend;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

/// The attempts that are left, and where the next one goes.
#[derive(Debug, Default)]
pub struct Attempts {
    /// How many may follow.
    pub left: u32,
    /// The server that failed last.
    pub failed: Option<Arc<Server>>,
    /// That server is to be avoided: `option redispatch`.
    pub redispatch: bool,
    /// A cookie or a rule has chosen the server, and not yet the algorithm.
    tied: bool,
}

impl Attempts {
    /// So many may follow the first, which goes to the `wanted` server, if there is one.
    pub fn new(left: u32, wanted: Option<&Arc<Server>>) -> Self {
        Self { left, tied: wanted.is_some(), ..Self::default() }
    }

    /// The server that the next attempt must go to: first the wanted one, then the one that failed until it is to be
    /// avoided.
    pub fn direct(&self, wanted: Option<&Arc<Server>>) -> Option<Arc<Server>> {
        match (&self.failed, self.redispatch) {
            (None, _) => wanted.cloned(),
            (Some(failed), false) => Some(Arc::clone(failed)),
            (Some(_), true) => None,
        }
    }

    /// The server that the next attempt must not go to.
    pub fn avoid(&self) -> Option<Arc<Server>> {
        self.failed.clone().filter(|_| self.redispatch)
    }

    /// Counts an attempt that goes to `server` at a time of [`crate::clock`]. After a failure it is a retry there, or a
    /// redispatch away from the one that failed: true.
    pub fn count(&self, backend: &Backend, server: &Arc<Server>, now: u64) -> bool {
        let counters = server.counters.mine();
        counters.sess_tot.inc();
        counters.sess_rate.add(1, now);
        server.last_session.store(now, Relaxed);
        let Some(failed) = &self.failed else {
            backend.stats.last_session.store(now, Relaxed);
            return false;
        };
        let moved = !Arc::ptr_eq(failed, server);
        for counters in [backend.stats.counters.mine(), failed.counters.mine()] {
            if moved {
                counters.wredis.inc();
            } else {
                counters.wretr.inc();
            }
        }
        moved
    }

    /// Notes the `retries`-th failure, and decides where the attempt after it may go.
    pub fn fail(&mut self, server: Arc<Server>, retries: u32, backend: &Backend) {
        self.failed = Some(server);
        self.left = self.left.saturating_sub(1);
        let spreads = || backend.balance.spreads() && backend.balance.in_use(&backend.servers.load()).0 > 1;
        self.decide(retries, backend.options.redispatch, spreads);
    }

    /// Elsewhere, where nothing ties the request to its server and the algorithm `spreads` such requests over several; else by
    /// the option's interval: 0 never, N at every Nth retry, -N at the Nth before the last.
    fn decide(&mut self, retries: u32, interval: Option<i32>, spreads: impl FnOnce() -> bool) {
        let Some(interval) = interval else { return };
        let due = match interval {
            0 => false,
            every @ 1.. => retries.is_multiple_of(every.unsigned_abs()),
            before @ ..0 => self.left + 1 == before.unsigned_abs(),
        };
        self.redispatch = due || !self.tied && spreads();
        self.tied &= !self.redispatch;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At which of three retries another server is tried.
    fn elsewhere(tied: bool, interval: Option<i32>, spreads: bool) -> Vec<bool> {
        let mut attempts = Attempts { left: 3, tied, ..Attempts::default() };
        let mut decide = |retries| {
            attempts.left -= 1;
            attempts.decide(retries, interval, || spreads);
            attempts.redispatch
        };
        (1..=3).map(&mut decide).collect()
    }

    #[test]
    fn redispatch_follows_its_interval() {
        let elsewhere = |interval| elsewhere(false, interval, false);
        assert_eq!(elsewhere(None), [false, false, false]);
        assert_eq!(elsewhere(Some(-1)), [false, false, true]);
        assert_eq!(elsewhere(Some(-2)), [false, true, false]);
        assert_eq!(elsewhere(Some(1)), [true, true, true]);
        assert_eq!(elsewhere(Some(2)), [false, true, false]);
    }

    #[test]
    fn what_is_not_tied_goes_elsewhere_at_once() {
        assert_eq!(elsewhere(false, None, true), [false, false, false]);
        assert_eq!(elsewhere(false, Some(0), true), [true, true, true]);
        assert_eq!(elsewhere(true, Some(-1), true), [false, false, true]);
        // Nothing ties it any more once it has left its server.
        assert_eq!(elsewhere(true, Some(-2), true), [false, true, true]);
    }
}
