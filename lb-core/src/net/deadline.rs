//! A deadline that costs nothing per request.

use crate::roll::Mark;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::Context;
use std::time::{Duration, Instant};
use tokio::time::Sleep;

/// The moment when the present wait gives up.
///
/// Moving it later touches no timer: the one armed timer finds out when it fires early and is armed again. It
/// belongs to one task, whose waker the timer keeps, so that a poll of a pending deadline is one load.
#[derive(Debug, Default)]
pub struct Deadline {
    at: Option<Instant>,
    armed: Option<Instant>,
    registered: bool,
    /// What gives up when it is ended, whatever the moment.
    mark: Mark,
    /// The moment that was found to have passed, and the event loop was asked to look at sockets once more.
    passed: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    /// Gives up at `at`; none: never.
    #[inline]
    pub fn set(&mut self, at: Option<Instant>) {
        self.at = at;
    }

    /// Gives up after `timeout` from `now`; none or zero: never, as `timeout ... 0` in the configuration.
    #[inline]
    pub fn after(&mut self, now: Instant, timeout: Option<Duration>) {
        self.at = timeout.filter(|timeout| !timeout.is_zero()).and_then(|timeout| now.checked_add(timeout));
    }

    /// Also gives up, once, when what has this mark is ended from outside.
    #[inline]
    pub fn watch(&mut self, mark: Mark) {
        self.mark = mark;
    }

    /// True once when it was ended from outside, where nothing else is waited for.
    #[inline]
    pub fn take_cut(&self) -> bool {
        self.mark.take_cut()
    }

    /// It gave up since it was ended from outside.
    #[inline]
    pub fn was_cut(&self) -> bool {
        self.mark.is_ending()
    }

    /// The moment.
    pub fn at(&self) -> Option<Instant> {
        self.at
    }

    /// True when it was ended from outside, or when the moment has come and the event loop has looked at all sockets since; else the task is woken then. A
    /// thread that did not run for a while so finds what came in time before it finds that time is over.
    #[inline]
    pub fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        if self.mark.take_cut() {
            return true;
        }
        let Some(at) = self.at else { return false };
        if let (true, Some(armed), Some(sleep)) = (self.registered, self.armed, &self.sleep)
            && armed <= at
            && !sleep.is_elapsed()
        {
            return false;
        }
        self.rearm(at, cx)
    }

    #[cold]
    fn rearm(&mut self, at: Instant, cx: &mut Context<'_>) -> bool {
        loop {
            if Instant::now() >= at {
                return self.passed == Some(at) || self.look_again(at, cx);
            }
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at.into())));
            if self.armed.is_none_or(|armed| armed > at) || sleep.is_elapsed() {
                sleep.as_mut().reset(at.into());
                self.armed = Some(at);
            }
            if sleep.as_mut().poll(cx).is_pending() {
                self.registered = true;
                return false;
            }
        }
    }
}

impl Deadline {
    /// Has the task woken after the event loop's next look; true when that has just happened, for the timer was found in it.
    fn look_again(&mut self, at: Instant, cx: &mut Context<'_>) -> bool {
        self.passed = Some(at);
        if self.armed == Some(at) && self.sleep.as_ref().is_some_and(|sleep| sleep.is_elapsed()) {
            return true;
        }
        pin!(tokio::task::yield_now()).poll(cx).is_ready()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::future::poll_fn;
    use std::task::Poll;

    async fn expire(deadline: &mut Deadline) {
        poll_fn(|cx| if deadline.poll(cx) { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    #[tokio::test]
    async fn fires_at_the_latest_and_the_earlier_setting() {
        let mut deadline = Deadline::default();
        let start = Instant::now();
        deadline.after(start, Some(Duration::from_millis(10)));
        assert!(!poll_fn(|cx| Poll::Ready(deadline.poll(cx))).await);
        deadline.after(start, Some(Duration::from_millis(30)));
        expire(&mut deadline).await;
        assert!(start.elapsed() >= Duration::from_millis(30));
        let start = Instant::now();
        deadline.after(start, Some(Duration::from_secs(60)));
        assert!(!poll_fn(|cx| Poll::Ready(deadline.poll(cx))).await);
        deadline.after(start, Some(Duration::from_millis(5)));
        expire(&mut deadline).await;
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[tokio::test]
    async fn what_came_in_time_is_found_although_the_thread_slept() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let accepted = listener.accept().unwrap().0;
        accepted.set_nonblocking(true).unwrap();
        let accepted = tokio::net::TcpStream::from_std(accepted).unwrap();
        let mut byte = [0];
        assert!(accepted.try_read(&mut byte).is_err());
        let mut deadline = Deadline::default();
        deadline.after(Instant::now(), Some(Duration::from_millis(5)));
        std::io::Write::write_all(&mut stream, b"x").unwrap();
        std::thread::sleep(Duration::from_millis(10));
        let in_time = poll_fn(|cx| match accepted.poll_read_ready(cx) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending if deadline.poll(cx) => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        });
        assert!(in_time.await);
        expire(&mut deadline).await;
    }

    #[tokio::test]
    async fn zero_is_never() {
        let mut deadline = Deadline::default();
        deadline.after(Instant::now(), Some(Duration::ZERO));
        assert_eq!(deadline.at(), None);
    }
}
