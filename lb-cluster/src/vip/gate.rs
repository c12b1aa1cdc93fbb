//! `bind-only`: an address is held by accepting on it, and no interface is touched.
//!
//! The gate is open until an instant and closes by itself, but in this process: a process that is paused in the middle
//! of an answer goes on with it when it wakes. It gives every invariant but I1 under a pause.

use super::Hands;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::watch;

/// Whether to accept on the addresses now; clones are the same gate.
#[derive(Clone, Debug)]
pub struct Gate(Arc<watch::Sender<Option<Instant>>>);

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl Gate {
    /// True until the instant that it is open to.
    pub fn is_open(&self) -> bool {
        self.0.borrow().is_some_and(|until| Instant::now() < until)
    }

    /// Waits until it is open.
    pub async fn opened(&self) {
        let mut gate = self.0.subscribe();
        // It cannot end: this is one of those who keep it.
        let _ = gate.wait_for(|until| until.is_some_and(|until| Instant::now() < until)).await;
    }

    /// Waits until it is closed, by will or by time.
    pub async fn closed(&self) {
        let mut gate = self.0.subscribe();
        loop {
            let until = *gate.borrow_and_update();
            let Some(until) = until.filter(|until| Instant::now() < *until) else { return };
            tokio::select! {
                () = tokio::time::sleep_until(until.into()) => {}
                _ = gate.changed() => {}
            }
        }
    }
}

impl Hands for Gate {
    fn rebuild(&mut self) -> bool {
        true
    }

    fn guard(&mut self, until: Instant) -> bool {
        self.0.send_replace(Some(until));
        true
    }

    fn close(&mut self) {
        self.0.send_replace(None);
    }

    fn address(&mut self) -> bool {
        true
    }

    fn remove(&mut self) {}

    fn announce(&mut self) {}

    fn fit(&mut self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn it_closes_by_will_and_by_time() {
        let gate = Gate::default();
        let mut hands = gate.clone();
        assert!(!gate.is_open());
        hands.guard(Instant::now() + Duration::from_secs(600));
        gate.opened().await;
        assert!(gate.is_open());
        let (_, ()) = tokio::join!(gate.closed(), async { hands.close() });
        assert!(!gate.is_open());
        hands.guard(Instant::now() + Duration::from_millis(5));
        gate.closed().await;
        assert!(!gate.is_open());
    }
}
