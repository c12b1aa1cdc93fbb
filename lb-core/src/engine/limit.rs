//! A count with a limit, and those who wait for it to sink.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};

/// How many there are, and how many there may be.
#[derive(Debug, Default)]
pub struct Limit {
    current: AtomicU32,
    /// 0: no limit.
    max: AtomicU32,
    waiting: AtomicBool,
    wakers: Mutex<Vec<Waker>>,
}

impl Limit {
    /// A count of zero under `max`; 0: no limit.
    pub fn new(max: u32) -> Self {
        Self { max: AtomicU32::new(max), ..Self::default() }
    }

    /// How many there are.
    pub fn current(&self) -> u32 {
        self.current.load(Ordering::Relaxed)
    }

    /// How many there may be; 0: no limit.
    pub fn max(&self) -> u32 {
        self.max.load(Ordering::Relaxed)
    }

    /// Changes the limit; those there stay.
    pub fn set_max(&self, max: u32) {
        self.max.store(max, Ordering::Relaxed);
        self.wake();
    }

    /// True when no more may come.
    #[inline]
    pub fn is_full(&self) -> bool {
        let max = self.max.load(Ordering::Relaxed);
        max != 0 && self.current.load(Ordering::Relaxed) >= max
    }

    /// Counts one more and says how many there are then. Never refuses: ask [`Self::poll_ready`] before.
    #[inline]
    pub fn enter(&self) -> u32 {
        self.current.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Counts one less.
    #[inline]
    pub fn leave(&self) {
        self.current.fetch_sub(1, Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) {
            self.wake();
        }
    }

    #[cold]
    fn wake(&self) {
        self.waiting.store(false, Ordering::SeqCst);
        let wakers = match self.wakers.lock() {
            Ok(mut wakers) => std::mem::take(&mut *wakers),
            Err(_) => return,
        };
        for waker in wakers {
            waker.wake();
        }
    }

    /// Ready when one more may come; else the task is woken then.
    pub fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.is_full() {
            return Poll::Ready(());
        }
        if let Ok(mut wakers) = self.wakers.lock()
            && !wakers.iter().any(|waker| waker.will_wake(cx.waker()))
        {
            wakers.push(cx.waker().clone());
        }
        self.waiting.store(true, Ordering::SeqCst);
        // One may have left between the look and the flag.
        if self.current.load(Ordering::SeqCst) < self.max() { Poll::Ready(()) } else { Poll::Pending }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test]
    async fn waits_for_one_to_leave() {
        let limit = Arc::new(Limit::new(1));
        std::future::poll_fn(|cx| limit.poll_ready(cx)).await;
        limit.enter();
        let waiter = tokio::spawn({
            let limit = Arc::clone(&limit);
            async move { std::future::poll_fn(|cx| limit.poll_ready(cx)).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiter.is_finished());
        limit.leave();
        assert!(waiter.await.is_ok());
    }
}
