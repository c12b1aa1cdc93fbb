//! What a traffic thread says of itself.

use crate::connect::pool;
use crate::http::work;
use crate::process::live;
use crate::roll;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Numbers of one thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulse {
    /// Tasks that have not ended.
    pub tasks: u64,
    /// Connections of clients, idle ones included, and addresses that are accepted on.
    pub woken: u64,
    /// Exchanges, TCP sessions and sessions of the runtime API.
    pub sessions: u64,
    /// Idle connections to servers.
    pub idle_servers: u64,
    /// Sets of buffers that lie ready for exchanges.
    pub sets: u64,
    /// Large buffers that lie ready for long bodies.
    pub large: u64,
    /// Processor time since the start.
    pub cpu: Duration,
    /// How often it gave the processor up to wait.
    pub waits: u64,
    /// How often the system took the processor from it.
    pub preempted: u64,
}

/// That of the calling thread.
pub fn pulse() -> Pulse {
    let (sets, large) = work::kept();
    let usage = getrusage(UsageWho::RUSAGE_THREAD).ok();
    let micros = |time: TimeVal| Duration::from_micros(time.num_microseconds().unsigned_abs());
    let count = |count: Option<i64>| count.unwrap_or_default().unsigned_abs();
    Pulse {
        tasks: tokio::runtime::Handle::current().metrics().num_alive_tasks() as u64,
        woken: super::threads::woken() as u64,
        sessions: roll::count().0 as u64,
        idle_servers: pool::idle() as u64,
        sets: sets as u64,
        large: large as u64,
        cpu: usage.map(|usage| micros(usage.user_time()) + micros(usage.system_time())).unwrap_or_default(),
        waits: count(usage.map(|usage| usage.voluntary_context_switches())),
        preempted: count(usage.map(|usage| usage.involuntary_context_switches())),
    }
}

/// What a thread has added to the process's sums.
#[derive(Debug, Default)]
pub(super) struct Beat {
    tasks: u64,
    queue: u64,
    streams: u64,
    begun: u64,
    idle: u64,
    /// When it did so last, and how long it had worked until then.
    last: Option<(Instant, Duration)>,
}

impl Beat {
    /// Brings the sums up to date; to be called about once a second.
    pub(super) fn beat(&mut self) {
        let metrics = tokio::runtime::Handle::current().metrics();
        let (now, busy) = (Instant::now(), metrics.worker_total_busy_duration(0));
        let idle = self.last.map_or(100, |(at, before)| {
            let (passed, worked) = (now.duration_since(at), busy.saturating_sub(before));
            100_u64.saturating_sub((worked.as_micros() * 100).div_ceil(passed.as_micros().max(1)) as u64)
        });
        self.last = Some((now, busy));
        let (running, begun) = roll::count();
        let sums = &live().threads;
        add(&sums.tasks, &mut self.tasks, metrics.num_alive_tasks() as u64);
        add(&sums.queue, &mut self.queue, metrics.global_queue_depth() as u64);
        add(&sums.streams, &mut self.streams, running as u64);
        add(&sums.begun, &mut self.begun, begun);
        add(&sums.idle, &mut self.idle, idle);
    }
}

fn add(sum: &AtomicU64, before: &mut u64, now: u64) {
    sum.fetch_add(now.wrapping_sub(*before), Ordering::Relaxed);
    *before = now;
}
