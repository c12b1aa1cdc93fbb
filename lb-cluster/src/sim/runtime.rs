//! Timers and tasks of the simulation, and openraft's runtime on them. On a thread that simulates nothing it is tokio's,
//! for the tests that run real nodes.

use super::executor::Key;
use super::{base, now, try_with, with};
use openraft::rt::{AsyncRuntime, OptionalSend, instant};
use std::fmt;
use std::future::Future;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

type Tokio = openraft::impls::TokioRuntime;

/// Waits until an instant of the clock of the machine that polls it.
#[derive(Debug)]
pub struct Sleep {
    until: Instant,
    planned: Option<(Key, Waker)>,
}

impl Sleep {
    pub(super) fn until(until: Instant) -> Self {
        Self { until, planned: None }
    }

    fn cancel(&mut self) {
        if let Some((key, _)) = self.planned.take() {
            try_with(|sim| sim.executor.cancel(key));
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if now().is_some_and(|now| now >= self.until) {
            self.cancel();
            return Poll::Ready(());
        }
        if self.planned.as_ref().is_none_or(|(_, waker)| !waker.will_wake(context.waker())) {
            self.cancel();
            let (until, waker) = (self.until.saturating_duration_since(base()), context.waker().clone());
            let key = with(|sim| {
                let time = match sim.executor.machine() {
                    Some(machine) => sim.world.machines[machine].clock.when(until),
                    None => u64::try_from(until.as_nanos()).unwrap_or(u64::MAX),
                };
                sim.executor.wake_at(time, waker.clone())
            });
            self.planned = Some((key, waker));
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.cancel();
    }
}

/// Has the process at its step run another task. None: it is no process.
fn spawn(future: impl Future<Output = ()> + Send + 'static) -> Option<u64> {
    with(|sim| Some(sim.executor.spawn(sim.executor.current()?, Box::pin(future))))
}

/// Tasks that end with it.
#[derive(Default)]
pub(crate) struct Tasks(Vec<(u64, oneshot::Receiver<()>)>);

impl Tasks {
    pub(crate) fn spawn(&mut self, future: impl Future<Output = ()> + Send + 'static) {
        let (ended, end) = oneshot::channel();
        let task = spawn(async move {
            future.await;
            let _ = ended.send(());
        });
        self.0.extend(task.map(|task| (task, end)));
    }

    /// Waits for the end of one. None: there is none.
    pub(crate) async fn join_next(&mut self) -> Option<()> {
        if self.0.is_empty() {
            return None;
        }
        std::future::poll_fn(|context| {
            let ended = self.0.iter_mut().position(|(_, end)| Pin::new(end).poll(context).is_ready());
            ended.map_or(Poll::Pending, |ended| {
                self.0.remove(ended);
                Poll::Ready(Some(()))
            })
        })
        .await
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        for (task, _) in &self.0 {
            drop(try_with(|sim| sim.executor.abort(*task)));
        }
    }
}

/// openraft's runtime.
#[derive(Debug)]
pub struct Runtime(Tokio);

/// An instant of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Instant);

/// A task that is no more, or panicked.
#[derive(Debug)]
pub struct Lost(bool);

/// It took too long.
#[derive(Debug)]
pub struct Late;

/// The end of a task.
pub enum Handle<T> {
    Tokio(tokio::task::JoinHandle<T>),
    Here(oneshot::Receiver<T>),
}

/// A timer.
pub enum Timer {
    Tokio(Pin<Box<tokio::time::Sleep>>),
    Here(Sleep),
}

/// A future and a timer.
pub struct Limited<F> {
    future: Pin<Box<F>>,
    timer: Timer,
}

/// Numbers drawn by lot.
pub struct Lot(fastrand::Rng);

impl Runtime {
    fn until(deadline: Moment) -> Timer {
        match now() {
            Some(_) => Timer::Here(Sleep::until(deadline.0)),
            None => Timer::Tokio(Box::pin(tokio::time::sleep_until(deadline.0.into()))),
        }
    }

    fn after(time: Duration) -> Timer {
        Self::until(Moment(crate::runtime::now() + time))
    }
}

impl AsyncRuntime for Runtime {
    type JoinError = Lost;
    type JoinHandle<T: OptionalSend + 'static> = Handle<T>;
    type Sleep = Timer;
    type Instant = Moment;
    type TimeoutError = Late;
    type Timeout<R, T: Future<Output = R> + OptionalSend> = Limited<T>;
    type ThreadLocalRng = Lot;
    type Mpsc = <Tokio as AsyncRuntime>::Mpsc;
    type Watch = <Tokio as AsyncRuntime>::Watch;
    type Oneshot = <Tokio as AsyncRuntime>::Oneshot;
    type Mutex<T: OptionalSend + 'static> = <Tokio as AsyncRuntime>::Mutex<T>;

    fn spawn<T>(future: T) -> Handle<T::Output>
    where
        T: Future + OptionalSend + 'static,
        T::Output: OptionalSend + 'static,
    {
        if now().is_none() {
            return Handle::Tokio(tokio::task::spawn(future));
        }
        let (ended, end) = oneshot::channel();
        spawn(async move {
            let _ = ended.send(future.await);
        });
        Handle::Here(end)
    }

    fn sleep(duration: Duration) -> Timer {
        Self::after(duration)
    }

    fn sleep_until(deadline: Moment) -> Timer {
        Self::until(deadline)
    }

    fn timeout<R, F: Future<Output = R> + OptionalSend>(duration: Duration, future: F) -> Limited<F> {
        Limited { future: Box::pin(future), timer: Self::after(duration) }
    }

    fn timeout_at<R, F: Future<Output = R> + OptionalSend>(deadline: Moment, future: F) -> Limited<F> {
        Limited { future: Box::pin(future), timer: Self::until(deadline) }
    }

    fn is_panic(join_error: &Lost) -> bool {
        join_error.0
    }

    fn thread_rng() -> Lot {
        Lot(try_with(|sim| sim.world.random.fork()).unwrap_or_default())
    }

    fn new(threads: usize) -> Self {
        Self(Tokio::new(threads))
    }

    fn block_on<F, T>(&mut self, future: F) -> T
    where
        F: Future<Output = T>,
    {
        self.0.block_on(future)
    }
}

impl<T> Future for Handle<T> {
    type Output = Result<T, Lost>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Tokio(handle) => Pin::new(handle).poll(context).map_err(|error| Lost(error.is_panic())),
            Self::Here(end) => Pin::new(end).poll(context).map_err(|_| Lost(false)),
        }
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match &mut *self {
            Self::Tokio(sleep) => sleep.as_mut().poll(context),
            Self::Here(sleep) => Pin::new(sleep).poll(context),
        }
    }
}

impl<F: Future> Future for Limited<F> {
    type Output = Result<F::Output, Late>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.future.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(Ok(value)),
            Poll::Pending => Pin::new(&mut self.timer).poll(context).map(|()| Err(Late)),
        }
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0 { "the task panicked" } else { "the task is no more" })
    }
}

impl fmt::Display for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too late")
    }
}

impl instant::Instant for Moment {
    fn now() -> Self {
        Self(crate::runtime::now())
    }
}

impl Add<Duration> for Moment {
    type Output = Self;
    fn add(self, time: Duration) -> Self {
        Self(self.0 + time)
    }
}

impl AddAssign<Duration> for Moment {
    fn add_assign(&mut self, time: Duration) {
        self.0 += time;
    }
}

impl Sub<Duration> for Moment {
    type Output = Self;
    fn sub(self, time: Duration) -> Self {
        Self(self.0 - time)
    }
}

impl Sub for Moment {
    type Output = Duration;
    fn sub(self, other: Self) -> Duration {
        self.0 - other.0
    }
}

impl SubAssign<Duration> for Moment {
    fn sub_assign(&mut self, time: Duration) {
        self.0 -= time;
    }
}

impl rand::TryRng for Lot {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(self.0.u32(..))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(self.0.u64(..))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.0.fill(bytes);
        Ok(())
    }
}
