//! The fields of `show info` (management guide 9.3 "show info").

use super::process::Process;
use super::value::{Tags, Value};
use crate::compile::Plan;
use crate::process::live;
use crate::proxy::{ProxyCounters, Rate};
use crate::tcp;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::UNIX_EPOCH;

/// A field: its name, kind, what it means, and how it is read.
pub struct Field {
    /// The name.
    pub name: &'static str,
    /// The kind.
    pub tags: Tags,
    /// What it means.
    pub doc: &'static str,
    /// Reads it.
    pub read: fn(&Source<'_>) -> Value,
}

/// What fields are read from.
pub struct Source<'a> {
    /// The plan that runs.
    pub plan: &'a Plan,
    /// The process.
    pub process: &'a Process,
}

impl Source<'_> {
    /// The sum of a counter over all frontends.
    fn sum(&self, read: impl Fn(&ProxyCounters) -> u64) -> u64 {
        self.plan.frontends.iter().map(|frontend| frontend.stats.counters.sum(&read)).sum()
    }

    /// The sum of a rate over all frontends.
    fn rate(&self, rate: impl Fn(&ProxyCounters) -> &Rate) -> Value {
        let now = crate::clock::millis();
        Value::u32(self.sum(|counters| rate(counters).read(now)))
    }

    fn uptime(&self) -> f64 {
        self.process.started.elapsed().unwrap_or_default().as_secs_f64()
    }
}

const fn field(
    name: &'static str,
    tags: &[u8; 3],
    doc: &'static str,
    read: fn(&Source<'_>) -> Value,
) -> Field {
    Field { name, tags: Tags(*tags), doc, read }
}

fn text(text: &str) -> Value {
    Value::Str(text.to_owned().into())
}

/// For what this build does not have.
fn none(_: &Source<'_>) -> Value {
    Value::None
}

fn sum(of_threads: &AtomicU64) -> Value {
    Value::u32(of_threads.load(Ordering::Relaxed))
}

/// A limit that cannot be set, and so is 0, which means none.
fn unlimited(_: &Source<'_>) -> Value {
    Value::U32(0)
}

/// All fields, in HAProxy's order; those without a value are not printed.
#[rustfmt::skip]
pub static FIELDS: &[Field] = &[
    field("Name", b"POS", "Name of the product", |s| text(&s.process.product)),
    field("Version", b"POS", "Version of the product", |s| text(&s.process.version)),
    field("Release_date", b"POS", "When that version was released", |s| text(&s.process.release_date)),
    field("Nbthread", b"CGS", "Traffic threads", |s| Value::u32(s.plan.threads as u64)),
    field("Nbproc", b"CGS", "Worker processes, always 1", |_| Value::U32(1)),
    field("Process_num", b"KGP", "Number of this worker process, always 1", |_| Value::U32(1)),
    field("Pid", b"SGP", "Process id of this worker", |s| Value::U32(s.process.pid)),
    field("Uptime", b"MDP", "Time since the start, in days, hours, minutes and seconds", |s| {
        let seconds = s.uptime() as u64;
        let (days, hours, minutes) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60);
        Value::Str(format!("{days}d {hours}h{minutes:02}m{:02}s", seconds % 60).into())
    }),
    field("Uptime_sec", b"MDP", "Time since the start, in seconds", |s| Value::Seconds(s.uptime())),
    field("Memmax_MB", b"CLP", "Limit of memory in megabytes, 0 for none", unlimited),
    field("PoolAlloc_MB", b"MGP", "Memory allocated in pools, in megabytes", none),
    field("PoolUsed_MB", b"MGP", "Memory in use in pools, in megabytes", none),
    field("PoolFailed", b"MCP", "Allocations from pools that failed", none),
    field("Ulimit-n", b"CLP", "Limit of open files", |s| Value::U32(s.process.files.load(Ordering::Relaxed))),
    field("Maxsock", b"CLP", "Limit of sockets", |s| Value::U32(s.process.files.load(Ordering::Relaxed))),
    field("Maxconn", b"CLP", "Limit of client connections now", |s| Value::U32(s.plan.connections.max())),
    field("Hard_maxconn", b"CLP", "Limit of client connections at the start", |s| Value::U32(s.process.hard_maxconn.load(Ordering::Relaxed))),
    field("CurrConns", b"MGP", "Client connections now", |s| Value::U32(s.plan.connections.current())),
    field("CumConns", b"MCP", "Client connections since the start", |s| Value::u32(s.sum(|c| c.conn_tot.get()))),
    field("CumReq", b"MCP", "Requests since the start", |s| Value::u32(s.sum(|c| c.req_tot.get()))),
    field("Maxpipes", b"CLP", "Limit of pipes for splicing, 0 for none", |s| Value::U32(s.plan.pipes)),
    field("PipesUsed", b"MGP", "Pipes in use", |_| Value::U32(tcp::pipes().0)),
    field("PipesFree", b"MGP", "Pipes kept for use", |_| Value::U32(tcp::pipes().1)),
    field("ConnRate", b"MRP", "Client connections over the last second", |s| s.rate(|c| &c.conn_rate)),
    field("ConnRateLimit", b"CLP", "Limit of ConnRate, 0 for none", |s| Value::U32(s.plan.connection_rate.max())),
    field("MaxConnRate", b"MMP", "Highest ConnRate", |s| Value::u32(s.plan.connection_rate.highest())),
    field("SessRate", b"MRP", "Sessions over the last second", |s| s.rate(|c| &c.sess_rate)),
    field("SessRateLimit", b"CLP", "Limit of SessRate, 0 for none", |s| Value::U32(s.plan.session_rate.max())),
    field("MaxSessRate", b"MRP", "Highest SessRate", |s| Value::u32(s.plan.session_rate.highest())),
    field("CompressBpsIn", b"MRP", "Bytes given to compression over the last second", none),
    field("CompressBpsOut", b"MRP", "Bytes that compression made of them over the last second", none),
    field("CompressBpsRateLim", b"CLP", "Limit of CompressBpsOut, 0 for none", none),
    field("Tasks", b"MGP", "Tasks, sleeping ones included", |_| sum(&live().threads.tasks)),
    field("Run_queue", b"MGP", "Tasks that are ready to run", |_| sum(&live().threads.queue)),
    field("Idle_pct", b"MaP", "Share of the last second spent waiting, in percent", |s| Value::u32(live().threads.idle.load(Ordering::Relaxed) / s.plan.threads.max(1) as u64)),
    field("node", b"COS", "Name of the node", |s| text(&s.process.node)),
    field("description", b"COS", "Description of the node", |s| s.process.description.as_deref().map_or(Value::None, text)),
    field("Stopping", b"MGP", "1 while a soft stop is under way", |_| Value::U32(live().stopping.load(Ordering::Relaxed).into())),
    field("Jobs", b"MGP", "Connections and listeners", |s| {
        Value::u32(u64::from(s.plan.connections.current()) + s.plan.binds.len() as u64)
    }),
    field("Unstoppable Jobs", b"MGP", "Jobs that a soft stop does not wait for", none),
    field("Listeners", b"MGP", "Addresses listened on", |s| Value::u32(s.plan.binds.len() as u64)),
    field("ActivePeers", b"MGP", "Peers that are connected and verified", none),
    field("ConnectedPeers", b"MGP", "Peers that are connected", none),
    field("DroppedLogs", b"MGP", "Log messages that could not be sent", |_| Value::u32(live().dropped_logs.load(Ordering::Relaxed))),
    field("BusyPolling", b"MGP", "1 when threads poll without sleeping", |_| Value::U32(0)),
    field("FailedResolutions", b"MGP", "Names that did not resolve at run time", none),
    field("TotalBytesOut", b"MGP", "Bytes sent to clients", |s| Value::U64(s.sum(|c| c.bout.get()))),
    field("TotalSplicedBytesOut", b"MGP", "Bytes sent through pipes", none),
    field("BytesOutRate", b"MRP", "Bytes sent over the last second", none),
    field("DebugCommandsIssued", b"MGP", "Debugging commands that were given", |_| Value::U32(0)),
    field("CumRecvLogs", b"MCP", "Log messages received for forwarding", none),
    field("Build info", b"POS", "The exact version", |s| text(&s.process.version)),
    field("Memmax_bytes", b"CLP", "Limit of memory in bytes, 0 for none", unlimited),
    field("PoolAlloc_bytes", b"MGP", "Memory allocated in pools, in bytes", none),
    field("PoolUsed_bytes", b"MGP", "Memory in use in pools, in bytes", none),
    field("Start_time_sec", b"MDP", "When it started, in seconds since 1970", |s| {
        Value::Seconds(s.process.started.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64())
    }),
    field("Tainted", b"SGP", "Experimental features in use", |_| Value::Str("0".into())),
    field("TotalWarnings", b"MCP", "Warnings since the start, those of the configuration included", |s| Value::U32(s.process.warnings.load(Ordering::Relaxed))),
    field("MaxconnReached", b"MCP", "How often Maxconn was reached", none),
    field("BootTime_ms", b"MDP", "Time from the start to being ready, in milliseconds", none),
    field("Niced_tasks", b"MGP", "Tasks of another priority that are ready to run", none),
    field("CurrStreams", b"MGP", "Streams now", |_| sum(&live().threads.streams)),
    field("CumStreams", b"MCP", "Streams since the start", |_| sum(&live().threads.begun)),
    field("BlockedTrafficWarnings", b"MCP", "Warnings of blocked traffic", none),
    field("PatternsAdded", b"MCP", "Patterns added to ACLs and maps", none),
    field("PatternsFreed", b"MCP", "Patterns removed from ACLs and maps", none),
    field("NbThreadGroups", b"MGP", "Groups of threads, always 1", |_| Value::U32(1)),
];
