//! HAProxy's metrics: which statistic each one is, and how it is written.

use super::query::Scope;
use crate::stats::Process;

/// A metric of proxies or servers.
#[derive(Debug)]
pub(super) struct Metric {
    /// Its name without the scope's.
    pub(super) name: &'static str,
    pub(super) counter: bool,
    /// Bits of the scopes that have it.
    pub(super) scopes: u8,
    /// The column of `show stat` that it is.
    pub(super) column: &'static str,
    pub(super) form: Form,
    pub(super) missing: Missing,
}

/// How a column becomes samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As it is.
    Plain,
    /// Milliseconds, written as seconds.
    Millis,
    /// One for each class of status codes.
    Codes,
    /// One for each state.
    Status,
    /// One for each result of a health check.
    CheckStatus,
    /// Servers of a backend by state.
    AggregatedStatus,
    /// Servers of a backend by result of their health check.
    AggregatedCheckStatus,
}

/// What is written where a column is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// 0: nothing of this kind has happened.
    Zero,
    /// Not a number for a server: it has no limit, no check. 0 for a proxy.
    Nan,
    /// Nothing: there is no check.
    Skip,
    /// 0 where checks are made, which give no such value; else nothing.
    Checked,
}

/// Classes of status codes and their columns.
pub(super) const CODES: &[(&str, &str)] = &[
    ("1xx", "hrsp_1xx"),
    ("2xx", "hrsp_2xx"),
    ("3xx", "hrsp_3xx"),
    ("4xx", "hrsp_4xx"),
    ("5xx", "hrsp_5xx"),
    ("other", "hrsp_other"),
];
pub(super) const PROXY_STATES: &[&str] = &["DOWN", "UP"];
pub(super) const SERVER_STATES: &[&str] = &["DOWN", "UP", "MAINT", "DRAIN", "NOLB"];
#[rustfmt::skip]
pub(super) const CHECK_STATES: &[&str] = &[
    "HANA", "SOCKERR", "L4OK", "L4TOUT", "L4CON", "L6OK", "L6TOUT", "L6RSP",
    "L7TOUT", "L7RSP", "L7OK", "L7OKC", "L7STS", "PROCERR", "PROCTOUT", "PROCOK",
];

const F: u8 = Scope::Frontend as u8;
const B: u8 = Scope::Backend as u8;
const S: u8 = Scope::Server as u8;

const fn gauge(name: &'static str, scopes: u8, column: &'static str) -> Metric {
    Metric { name, counter: false, scopes, column, form: Form::Plain, missing: Missing::Zero }
}

const fn counter(name: &'static str, scopes: u8, column: &'static str) -> Metric {
    Metric { counter: true, ..gauge(name, scopes, column) }
}

impl Metric {
    const fn form(self, form: Form) -> Self {
        Self { form, ..self }
    }

    const fn missing(self, missing: Missing) -> Self {
        Self { missing, ..self }
    }
}

/// All metrics of proxies and servers, in HAProxy's order.
#[rustfmt::skip]
pub(super) static METRICS: &[Metric] = &[
    gauge("current_queue", B | S, "qcur"),
    gauge("max_queue", B | S, "qmax"),
    gauge("current_sessions", F | B | S, "scur"),
    gauge("max_sessions", F | B | S, "smax"),
    gauge("limit_sessions", F | B | S, "slim").missing(Missing::Nan),
    counter("sessions_total", F | B | S, "stot"),
    counter("bytes_in_total", F | B | S, "bin"),
    counter("bytes_out_total", F | B | S, "bout"),
    counter("requests_denied_total", F | B, "dreq"),
    counter("responses_denied_total", F | B | S, "dresp"),
    counter("request_errors_total", F, "ereq"),
    counter("connection_errors_total", B | S, "econ"),
    counter("response_errors_total", B | S, "eresp"),
    counter("retry_warnings_total", B | S, "wretr"),
    counter("redispatch_warnings_total", B | S, "wredis"),
    gauge("status", F | B | S, "status").form(Form::Status),
    gauge("weight", B | S, "weight"),
    gauge("active_servers", B, "act"),
    gauge("backup_servers", B, "bck"),
    gauge("active", S, "act"),
    gauge("backup", S, "bck"),
    counter("check_failures_total", S, "chkfail").missing(Missing::Nan),
    counter("check_up_down_total", B | S, "chkdown").missing(Missing::Nan),
    gauge("check_last_change_seconds", B | S, "lastchg"),
    counter("downtime_seconds_total", B | S, "downtime").missing(Missing::Nan),
    gauge("queue_limit", S, "qlimit").missing(Missing::Nan),
    gauge("current_throttle", S, "throttle").missing(Missing::Nan),
    counter("loadbalanced_total", B | S, "lbtot"),
    gauge("current_session_rate", F | B | S, "rate"),
    gauge("limit_session_rate", F, "rate_lim"),
    gauge("max_session_rate", F | B | S, "rate_max"),
    gauge("check_status", S, "check_status").form(Form::CheckStatus),
    gauge("check_code", S, "check_code").missing(Missing::Checked),
    gauge("check_duration_seconds", S, "check_duration").form(Form::Millis).missing(Missing::Skip),
    counter("http_responses_total", F | B | S, "hrsp_2xx").form(Form::Codes),
    gauge("http_requests_rate_max", F, "req_rate_max"),
    counter("http_requests_total", F | B | S, "req_tot"),
    counter("client_aborts_total", B | S, "cli_abrt"),
    counter("server_aborts_total", B | S, "srv_abrt"),
    counter("http_comp_bytes_in_total", F | B, "comp_in"),
    counter("http_comp_bytes_out_total", F | B, "comp_out"),
    counter("http_comp_bytes_bypassed_total", F | B, "comp_byp"),
    counter("http_comp_responses_total", F | B, "comp_rsp"),
    gauge("last_session_seconds", B | S, "lastsess"),
    gauge("queue_time_average_seconds", B | S, "qtime").form(Form::Millis),
    gauge("connect_time_average_seconds", B | S, "ctime").form(Form::Millis),
    gauge("response_time_average_seconds", B | S, "rtime").form(Form::Millis),
    gauge("total_time_average_seconds", B | S, "ttime").form(Form::Millis),
    gauge("connections_rate_max", F, "conn_rate_max"),
    counter("connections_total", F, "conn_tot"),
    counter("intercepted_requests_total", F, "intercepted"),
    counter("denied_connections_total", F, "dcon"),
    counter("denied_sessions_total", F, "dses"),
    counter("failed_header_rewriting_total", F | B | S, "wrew"),
    counter("connection_attempts_total", B | S, "connect"),
    counter("connection_reuses_total", B | S, "reuse"),
    counter("http_cache_lookups_total", F | B, "cache_lookups"),
    counter("http_cache_hits_total", F | B, "cache_hits"),
    counter("http_cache_hint_hits_total", F | B, "cache_hint_hits"),
    gauge("idle_connections_current", S, "srv_icur"),
    gauge("idle_connections_limit", S, "src_ilim").missing(Missing::Nan),
    gauge("max_queue_time_seconds", B | S, "qtime_max").form(Form::Millis),
    gauge("max_connect_time_seconds", B | S, "ctime_max").form(Form::Millis),
    gauge("max_response_time_seconds", B | S, "rtime_max").form(Form::Millis),
    gauge("max_total_time_seconds", B | S, "ttime_max").form(Form::Millis),
    counter("internal_errors_total", F | B | S, "eint"),
    gauge("unsafe_idle_connections_current", S, "idle_conn_cur"),
    gauge("safe_idle_connections_current", S, "safe_conn_cur"),
    gauge("used_connections_current", S, "used_conn_cur"),
    gauge("need_connections_current", S, "need_conn_est"),
    gauge("uweight", B | S, "uweight"),
    gauge("agg_server_status", B, "agg_server_status").form(Form::AggregatedStatus),
    gauge("agg_server_check_status", B, "agg_server_check_status").form(Form::AggregatedStatus),
    gauge("agg_check_status", B, "agg_check_status").form(Form::AggregatedCheckStatus),
    gauge("private_idle_connections_current", S, "priv_idle_cur"),
    counter("req_bytes_in_total", F | B | S, "reqbin"),
    counter("req_bytes_out_total", F | B | S, "reqbout"),
    counter("res_bytes_in_total", F | B | S, "resbin"),
    counter("res_bytes_out_total", F | B | S, "resbout"),
];

/// A metric of the process.
#[derive(Debug)]
pub(super) struct Fact {
    /// Its name without `haproxy_process_`.
    pub(super) name: &'static str,
    pub(super) counter: bool,
    pub(super) source: From,
}

/// Where a metric of the process comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum From {
    /// A field of `show info`; 0 where it is empty.
    Field(&'static str),
    /// Text as a label, with what it is; the value is 1.
    Label(&'static str, &'static str, fn(&Process) -> &str),
    /// Something that lb does not have: always 0.
    Zero(&'static str),
}

const fn level(name: &'static str, field: &'static str) -> Fact {
    Fact { name, counter: false, source: From::Field(field) }
}

const fn total(name: &'static str, field: &'static str) -> Fact {
    Fact { name, counter: true, source: From::Field(field) }
}

const fn zero(name: &'static str, counter: bool, doc: &'static str) -> Fact {
    Fact { name, counter, source: From::Zero(doc) }
}

/// All metrics of the process.
#[rustfmt::skip]
pub(super) static FACTS: &[Fact] = &[
    Fact { name: "node", counter: false, source: From::Label("node", "Name of the node", |process| &process.node) },
    Fact { name: "build_info", counter: false, source: From::Label("version", "The exact version", |process| &process.version) },
    level("nbthread", "Nbthread"),
    level("nbproc", "Nbproc"),
    level("relative_process_id", "Process_num"),
    level("uptime_seconds", "Uptime_sec"),
    level("start_time_seconds", "Start_time_sec"),
    level("max_memory_bytes", "Memmax_bytes"),
    level("pool_allocated_bytes", "PoolAlloc_bytes"),
    level("pool_used_bytes", "PoolUsed_bytes"),
    total("pool_failures_total", "PoolFailed"),
    level("max_fds", "Ulimit-n"),
    level("max_sockets", "Maxsock"),
    level("max_connections", "Maxconn"),
    level("hard_max_connections", "Hard_maxconn"),
    level("current_connections", "CurrConns"),
    total("connections_total", "CumConns"),
    total("requests_total", "CumReq"),
    zero("max_ssl_connections", false, "Limit of TLS connections, 0 for none"),
    zero("current_ssl_connections", false, "TLS connections now"),
    zero("ssl_connections_total", true, "TLS connections since the start"),
    level("max_pipes", "Maxpipes"),
    total("pipes_used_total", "PipesUsed"),
    total("pipes_free_total", "PipesFree"),
    level("current_connection_rate", "ConnRate"),
    level("limit_connection_rate", "ConnRateLimit"),
    level("max_connection_rate", "MaxConnRate"),
    level("current_session_rate", "SessRate"),
    level("limit_session_rate", "SessRateLimit"),
    level("max_session_rate", "MaxSessRate"),
    zero("current_ssl_rate", false, "TLS connections over the last second"),
    zero("limit_ssl_rate", false, "Limit of TLS connections in a second, 0 for none"),
    zero("max_ssl_rate", false, "Most TLS connections in one second"),
    zero("current_frontend_ssl_key_rate", false, "TLS keys made for clients over the last second"),
    zero("max_frontend_ssl_key_rate", false, "Most TLS keys made for clients in one second"),
    zero("frontend_ssl_reuse", false, "Share of TLS sessions of clients that were resumed, in percent"),
    zero("current_backend_ssl_key_rate", false, "TLS keys made for servers over the last second"),
    zero("max_backend_ssl_key_rate", false, "Most TLS keys made for servers in one second"),
    zero("ssl_cache_lookups_total", true, "Look-ups in the cache of TLS sessions"),
    zero("ssl_cache_misses_total", true, "Look-ups in the cache of TLS sessions that found nothing"),
    total("http_comp_bytes_in_total", "CompressBpsIn"),
    total("http_comp_bytes_out_total", "CompressBpsOut"),
    level("limit_http_comp", "CompressBpsRateLim"),
    zero("current_zlib_memory", false, "Memory of compression, in bytes"),
    zero("max_zlib_memory", false, "Limit of the memory of compression, in bytes, 0 for none"),
    level("current_tasks", "Tasks"),
    level("current_run_queue", "Run_queue"),
    level("idle_time_percent", "Idle_pct"),
    level("stopping", "Stopping"),
    level("jobs", "Jobs"),
    level("unstoppable_jobs", "Unstoppable Jobs"),
    level("listeners", "Listeners"),
    level("active_peers", "ActivePeers"),
    level("connected_peers", "ConnectedPeers"),
    total("dropped_logs_total", "DroppedLogs"),
    level("busy_polling_enabled", "BusyPolling"),
    total("failed_resolutions", "FailedResolutions"),
    total("bytes_out_total", "TotalBytesOut"),
    total("spliced_bytes_out_total", "TotalSplicedBytesOut"),
    level("bytes_out_rate", "BytesOutRate"),
    total("recv_logs_total", "CumRecvLogs"),
    total("total_warnings", "TotalWarnings"),
    level("patterns_added_total", "PatternsAdded"),
    level("patterns_freed_total", "PatternsFreed"),
    level("nb_thread_groups", "NbThreadGroups"),
];
