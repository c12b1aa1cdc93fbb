//! The columns of `show stat` (management guide 9.1 "CSV format").

use super::health::{self, active, code, duration, enabled, info, result};
use super::row::Row;
use super::value::{Tags, Value};
use crate::clock;
use crate::listen::Entrance;
use crate::proxy::{Backend, Frontend, ProxyCounters, ProxyStats};
use crate::server::{Operational, Server, ServerAddress, admin};
use crate::thread::PerThread;
use haproxy_cfg_parser::model::Mode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A column: its name, kind, what it means, and how it is read from each kind of row; none: it does not apply.
#[derive(Clone, Copy)]
pub struct Column {
    /// The name.
    pub name: &'static str,
    /// The kind.
    pub tags: Tags,
    /// What it means.
    pub doc: &'static str,
    /// Shown to operators and administrators only.
    pub private: bool,
    frontend: Option<fn(&Frontend) -> Value>,
    backend: Option<fn(&Backend) -> Value>,
    server: Option<fn(&Backend, &Server) -> Value>,
}

impl Column {
    /// The value for a row.
    pub fn read(&self, row: &Row<'_>) -> Value {
        let value = match row {
            Row::Frontend(frontend) => self.frontend.map(|read| read(frontend)),
            Row::Backend(backend) => self.backend.map(|read| read(backend)),
            Row::Server(backend, server) => self.server.map(|read| read(backend, server)),
        };
        value.unwrap_or(Value::None)
    }

    const fn f(mut self, read: fn(&Frontend) -> Value) -> Self {
        self.frontend = Some(read);
        self
    }

    const fn b(mut self, read: fn(&Backend) -> Value) -> Self {
        self.backend = Some(read);
        self
    }

    const fn s(mut self, read: fn(&Backend, &Server) -> Value) -> Self {
        self.server = Some(read);
        self
    }

    const fn private(mut self) -> Self {
        self.private = true;
        self
    }
}

/// The column of that name.
pub fn named(name: &str) -> Option<&'static Column> {
    COLUMNS.iter().find(|column| column.name == name)
}

const fn column(name: &'static str, tags: &[u8; 3], doc: &'static str) -> Column {
    Column { name, tags: Tags(*tags), doc, private: false, frontend: None, backend: None, server: None }
}

/// A counter that all kinds of rows named have, as a 64-bit number.
macro_rules! counter {
    ($name:literal, $doc:literal, $counters:ident => $read:expr, $($kind:ident)+) => {{
        let column = column($name, b"MCP", $doc);
        $(let column = counter!(@ $kind column, $counters => $read);)+
        column
    }};
    (@ f $column:ident, $c:ident => $read:expr) => {
        $column.f(|frontend| Value::U64(frontend.stats.counters.sum(|$c| $read)))
    };
    (@ b $column:ident, $c:ident => $read:expr) => {
        $column.b(|backend| Value::U64(backend.stats.counters.sum(|$c| $read)))
    };
    (@ s $column:ident, $c:ident => $read:expr) => {
        $column.s(|_, server| Value::U64(server.counters.sum(|$c| $read)))
    };
    // Only where the proxy speaks HTTP.
    (@ hf $column:ident, $c:ident => $read:expr) => {
        $column.f(|frontend| http(frontend.mode, frontend.stats.counters.sum(|$c| $read)))
    };
    (@ hb $column:ident, $c:ident => $read:expr) => {
        $column.b(|backend| http(backend.mode, backend.stats.counters.sum(|$c| $read)))
    };
    (@ hs $column:ident, $c:ident => $read:expr) => {
        $column.s(|backend, server| http(backend.mode, server.counters.sum(|$c| $read)))
    };
}

/// An average time and its maximum, by its index.
macro_rules! time {
    ($name:literal, $doc:literal, $index:literal) => {
        column($name, b"MaP", $doc)
            .b(|backend| average(&backend.stats.counters, $index))
            .s(|_, server| average(&server.counters, $index))
    };
    (max $name:literal, $doc:literal, $index:literal) => {
        column($name, b"MMP", $doc)
            .b(|backend| Value::u32(backend.stats.counters.max(|c| c.times_max[$index].get())))
            .s(|_, server| Value::u32(server.counters.max(|c| c.times_max[$index].get())))
    };
}

fn http(mode: Mode, value: u64) -> Value {
    if mode == Mode::Http { Value::U64(value) } else { Value::None }
}

fn text(text: &str) -> Value {
    Value::Str(text.to_owned().into())
}

/// Requests that the sliding sums of times remember: HAProxy's `TIME_STATS_SAMPLES`.
const TIME_SAMPLES: u64 = 512;

/// The mean over threads of their sliding averages; those that have seen nothing do not count.
fn average(counters: &PerThread<ProxyCounters>, index: usize) -> Value {
    let time = |counters: &ProxyCounters| counters.times.get(index).map_or(0, |sum| sum.get());
    let busy = counters.iter().filter(|counters| time(counters) > 0).count() as u64;
    Value::u32(counters.sum(|counters| time(counters).div_ceil(TIME_SAMPLES)) / busy.max(1))
}

/// A rate over the last second.
macro_rules! rate {
    ($counters:expr, $field:ident) => {{
        let now = clock::millis();
        Value::u32($counters.sum(|c| c.$field.read(now)))
    }};
    // Each thread knows its own maximum: their sum is what they may have reached together.
    (max $counters:expr, $field:ident) => {
        Value::u32($counters.sum(|c| c.$field.max()))
    };
}

/// Whole seconds since a moment of [`clock`]; -1 for never.
fn age(moment: &AtomicU64) -> Value {
    match moment.load(Relaxed) {
        0 => Value::S32(-1),
        _ => Value::S32(i32::try_from(clock::since(moment) / 1000).unwrap_or(i32::MAX)),
    }
}

/// Whole seconds since a moment of [`clock`].
fn since(moment: &AtomicU64) -> Value {
    Value::u32(clock::since(moment) / 1000)
}

/// Whole seconds of being down, the present time included.
fn downtime(before: &AtomicU64, changed: &AtomicU64, down: bool) -> Value {
    let now = if down { clock::since(changed) } else { 0 };
    Value::u32((before.load(Relaxed) + now) / 1000)
}

fn current(stats: &ProxyStats) -> Value {
    Value::U32(stats.current.load(Relaxed))
}

/// The status of a server (management guide 9.1 "status").
pub(super) fn status(server: &Server) -> String {
    let bits = server.admin.load(Relaxed);
    match server.tracked() {
        _ if bits & admin::RESOLUTION_MAINT != 0 => "MAINT (resolution)".into(),
        Some(tracked) if bits & admin::INHERITED_MAINT != 0 => {
            format!("MAINT (via {}/{})", tracked.backend, tracked.name)
        }
        _ if bits & admin::MAINT != 0 => "MAINT".into(),
        _ => health::of(server),
    }
}

fn entrance(frontend: &Frontend) -> &'static str {
    match frontend.gate.get() {
        Entrance::Open => "OPEN",
        Entrance::Paused => "PAUSED",
        Entrance::Shut => "STOP",
    }
}

fn backend_status(backend: &Backend) -> &'static str {
    if backend.servers.load().is_empty() || backend.balance.in_use(&backend.servers.load()).2 > 0 {
        "UP"
    } else {
        "DOWN"
    }
}

fn mode(mode: Mode) -> Value {
    match mode {
        Mode::Http => Value::Str("http".into()),
        Mode::Tcp => Value::Str("tcp".into()),
        Mode::Other(name) => Value::Str(name.into()),
    }
}

fn address(server: &Server) -> Value {
    match server.address() {
        ServerAddress::Unresolved(_) => Value::None,
        address => text(&address.to_string()),
    }
}

fn optional(number: Option<u32>) -> Value {
    number.filter(|number| *number > 0).map_or(Value::None, Value::U32)
}

/// All columns, in HAProxy's order, which only ever grows at its end.
#[rustfmt::skip]
pub static COLUMNS: &[Column] = &[
    column("pxname", b"KNS", "Name of the proxy")
        .f(|f| text(&f.name)).b(|b| text(&b.name)).s(|b, _| text(&b.name)),
    column("svname", b"KNS", "FRONTEND, BACKEND, or the server's name")
        .f(|_| Value::Str("FRONTEND".into())).b(|_| Value::Str("BACKEND".into())).s(|_, s| text(&s.name)),
    column("qcur", b"MGP", "Requests that wait in the queue")
        .b(|b| Value::U32(b.stats.queued.load(Relaxed))).s(|_, s| Value::U32(s.queued.load(Relaxed))),
    column("qmax", b"MMP", "Most requests that waited in the queue")
        .b(|b| Value::U32(b.stats.queued_max.load(Relaxed))).s(|_, s| Value::U32(s.queued_max.load(Relaxed))),
    column("scur", b"MGP", "Sessions now")
        .f(|f| current(&f.stats)).b(|b| current(&b.stats)).s(|_, s| Value::U32(s.served.load(Relaxed))),
    column("smax", b"MMP", "Most sessions at once")
        .f(|f| Value::U32(f.stats.current_max.load(Relaxed))).b(|b| Value::U32(b.stats.current_max.load(Relaxed)))
        .s(|_, s| Value::U32(s.served_max.load(Relaxed))),
    column("slim", b"CLP", "Limit of sessions: maxconn, or fullconn of a backend")
        .f(|f| Value::U32(f.connections.max())).b(|b| Value::U32(b.fullconn))
        .s(|_, s| optional(Some(s.maxconn.load(Relaxed)))),
    counter!("stot", "Sessions since the start", c => c.sess_tot.get(), f b s),
    counter!("bin", "Bytes of requests", c => c.bin.get(), f b s),
    counter!("bout", "Bytes of responses", c => c.bout.get(), f b s),
    counter!("dreq", "Requests denied by rules", c => c.dreq.get(), f b),
    counter!("dresp", "Responses denied by rules", c => c.dresp.get(), f b s),
    counter!("ereq", "Requests that were invalid or never complete", c => c.ereq.get(), f),
    counter!("econ", "Connections to servers that failed", c => c.econ.get(), b s),
    counter!("eresp", "Responses that were invalid or never complete", c => c.eresp.get(), b s),
    counter!("wretr", "Connections tried again", c => c.wretr.get(), b s),
    counter!("wredis", "Requests sent to another server after a failure", c => c.wredis.get(), b s),
    column("status", b"SGP", "State: OPEN, UP, DOWN, MAINT, DRAIN, no check")
        .f(|f| Value::Str(entrance(f).into())).b(|b| Value::Str(backend_status(b).into())).s(|_, s| text(&status(s))),
    column("weight", b"MaP", "Weight in use")
        .b(|b| Value::U32(b.balance.in_use(&b.servers.load()).2)).s(|_, s| Value::U32(s.weight.load(Relaxed))),
    column("act", b"SGP", "Active servers that can be used; 1 for an active server")
        .b(|b| Value::U32(b.balance.in_use(&b.servers.load()).0)).s(|_, s| Value::U32(u32::from(!s.config.backup))),
    column("bck", b"SGP", "Backup servers that can be used; 1 for a backup server")
        .b(|b| Value::U32(b.balance.in_use(&b.servers.load()).1)).s(|_, s| Value::U32(u32::from(s.config.backup))),
    column("chkfail", b"MCP", "Failed health checks")
        .s(|_, s| enabled(s.check.as_deref(), |probe| Value::U64(probe.failures.load(Relaxed)))),
    column("chkdown", b"MCP", "How often it went down")
        .b(|b| Value::U64(b.stats.downs.load(Relaxed)))
        .s(|_, s| enabled(s.check.as_deref(), |_| Value::U64(s.downs.load(Relaxed)))),
    column("lastchg", b"MAP", "Seconds since the state changed")
        .b(|b| since(&b.stats.changed)).s(|_, s| since(&s.changed)),
    column("downtime", b"MCP", "Seconds that it was down")
        .b(|b| downtime(&b.stats.downtime, &b.stats.changed, !b.servers.load().is_empty() && b.balance.in_use(&b.servers.load()).2 == 0))
        .s(|_, s| enabled(s.check.as_deref(), |_| downtime(&s.downtime, &s.changed, s.state() == Operational::Stopped))),
    column("qlimit", b"CGS", "maxqueue").s(|_, s| optional(s.config.maxqueue)),
    column("pid", b"KGP", "Number of the worker process, always 1")
        .f(|_| Value::U32(1)).b(|_| Value::U32(1)).s(|_, _| Value::U32(1)),
    column("iid", b"KGS", "Id of the proxy").f(|f| Value::U32(f.id)).b(|b| Value::U32(b.id)).s(|b, _| Value::U32(b.id)),
    column("sid", b"KGS", "Id of the server; 0 for proxies")
        .f(|_| Value::U32(0)).b(|_| Value::U32(0)).s(|_, s| Value::U32(s.id)),
    column("throttle", b"CaP", "Share of the weight during slow start, in percent")
        .s(|_, s| s.throttle().map_or(Value::None, Value::U32)),
    counter!("lbtot", "How often the algorithm chose it", c => c.lbtot.get(), b s),
    column("tracked", b"CNS", "The server whose state it follows")
        .s(|_, s| s.tracked().map_or(Value::None, |tracked| text(&format!("{}/{}", tracked.backend, tracked.name)))),
    column("type", b"CGS", "0 frontend, 1 backend, 2 server, 3 listener")
        .f(|_| Value::U32(0)).b(|_| Value::U32(1)).s(|_, _| Value::U32(2)),
    column("rate", b"MRP", "Sessions over the last second")
        .f(|f| rate!(f.stats.counters, sess_rate)).b(|b| rate!(b.stats.counters, sess_rate)).s(|_, s| rate!(s.counters, sess_rate)),
    column("rate_lim", b"CLP", "Limit of sessions per second, 0 for none").f(|f| Value::U32(f.rate_limit)),
    column("rate_max", b"MMP", "Most sessions in one second")
        .f(|f| rate!(max f.stats.counters, sess_rate)).b(|b| rate!(max b.stats.counters, sess_rate)).s(|_, s| rate!(max s.counters, sess_rate)),
    column("check_status", b"MOP", "Result of the last health check").s(|_, s| result(s.check.as_deref())),
    column("check_code", b"MOP", "Status code of the last health check").s(|_, s| code(s.check.as_deref())),
    column("check_duration", b"MDP", "Milliseconds that the last health check took").s(|_, s| active(s.check.as_deref(), |_, last| {
        if last.report.status.is_result() { duration(last) } else { Value::None }
    })),
    counter!("hrsp_1xx", "Responses of status 100 to 199", c => c.hrsp[0].get(), hf hb hs),
    counter!("hrsp_2xx", "Responses of status 200 to 299", c => c.hrsp[1].get(), hf hb hs),
    counter!("hrsp_3xx", "Responses of status 300 to 399", c => c.hrsp[2].get(), hf hb hs),
    counter!("hrsp_4xx", "Responses of status 400 to 499", c => c.hrsp[3].get(), hf hb hs),
    counter!("hrsp_5xx", "Responses of status 500 to 599", c => c.hrsp[4].get(), hf hb hs),
    counter!("hrsp_other", "Responses of any other status", c => c.hrsp[5].get(), hf hb hs),
    column("hanafail", b"MCP", "Health checks failed by observed traffic")
        .s(|_, s| if s.config.check.observe.is_some() { Value::U64(s.observed.reactions.load(Relaxed)) } else { Value::None }),
    column("req_rate", b"MRP", "Requests over the last second").f(|f| rate!(f.stats.counters, req_rate)),
    column("req_rate_max", b"MMP", "Most requests in one second").f(|f| rate!(max f.stats.counters, req_rate)),
    counter!("req_tot", "Requests since the start", c => c.req_tot.get(), f hb hs),
    counter!("cli_abrt", "Exchanges that the client broke off", c => c.cli_abrt.get(), b s),
    counter!("srv_abrt", "Exchanges that the server broke off", c => c.srv_abrt.get(), b s),
    column("comp_in", b"MCP", "Bytes given to compression"),
    column("comp_out", b"MCP", "Bytes that compression made of them"),
    column("comp_byp", b"MCP", "Bytes that bypassed compression"),
    column("comp_rsp", b"MCP", "Compressed responses"),
    column("lastsess", b"MAP", "Seconds since the last session; -1 for none")
        .b(|b| age(&b.stats.last_session)).s(|_, s| age(&s.last_session)),
    column("last_chk", b"MOP", "Text of the last health check").s(|_, s| active(s.check.as_deref(), |_, last| info(last))),
    column("last_agt", b"MOP", "Text of the last agent check").s(|_, s| active(s.agent.as_deref(), |_, last| info(last))),
    time!("qtime", "Mean time in the queue, in milliseconds, over the last 512 requests", 0),
    time!("ctime", "Mean time to connect, in milliseconds, over the last 512 requests", 1),
    time!("rtime", "Mean time to the response, in milliseconds, over the last 512 requests", 2),
    time!("ttime", "Mean time of an exchange, in milliseconds, over the last 512 requests", 3),
    column("agent_status", b"MOP", "Result of the last agent check").s(|_, s| result(s.agent.as_deref())),
    column("agent_code", b"MGP", "Unused").s(|_, s| code(s.agent.as_deref())),
    column("agent_duration", b"MGP", "Milliseconds that the last agent check took")
        .s(|_, s| active(s.agent.as_deref(), |_, last| duration(last))),
    column("check_desc", b"MOP", "What the result of the last health check means")
        .s(|_, s| active(s.check.as_deref(), |_, last| Value::Str(last.report.status.text().into()))),
    column("agent_desc", b"MOP", "What the result of the last agent check means")
        .s(|_, s| active(s.agent.as_deref(), |_, last| Value::Str(last.report.status.text().into()))),
    column("check_rise", b"CGS", "Good health checks that turn it up")
        .s(|_, s| active(s.check.as_deref(), |_, last| Value::U32(last.health.rise()))),
    column("check_fall", b"CGS", "Bad health checks that turn it down")
        .s(|_, s| active(s.check.as_deref(), |_, last| Value::U32(last.health.fall()))),
    column("check_health", b"MGP", "Count of the health checks between 0 and rise + fall - 1")
        .s(|_, s| active(s.check.as_deref(), |_, last| Value::U32(last.health.value()))),
    column("agent_rise", b"CGS", "Good agent checks that turn it up")
        .s(|_, s| active(s.agent.as_deref(), |_, last| Value::U32(last.health.rise()))),
    column("agent_fall", b"CGS", "Bad agent checks that turn it down")
        .s(|_, s| active(s.agent.as_deref(), |_, last| Value::U32(last.health.fall()))),
    column("agent_health", b"MGP", "Count of the agent checks between 0 and rise + fall - 1")
        .s(|_, s| active(s.agent.as_deref(), |_, last| Value::U32(last.health.value()))),
    column("addr", b"CGS", "Address and port").s(|_, s| address(s)).private(),
    column("cookie", b"CNS", "The server's cookie, or the name of the backend's")
        .b(|b| b.cookie.as_ref().map_or(Value::None, |cookie| text(&cookie.name)))
        .s(|_, s| s.config.cookie.as_deref().map_or(Value::None, text)).private(),
    column("mode", b"CGS", "tcp or http").f(|f| mode(f.mode)).b(|b| mode(b.mode)).s(|b, _| mode(b.mode)),
    column("algo", b"CGS", "Balancing algorithm").b(|b| Value::Str(b.balance.name().into())).private(),
    column("conn_rate", b"MRP", "Connections over the last second").f(|f| rate!(f.stats.counters, conn_rate)),
    column("conn_rate_max", b"MMP", "Most connections in one second").f(|f| rate!(max f.stats.counters, conn_rate)),
    counter!("conn_tot", "Connections since the start", c => c.conn_tot.get(), f),
    counter!("intercepted", "Requests that the proxy answered itself", c => c.intercepted.get(), hf),
    counter!("dcon", "Connections denied by rules", c => c.dcon.get(), f),
    counter!("dses", "Sessions denied by rules", c => c.dses.get(), f),
    counter!("wrew", "Headers that could not be rewritten", c => c.wrew.get(), f b s),
    counter!("connect", "Connections to servers tried", c => c.connect.get(), b s),
    counter!("reuse", "Requests on connections that were there already", c => c.reuse.get(), b s),
    column("cache_lookups", b"MCP", "Look-ups in the cache"),
    column("cache_hits", b"MCP", "Responses from the cache"),
    column("srv_icur", b"MGP", "Idle connections kept").s(|_, s| Value::U32(s.idle.load(Relaxed))),
    column("src_ilim", b"CLP", "Limit of idle connections kept")
        .s(|_, s| s.config.pool_max_conn.filter(|limit| *limit >= 0).map_or(Value::None, |limit| Value::u32(limit.unsigned_abs()))),
    time!(max "qtime_max", "Longest time in the queue, in milliseconds", 0),
    time!(max "ctime_max", "Longest time to connect, in milliseconds", 1),
    time!(max "rtime_max", "Longest time to the response, in milliseconds", 2),
    time!(max "ttime_max", "Longest exchange, in milliseconds", 3),
    counter!("eint", "Internal errors", c => c.eint.get(), f b s),
    column("idle_conn_cur", b"MGP", "Idle connections that are not known to be safe"),
    column("safe_conn_cur", b"MGP", "Idle connections that are known to be safe"),
    column("used_conn_cur", b"MGP", "Connections in use"),
    column("need_conn_est", b"MGP", "Estimate of connections needed"),
    column("uweight", b"MaP", "Weight as set, before slow start")
        .b(|b| Value::U32(b.balance.in_use(&b.servers.load()).2)).s(|_, s| Value::U32(s.weight.load(Relaxed))),
    column("agg_server_status", b"MGP", "Servers by state, for Prometheus"),
    column("agg_server_check_status", b"MGP", "Servers by state, for Prometheus; deprecated"),
    column("agg_check_status", b"MGP", "Servers by result of the last health check, for Prometheus"),
    column("srid", b"MGP", "Revision of the server's configuration"),
    column("sess_other", b"MCP", "Sessions of any other protocol"),
    column("h1sess", b"MCP", "Sessions of HTTP/1"),
    column("h2sess", b"MCP", "Sessions of HTTP/2"),
    column("h3sess", b"MCP", "Sessions of HTTP/3"),
    column("req_other", b"MCP", "Requests of any other protocol"),
    column("h1req", b"MCP", "Requests of HTTP/1"),
    column("h2req", b"MCP", "Requests of HTTP/2"),
    column("h3req", b"MCP", "Requests of HTTP/3"),
    column("proto", b"CNS", "Protocol"),
    column("priv_idle_cur", b"MGP", "Idle connections bound to one session"),
    column("reqbin", b"MCP", "Bytes of requests received"),
    column("reqbout", b"MCP", "Bytes of requests sent"),
    column("resbin", b"MCP", "Bytes of responses received"),
    column("resbout", b"MCP", "Bytes of responses sent"),
    column("cache_hint_hits", b"MCP", "Hints of the cache used"),
    column("-", b"MGP", "Separates the columns of modules from those of the core")
        .f(|_| Value::Str("-".into())).b(|_| Value::Str("-".into())).s(|_, _| Value::Str("-".into())),
    column("h2_headers_rcvd", b"MCP", "HTTP/2 HEADERS frames received"),
    column("h2_data_rcvd", b"MCP", "HTTP/2 DATA frames received"),
    column("h2_settings_rcvd", b"MCP", "HTTP/2 SETTINGS frames received"),
    column("h2_rst_stream_rcvd", b"MCP", "HTTP/2 RST_STREAM frames received"),
    column("h2_goaway_rcvd", b"MCP", "HTTP/2 GOAWAY frames received"),
    column("h2_detected_conn_protocol_errors", b"MCP", "HTTP/2 connections with errors of protocol"),
    column("h2_detected_strm_protocol_errors", b"MCP", "HTTP/2 streams with errors of protocol"),
    column("h2_rst_stream_resp", b"MCP", "HTTP/2 RST_STREAM frames sent for errors"),
    column("h2_goaway_resp", b"MCP", "HTTP/2 GOAWAY frames sent for errors"),
    column("h2_open_connections", b"MGP", "HTTP/2 connections now"),
    column("h2_backend_open_streams", b"MGP", "HTTP/2 streams to servers now"),
    column("h2_total_connections", b"MCP", "HTTP/2 connections since the start"),
    column("h2_backend_total_streams", b"MCP", "HTTP/2 streams to servers since the start"),
    column("h1_open_connections", b"MGP", "HTTP/1 connections now"),
    column("h1_open_streams", b"MGP", "HTTP/1 exchanges now"),
    column("h1_total_connections", b"MCP", "HTTP/1 connections since the start"),
    column("h1_total_streams", b"MCP", "HTTP/1 exchanges since the start"),
    column("h1_bytes_in", b"MCP", "Bytes received over HTTP/1"),
    column("h1_bytes_out", b"MCP", "Bytes sent over HTTP/1"),
    column("h1_spliced_bytes_in", b"MCP", "Bytes received over HTTP/1 through pipes"),
    column("h1_spliced_bytes_out", b"MCP", "Bytes sent over HTTP/1 through pipes"),
];
