//! The keeper: does to the kernel what the holder decides. It is the part that needs privileges, so where processes are
//! split it lives in the one that keeps them, and knows from the configuration which addresses there are: no order names one.
//!
//! It does not trust whoever orders: an order to open says until when, on the system's clock, and that is never longer than
//! a lease. When the time is over, the guard is lost, or who orders is gone, it lets go by itself.

mod pace;
mod remote;
mod serve;
mod wire;

pub use remote::Remote;
pub use serve::{Service, pair};
#[cfg(test)]
pub(crate) use serve::{report, turn};
pub use wire::{Order, Report};

use super::Moment;
use super::kernel::{Kernel, Told};
use pace::Pace;
use std::collections::VecDeque;
use std::time::Duration;

/// A guard may have been set so late, measured around the setting: the kernel's own lateness comes on top.
const LATE: Duration = Duration::from_millis(3);
/// How often it is tried again at once.
const TRIES: u32 = 3;
/// A guard that could not be built is tried again after this.
const RETRY: Duration = Duration::from_secs(1);
/// The kernel counts in whole milliseconds.
const LEAST: Duration = Duration::from_millis(1);

/// What it knows of what it did.
#[derive(Debug)]
pub struct Keeper<K> {
    kernel: K,
    /// The longest that it opens the guard for.
    lease: Duration,
    /// Until when the guard is open.
    until: Option<Moment>,
    /// The guard is in place.
    built: bool,
    /// It did not take the last order, or let go by itself.
    failed: bool,
    /// When building is tried again, if it failed.
    retry: Option<Moment>,
    pace: Pace,
    pending: VecDeque<usize>,
    report: Report,
}

impl<K: Kernel> Keeper<K> {
    /// One that has done nothing yet.
    pub fn new(kernel: K, lease: Duration) -> Self {
        let report = Report { carrier: kernel.carrier(), able: true, ..Report::default() };
        Self {
            kernel,
            lease,
            until: None,
            built: false,
            failed: false,
            retry: None,
            pace: Pace::default(),
            pending: VecDeque::new(),
            report,
        }
    }

    /// Its kernel.
    pub fn kernel(&mut self) -> &mut K {
        &mut self.kernel
    }

    /// Does what it is told.
    pub fn obey(&mut self, order: Order) {
        self.report.done += 1;
        match order {
            Order::Rebuild => self.build(),
            Order::Guard(until) => self.open(until),
            Order::Close => {
                self.close();
                self.failed = false;
            }
            Order::Address if self.is_open() => {
                if self.kernel.add().is_err() {
                    self.let_go();
                }
            }
            Order::Announce if self.is_open() => {
                // What waits from before is in it.
                self.pending = (0..self.kernel.frames()).collect();
                self.send();
            }
            // The guard's failure has been reported, and ends the tenure.
            Order::Address | Order::Announce => {}
            Order::Remove => {
                self.pending.clear();
                self.kernel.remove();
            }
        }
    }

    /// Takes in what the kernel told.
    pub fn hear(&mut self, told: Told) {
        let held = self.until.is_some();
        if told.guard_lost {
            self.let_go();
            self.build();
            self.failed = true;
        }
        if told.address_lost && self.is_open() && self.kernel.add().is_err() {
            self.let_go();
        }
        self.report.carrier = self.kernel.carrier();
        let stirred = told.address_lost || told.link_up || told.claims > 0;
        self.report.stirred += u64::from(stirred && held);
        self.report.claims += u64::from(if held { told.claims } else { 0 });
    }

    /// Does what is due by now.
    pub fn tick(&mut self) {
        let now = self.kernel.now();
        if self.until.is_some_and(|until| now >= until) {
            self.let_go();
        }
        if self.retry.is_some_and(|retry| now >= retry) {
            self.build();
            self.failed = true;
        }
        self.send();
    }

    /// When something is due next.
    pub fn due(&self) -> Option<Moment> {
        let frames = (!self.pending.is_empty()).then(|| self.pace.next());
        [self.until, self.retry, frames].into_iter().flatten().min()
    }

    /// Nobody orders any more: nothing is left behind.
    pub fn end(&mut self) {
        self.close();
        self.pending.clear();
        if self.kernel.remove() {
            self.kernel.demolish();
        }
    }

    /// What whoever orders must know.
    pub fn report(&self) -> Report {
        Report { guarded: self.built && !self.failed, ..self.report }
    }

    fn is_open(&self) -> bool {
        self.until.is_some()
    }

    fn build(&mut self) {
        self.until = None;
        self.failed = false;
        self.built = match self.kernel.build() {
            Ok(()) => true,
            Err(error) => {
                tracing::debug!("cluster: the guard is not built: {error}");
                false
            }
        };
        self.report.able = self.built;
        self.retry = (!self.built).then(|| self.kernel.now() + RETRY);
        self.report.carrier = self.kernel.carrier();
    }

    fn open(&mut self, until: Moment) {
        if !self.built || self.failed {
            return;
        }
        for _ in 0..TRIES {
            let now = self.kernel.now();
            let Some(time) = until.checked_sub(now).filter(|time| *time >= LEAST) else { break };
            if time > self.lease || self.kernel.open(time).is_err() {
                break;
            }
            // Whoever was paused in between has opened it for longer than it should be.
            if self.kernel.now() <= now + LATE {
                self.until = Some(until);
                return;
            }
        }
        self.report.fenced += 1;
        self.let_go();
    }

    fn close(&mut self) {
        self.until = None;
        self.kernel.close();
    }

    /// Ends a tenure that nobody has ended.
    fn let_go(&mut self) {
        self.close();
        self.pending.clear();
        self.kernel.remove();
        self.failed = true;
    }

    fn send(&mut self) {
        let now = self.kernel.now();
        while !self.pending.is_empty() && self.pace.take(now) {
            if let Some(frame) = self.pending.pop_front() {
                self.kernel.announce(frame);
            }
        }
    }
}

#[cfg(test)]
mod tests;
