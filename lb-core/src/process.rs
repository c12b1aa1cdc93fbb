//! Facts and live numbers of the whole process: who it is, since when it runs, how many connections it carries.

use crate::sys;
pub use haproxy_cfg_parser::Severity;
use nix::sys::resource::{Resource, getrlimit};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Instant, SystemTime};

/// What does not change after the start.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The process's id as logs print it (`%pid`).
    pub pid: u32,
    /// The system's host name (`%H`, `hostname`), cut at nothing.
    pub hostname: String,
    /// `node`, else the host name.
    pub node: String,
    /// When it started, by the wall clock ...
    pub started_at: SystemTime,
    /// ... and by the steady clock.
    pub started: Instant,
    /// Traffic threads (`nbthread`).
    pub threads: usize,
}

static FACTS: OnceLock<Facts> = OnceLock::new();

/// Says the facts; to be called once, before the first traffic thread starts. Later calls change nothing.
pub fn set_facts(facts: Facts) {
    // A second engine in one process (tests) shares the first one's facts.
    let _ = FACTS.set(facts);
}

/// The facts; where nobody set them, those of the calling process.
pub fn facts() -> &'static Facts {
    FACTS.get_or_init(|| {
        let hostname = hostname();
        Facts {
            pid: std::process::id(),
            node: hostname.clone(),
            hostname,
            started_at: SystemTime::now(),
            started: Instant::now(),
            threads: 1,
        }
    })
}

type Tell = Box<dyn Fn(Severity, &str) + Send + Sync>;

static TELL: OnceLock<Tell> = OnceLock::new();

/// Says where messages for the operator go while the process runs; only the first call counts.
pub fn set_tell(tell: impl Fn(Severity, &str) + Send + Sync + 'static) {
    let _ = TELL.set(Box::new(tell));
}

/// Tells the operator; nobody hears it unless [`set_tell`] was called.
pub fn tell(severity: Severity, text: &str) {
    if let Some(tell) = TELL.get() {
        tell(severity, text);
    }
}

/// What threads may claim before others, where a process may.
const CLAIMS: &[Resource] = &[Resource::RLIMIT_RTPRIO, Resource::RLIMIT_NICE];

/// A program that the configuration names, about to be started. What this process may claim for its own threads, it may not.
pub fn program(path: &str) -> Command {
    let mut command = Command::new(path);
    let may_claim = |resource: &Resource| getrlimit(*resource).is_ok_and(|(_, hard)| hard > 0);
    // Else it is started the cheaper way, which leaves no room for it.
    if CLAIMS.iter().any(may_claim) {
        sys::deny(&mut command, CLAIMS);
    }
    command
}

/// The system's host name; empty where it cannot be read.
pub fn hostname() -> String {
    nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_default()
}

/// Milliseconds since the start of the process.
pub fn uptime_millis() -> u64 {
    crate::proxy::millis(facts().started.elapsed())
}

/// What traffic threads say of themselves about once a second, summed up.
#[derive(Debug, Default)]
pub struct Load {
    /// Tasks that have not ended (`Tasks`).
    pub tasks: AtomicU64,
    /// Tasks that other threads have woken and that have not run yet (`Run_queue`).
    pub queue: AtomicU64,
    /// Exchanges and sessions now (`CurrStreams`).
    pub streams: AtomicU64,
    /// The same since the start (`CumStreams`).
    pub begun: AtomicU64,
    /// Shares of the last second that each spent waiting, in percent.
    pub idle: AtomicU64,
}

/// Numbers that change while the process runs.
#[derive(Debug, Default)]
pub struct Live {
    /// Client connections now (`%ac`).
    pub connections: AtomicU32,
    /// Log messages that no target took (`DroppedLogs`).
    pub dropped_logs: AtomicU64,
    /// A soft stop has begun (`stopping`).
    pub stopping: AtomicBool,
    /// The listening sockets were given to another process, which is to go on with them.
    pub handed_over: AtomicBool,
    /// Sums of what the threads said of themselves within the last second.
    pub threads: Load,
    /// Messages that could not be read, kept for `show errors`.
    pub captured: AtomicU64,
    next_exchange: AtomicU32,
}

impl Live {
    /// The number of the next exchange (`%rt`), from 0 and wrapping.
    pub fn next_exchange(&self) -> u32 {
        self.next_exchange.fetch_add(1, Ordering::Relaxed)
    }
}

static LIVE: Live = Live {
    connections: AtomicU32::new(0),
    dropped_logs: AtomicU64::new(0),
    stopping: AtomicBool::new(false),
    handed_over: AtomicBool::new(false),
    threads: Load {
        tasks: AtomicU64::new(0),
        queue: AtomicU64::new(0),
        streams: AtomicU64::new(0),
        begun: AtomicU64::new(0),
        idle: AtomicU64::new(0),
    },
    captured: AtomicU64::new(0),
    next_exchange: AtomicU32::new(0),
};

/// The live numbers of this process.
pub fn live() -> &'static Live {
    &LIVE
}
