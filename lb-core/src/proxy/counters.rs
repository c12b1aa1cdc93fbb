//! Numbers of proxies and servers; they outlive plans.

use super::Captured;
use crate::stats::prometheus::Latency;
use crate::thread::{Counter, PerThread};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64};

/// Numbers of a proxy that each thread counts for itself. Names follow the statistics columns (management guide 9.1).
#[derive(Debug, Default)]
#[allow(missing_docs)] // each is the statistics column of that name
pub struct ProxyCounters {
    pub conn_tot: Counter,
    pub sess_tot: Counter,
    pub req_tot: Counter,
    pub bin: Counter,
    pub bout: Counter,
    pub dreq: Counter,
    pub dresp: Counter,
    pub ereq: Counter,
    pub econ: Counter,
    pub eresp: Counter,
    pub wretr: Counter,
    pub wredis: Counter,
    pub wrew: Counter,
    pub eint: Counter,
    pub cli_abrt: Counter,
    pub srv_abrt: Counter,
    pub dcon: Counter,
    pub dses: Counter,
    pub lbtot: Counter,
    pub intercepted: Counter,
    pub connect: Counter,
    pub reuse: Counter,
    /// Responses by class: 1xx to 5xx, then others.
    pub hrsp: [Counter; 6],
    /// Sums over the last 1024 requests, in milliseconds: queue, connect, response, total.
    pub times: [Counter; 4],
    /// Largest of each of the four times, in milliseconds.
    pub times_max: [Counter; 4],
    /// Histograms of times, once there is one.
    pub latency: OnceLock<Box<Latency>>,
    pub conn_rate: Rate,
    pub sess_rate: Rate,
    pub req_rate: Rate,
}

/// Events per second of one thread: HAProxy's two-slot sliding counter with a period of one second.
#[derive(Debug, Default)]
pub struct Rate {
    second: Counter,
    current: Counter,
    previous: Counter,
    max: Counter,
}

impl Rate {
    /// Counts `n` events at `millis` since the start of the process. Owner thread only.
    #[inline]
    pub fn add(&self, n: u64, millis: u64) {
        let second = millis / 1000;
        let known = self.second.get();
        if second != known {
            self.previous.set(if second == known + 1 { self.current.get() } else { 0 });
            self.current.set(0);
            self.second.set(second);
        }
        self.current.add(n);
        self.max.raise(self.current.get());
    }

    /// Events over the last second, as of `millis`.
    pub fn read(&self, millis: u64) -> u64 {
        let (second, part) = (millis / 1000, millis % 1000);
        let (current, previous) = match second.wrapping_sub(self.second.get()) {
            0 => (self.current.get(), self.previous.get()),
            1 => (0, self.current.get()),
            _ => (0, 0),
        };
        current + previous * (1000 - part) / 1000
    }

    /// Most events in one second.
    pub fn max(&self) -> u64 {
        self.max.get()
    }

    /// Begins with `n` events in the second before `millis`.
    pub fn preload(&self, n: u64, millis: u64) {
        self.second.set(millis / 1000);
        self.previous.set(n);
    }

    /// Forgets the maximum (`clear counters`).
    pub fn clear_max(&self) {
        self.max.set(0);
    }
}

/// Numbers of one side (frontend or backend) of a proxy; they outlive plans.
#[derive(Debug)]
pub struct ProxyStats {
    /// Per-thread counters.
    pub counters: PerThread<ProxyCounters>,
    /// Sessions now (`scur`).
    pub current: AtomicU32,
    /// Most sessions at once (`smax`).
    pub current_max: AtomicU32,
    /// Backends: requests waiting in the backend's own queue (`qcur`) ...
    pub queued: AtomicU32,
    /// ... and the most there were (`qmax`).
    pub queued_max: AtomicU32,
    /// Milliseconds since the start of the process of the last session (`lastsess`); 0: none yet.
    pub last_session: AtomicU64,
    /// Milliseconds since the start of the process of the last change of state (`lastchg`).
    pub changed: AtomicU64,
    /// How often the backend lost its last server (`chkdown`).
    pub downs: AtomicU64,
    /// Milliseconds that it had none, up to the last change.
    pub downtime: AtomicU64,
    /// The last message that could not be read: of a frontend a request, of a backend a response.
    pub unread: Captured,
}

impl ProxyStats {
    /// All zero, for `threads` traffic threads.
    pub fn new(threads: usize) -> Self {
        Self {
            counters: PerThread::new(threads),
            current: AtomicU32::new(0),
            current_max: AtomicU32::new(0),
            queued: AtomicU32::new(0),
            queued_max: AtomicU32::new(0),
            last_session: AtomicU64::new(0),
            changed: AtomicU64::new(crate::clock::millis()),
            downs: AtomicU64::new(0),
            downtime: AtomicU64::new(0),
            unread: Captured::default(),
        }
    }
}
