//! The `global` section (manual 3).

use super::{Address, Place, StatsSocket};
use std::time::Duration;

/// What the `global` sections say. `None` is "not set".
#[derive(Clone, Debug, Default)]
pub struct Global {
    /// `daemon`.
    pub daemon: bool,
    /// `master-worker` and its `no-exit-on-failure`.
    pub master_worker: Option<MasterWorker>,
    /// `user`.
    pub user: Option<String>,
    /// `group`.
    pub group: Option<String>,
    /// `uid`.
    pub uid: Option<u32>,
    /// `gid`.
    pub gid: Option<u32>,
    /// `chroot`.
    pub chroot: Option<String>,
    /// `pidfile`.
    pub pidfile: Option<String>,
    /// `ulimit-n`.
    pub ulimit_n: Option<u64>,
    /// `fd-hard-limit`.
    pub fd_hard_limit: Option<u64>,
    /// `maxconn`.
    pub maxconn: Option<u64>,
    /// `nbthread`.
    pub nbthread: Option<u32>,
    /// `cpu-map` lines.
    pub cpu_map: Vec<CpuMap>,
    /// `node`.
    pub node: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `localpeer`.
    pub localpeer: Option<String>,
    /// `log` lines.
    pub logs: Vec<LogTarget>,
    /// `log-tag`.
    pub log_tag: Option<String>,
    /// `log-send-hostname`: inner none uses the system's name.
    pub log_send_hostname: Option<Option<String>>,
    /// `hard-stop-after`.
    pub hard_stop_after: Option<Duration>,
    /// `grace`.
    pub grace: Option<Duration>,
    /// `server-state-base`.
    pub server_state_base: Option<String>,
    /// `server-state-file`.
    pub server_state_file: Option<String>,
    /// `stats-file`.
    pub stats_file: Option<String>,
    /// `stats socket` lines.
    pub stats_sockets: Vec<StatsSocket>,
    /// `stats timeout`.
    pub stats_timeout: Option<Duration>,
    /// `stats maxconn`.
    pub stats_maxconn: Option<u32>,
    /// `quiet`.
    pub quiet: bool,
    /// `nosplice`.
    pub nosplice: bool,
    /// `zero-warning`.
    pub zero_warning: bool,
    /// `spread-checks`, in percent.
    pub spread_checks: Option<u32>,
    /// `max-spread-checks`.
    pub max_spread_checks: Option<Duration>,
    /// `external-check`, with true for `preserve-env`.
    pub external_check: Option<bool>,
    /// `insecure-fork-wanted`.
    pub insecure_fork: bool,
    /// `maxconnrate`, `maxsessrate`, `maxsslrate`, `maxsslconn`, `maxpipes`.
    pub limits: RateLimits,
    /// `tune.*` values that change what lb does.
    pub tune: Tune,
    /// `set-var` and `set-var-fmt` lines of the process scope.
    pub set_vars: Vec<super::Rule>,
    /// `insecure-fork-wanted`, `strict-limits` and the like are kept as uses only.
    pub strict_limits: Option<bool>,
    /// Where the first `global` section starts.
    pub place: Option<Place>,
}

/// `master-worker`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MasterWorker {
    /// `no-exit-on-failure`.
    pub no_exit_on_failure: bool,
}

/// A `cpu-map` line: threads `first..=last` (from 1) run on `cpus`; with `auto`, one each in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CpuMap {
    /// `auto:` prefix.
    pub auto: bool,
    /// First thread, from 1.
    pub first: u32,
    /// Last thread.
    pub last: u32,
    /// CPU numbers in the order given.
    pub cpus: Vec<u32>,
    /// Where.
    pub place: Place,
}

/// Process-wide rate limits, per second.
#[derive(Clone, Debug, Default)]
pub struct RateLimits {
    /// `maxconnrate`.
    pub connections: Option<u64>,
    /// `maxsessrate`.
    pub sessions: Option<u64>,
    /// `maxsslrate`.
    pub tls: Option<u64>,
    /// `maxsslconn`.
    pub tls_connections: Option<u64>,
    /// `maxpipes`.
    pub pipes: Option<u64>,
}

/// `tune.*` values that change what lb does. Sizes in bytes.
#[derive(Clone, Debug, Default)]
pub struct Tune {
    /// `tune.bufsize`.
    pub bufsize: Option<usize>,
    /// `tune.maxrewrite`.
    pub maxrewrite: Option<usize>,
    /// `tune.http.maxhdr`.
    pub http_maxhdr: Option<usize>,
    /// `tune.http.logurilen`.
    pub http_logurilen: Option<usize>,
    /// `tune.http.cookielen`.
    pub http_cookielen: Option<usize>,
    /// `tune.maxaccept`.
    pub maxaccept: Option<i64>,
    /// `tune.listener.default-shards`.
    pub default_shards: Option<String>,
    /// `tune.rcvbuf.client`, `.server`, `tune.sndbuf.client`, `.server`.
    pub rcvbuf_client: Option<usize>,
    /// See `rcvbuf_client`.
    pub rcvbuf_server: Option<usize>,
    /// See `rcvbuf_client`.
    pub sndbuf_client: Option<usize>,
    /// See `rcvbuf_client`.
    pub sndbuf_server: Option<usize>,
    /// `tune.idletimer`, in milliseconds.
    pub idletimer: Option<u64>,
}

/// A `log` line (manual 4.2 "log").
#[derive(Clone, Debug)]
pub struct LogTarget {
    /// Where to. None: `log global`.
    pub address: Option<Address>,
    /// `len`, in bytes.
    pub max_len: Option<usize>,
    /// `format`.
    pub format: Option<LogFraming>,
    /// `sample`: index ranges (from 1) and the size they repeat over.
    pub sample: Option<(Vec<(u32, u32)>, u32)>,
    /// `profile`: the `log-profile` section that says what is logged.
    pub profile: Option<String>,
    /// The facility's number.
    pub facility: u8,
    /// The highest level (0 emerg .. 7 debug) sent.
    pub level: u8,
    /// Messages more severe than this are sent at this level.
    pub min_level: u8,
    /// Where.
    pub place: Place,
}

/// How a log message is framed (`format` of a `log` line).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFraming {
    /// `local`.
    Local,
    /// `rfc3164`.
    Rfc3164,
    /// `rfc5424`.
    Rfc5424,
    /// `priority`.
    Priority,
    /// `short`.
    Short,
    /// `timed`.
    Timed,
    /// `iso`.
    Iso,
    /// `raw`.
    Raw,
}
