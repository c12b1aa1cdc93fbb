//! What a session remembers between its attempts to reach a server (manual 4.2 "retries", "option redispatch").

use super::Server;
use std::sync::Arc;

/// The attempts that are left, and where the next one goes.
#[derive(Debug, Default)]
pub struct Attempts {
    /// How many may follow.
    pub left: u32,
    /// The server that failed last.
    pub failed: Option<Arc<Server>>,
    /// That server is to be avoided: `option redispatch`.
    pub redispatch: bool,
}

impl Attempts {
    /// So many may follow the first.
    pub fn new(left: u32) -> Self {
        Self { left, ..Self::default() }
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

    /// The last attempt went elsewhere than the one before.
    pub fn moved_to(&self, server: &Arc<Server>) -> Option<&Arc<Server>> {
        self.failed.as_ref().filter(|failed| !Arc::ptr_eq(failed, server))
    }

    /// Decides where the attempt after the `retries`-th failure may go. `interval` is the option's: 0 never elsewhere, N
    /// at every Nth retry, -N at the Nth before the last.
    pub fn decide(&mut self, retries: u32, interval: Option<i32>) {
        self.redispatch = match interval.unwrap_or(0) {
            0 => false,
            every @ 1.. => retries.is_multiple_of(every.unsigned_abs()),
            before @ ..0 => self.left + 1 == before.unsigned_abs(),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At which of three retries another server is tried.
    fn elsewhere(interval: Option<i32>) -> Vec<bool> {
        let mut attempts = Attempts::new(3);
        let mut decide = |retries| {
            attempts.left -= 1;
            attempts.decide(retries, interval);
            attempts.redispatch
        };
        (1..=3).map(&mut decide).collect()
    }

    #[test]
    fn redispatch_follows_its_interval() {
        assert_eq!(elsewhere(None), [false, false, false]);
        assert_eq!(elsewhere(Some(-1)), [false, false, true]);
        assert_eq!(elsewhere(Some(-2)), [false, true, false]);
        assert_eq!(elsewhere(Some(1)), [true, true, true]);
        assert_eq!(elsewhere(Some(2)), [false, true, false]);
    }
}
