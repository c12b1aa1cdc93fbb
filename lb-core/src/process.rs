//! Facts and live numbers of the whole process: who it is, since when it runs, how many connections it carries.

pub use haproxy_cfg_parser::Severity;
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

/// The system's host name; empty where it cannot be read.
pub fn hostname() -> String {
    nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_default()
}

/// Milliseconds since the start of the process.
pub fn uptime_millis() -> u64 {
    crate::proxy::millis(facts().started.elapsed())
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
    next_exchange: AtomicU32::new(0),
};

/// The live numbers of this process.
pub fn live() -> &'static Live {
    &LIVE
}
