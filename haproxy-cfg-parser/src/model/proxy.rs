//! `frontend`, `backend` and `listen` sections (manual 4), with their defaults applied.

use super::{
    Acl, Address, Balance, Bind, Checks, Cookie, EmailAlert, ErrorPage, HashType, HttpReuse, LogFormat,
    LogTarget, Place, Rule, ServerLine, Source, UseBackend, UseServer,
};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Which kind of section a proxy is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProxyKind {
    /// `frontend`.
    Frontend,
    /// `backend`.
    #[default]
    Backend,
    /// `listen`: both.
    Listen,
}

impl ProxyKind {
    /// The word that starts such a section.
    pub fn name(self) -> &'static str {
        match self {
            Self::Frontend => "frontend",
            Self::Backend => "backend",
            Self::Listen => "listen",
        }
    }
    /// It accepts connections.
    pub fn is_frontend(self) -> bool {
        self != Self::Backend
    }
    /// It has servers.
    pub fn is_backend(self) -> bool {
        self != Self::Frontend
    }
}

/// `mode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// `tcp`, the default.
    #[default]
    Tcp,
    /// `http`.
    Http,
    /// Any other mode that the language has (`log`, `spop`).
    Other(&'static str),
}

impl Mode {
    /// As `mode` lines write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Http => "http",
            Self::Other(name) => name,
        }
    }
}

/// A proxy section. `None` is "not set" unless said otherwise.
#[derive(Clone, Debug, Default)]
pub struct Proxy {
    /// Its kind.
    pub kind: ProxyKind,
    /// Its name.
    pub name: String,
    /// Where it starts.
    pub place: Place,
    /// `id`.
    pub id: Option<u32>,
    /// `description`.
    pub description: Option<String>,
    /// `disabled`.
    pub disabled: bool,
    /// `mode`.
    pub mode: Mode,
    /// `bind` lines.
    pub binds: Vec<Bind>,
    /// `server` and `server-template` lines, default-server applied.
    pub servers: Vec<Arc<ServerLine>>,
    /// `maxconn`.
    pub maxconn: Option<u64>,
    /// `fullconn`.
    pub fullconn: Option<u64>,
    /// `rate-limit sessions`.
    pub rate_limit_sessions: Option<u64>,
    /// `backlog`.
    pub backlog: Option<u32>,
    /// `timeout ...`.
    pub timeouts: Timeouts,
    /// `option ...` switches.
    pub options: Options,
    /// `balance`; none: the version's default.
    pub balance: Option<Balance>,
    /// `hash-type`.
    pub hash_type: Option<HashType>,
    /// `retries`.
    pub retries: Option<u32>,
    /// `retry-on` conditions as written; empty: `conn-failure`.
    pub retry_on: Vec<&'static str>,
    /// `cookie`.
    pub cookie: Option<Cookie>,
    /// `http-reuse`.
    pub http_reuse: Option<HttpReuse>,
    /// `acl` lines.
    pub acls: Vec<Acl>,
    /// `http-request` (older keywords such as `redirect` are read as these).
    pub http_request: Vec<Rule>,
    /// `http-response`.
    pub http_response: Vec<Rule>,
    /// `http-after-response`.
    pub http_after_response: Vec<Rule>,
    /// `tcp-request connection`.
    pub tcp_request_connection: Vec<Rule>,
    /// `tcp-request session`.
    pub tcp_request_session: Vec<Rule>,
    /// `tcp-request content`.
    pub tcp_request_content: Vec<Rule>,
    /// `tcp-response content`.
    pub tcp_response_content: Vec<Rule>,
    /// `tcp-request inspect-delay`.
    pub tcp_inspect_delay: Option<Duration>,
    /// `tcp-response inspect-delay`.
    pub tcp_response_delay: Option<Duration>,
    /// `redirect` lines; applied after `http-request` rules.
    pub redirects: Vec<Rule>,
    /// `use_backend`.
    pub use_backend: Vec<UseBackend>,
    /// `default_backend`.
    pub default_backend: Option<(String, Place)>,
    /// `use-server`.
    pub use_server: Vec<UseServer>,
    /// `log` lines.
    pub logs: Vec<LogTarget>,
    /// `log-tag`.
    pub log_tag: Option<String>,
    /// `log-format`, with its place.
    pub log_format: Option<(LogFormat, Place)>,
    /// `error-log-format`.
    pub error_log_format: Option<(LogFormat, Place)>,
    /// `log-format-sd`.
    pub log_format_sd: Option<(LogFormat, Place)>,
    /// `unique-id-format`.
    pub unique_id_format: Option<(LogFormat, Place)>,
    /// `unique-id-header`.
    pub unique_id_header: Option<String>,
    /// Slots of captured request headers in the order of their lines: `capture request header`, `declare capture request`
    /// and `http-request capture ... len`, those of the defaults section first.
    pub request_slots: Vec<CaptureSlot>,
    /// Slots of captured response headers.
    pub response_slots: Vec<CaptureSlot>,
    /// `capture cookie NAME len N`.
    pub capture_cookie: Option<Capture>,
    /// Its own error pages in the order of their lines; the last one for a status counts.
    pub error_pages: Vec<ErrorPage>,
    /// `monitor-uri`.
    pub monitor_uri: Option<String>,
    /// `monitor fail` conditions.
    pub monitor_fail: Vec<super::Condition>,
    /// `stats ...` of the section.
    pub stats: Option<StatsPage>,
    /// `source`.
    pub source: Option<Source>,
    /// Health checks.
    pub checks: Checks,
    /// `email-alert`.
    pub email_alert: EmailAlert,
    /// `compression`, `filter`, ... are recorded as uses only until the engine acts on them.
    pub dispatch: Option<Address>,
    /// `clitcpka-cnt`, `clitcpka-idle`, `clitcpka-intvl`.
    pub client_probes: TcpProbes,
    /// `srvtcpka-cnt`, `srvtcpka-idle`, `srvtcpka-intvl`.
    pub server_probes: TcpProbes,
    /// `load-server-state-from-file`.
    pub load_server_state: Option<String>,
    /// `bind-process`, `guid` and other words kept as written: keyword and arguments.
    pub others: Vec<(&'static str, Vec<String>, Place)>,
}

/// How silent connections are probed; none: as the system does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpProbes {
    /// Probes without an answer before the connection counts as broken.
    pub count: Option<u32>,
    /// Silence before the first.
    pub idle: Option<Duration>,
    /// Time between two.
    pub interval: Option<Duration>,
}

/// `timeout NAME VALUE`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timeouts {
    /// `timeout client`.
    pub client: Option<Duration>,
    /// `timeout client-fin`.
    pub client_fin: Option<Duration>,
    /// `timeout server`.
    pub server: Option<Duration>,
    /// `timeout server-fin`.
    pub server_fin: Option<Duration>,
    /// `timeout connect`.
    pub connect: Option<Duration>,
    /// `timeout queue`.
    pub queue: Option<Duration>,
    /// `timeout http-request`.
    pub http_request: Option<Duration>,
    /// `timeout http-keep-alive`.
    pub http_keep_alive: Option<Duration>,
    /// `timeout tunnel`.
    pub tunnel: Option<Duration>,
    /// `timeout tarpit`.
    pub tarpit: Option<Duration>,
    /// `timeout check`.
    pub check: Option<Duration>,
    /// `timeout client-hs`.
    pub client_hs: Option<Duration>,
}

/// How connections are kept (the last one set among the three wins).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeepAlive {
    /// `option http-keep-alive`, the default.
    #[default]
    KeepAlive,
    /// `option http-server-close`.
    ServerClose,
    /// `option httpclose`.
    Close,
}

/// `option` switches, and those with arguments.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Which of the three connection modes.
    pub keep_alive: KeepAlive,
    /// `option httplog`, inner true for `clf`.
    pub httplog: Option<bool>,
    /// `option tcplog`.
    pub tcplog: bool,
    /// `option httpslog`.
    pub httpslog: bool,
    /// `option dontlognull`.
    pub dontlognull: bool,
    /// `option dontlog-normal`.
    pub dontlog_normal: bool,
    /// `option log-separate-errors`.
    pub log_separate_errors: bool,
    /// `option logasap`.
    pub logasap: bool,
    /// `option forwardfor`.
    pub forwardfor: Option<ForwardFor>,
    /// `option originalto`.
    pub originalto: Option<ForwardFor>,
    /// `option redispatch` and its interval (default -1: on the last retry).
    pub redispatch: Option<i32>,
    /// `option abortonclose`; none: not set (the default differs by version).
    pub abortonclose: Option<bool>,
    /// `option http-ignore-probes`.
    pub http_ignore_probes: bool,
    /// `option http-no-delay`.
    pub http_no_delay: bool,
    /// `option http-buffer-request`.
    pub http_buffer_request: bool,
    /// `option http-pretend-keepalive`.
    pub http_pretend_keepalive: bool,
    /// `option http-use-proxy-header`.
    pub http_use_proxy_header: bool,
    /// `option allbackups`.
    pub allbackups: bool,
    /// `option persist`.
    pub persist: bool,
    /// `option prefer-last-server`.
    pub prefer_last_server: bool,
    /// `option accept-invalid-http-request` (`accept-unsafe-violations-in-http-request`).
    pub accept_invalid_request: bool,
    /// `option accept-invalid-http-response`.
    pub accept_invalid_response: bool,
    /// `option h1-case-adjust-bogus-client`, `-server`.
    pub h1_case_adjust: (bool, bool),
    /// `option tcpka`, `clitcpka`, `srvtcpka`: client, server.
    pub tcpka: (bool, bool),
    /// `option nolinger`.
    pub nolinger: bool,
    /// `option splice-request`, `-response`, `-auto`.
    pub splice: (bool, bool, bool),
    /// `option http-restrict-req-hdr-names`.
    pub unusual_names: UnusualNames,
    /// `option tcp-smart-accept`, `-connect`, `contstats`, `checkcache`, `socket-stats`, `independent-streams`, `idle-close-on-response`, ...:
    /// names of further options that are on, with their arguments.
    pub others: Vec<(&'static str, Vec<String>)>,
}

/// What becomes of request headers whose names have other characters than letters, digits and hyphens
/// (`option http-restrict-req-hdr-names`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnusualNames {
    /// They go on to the server.
    #[default]
    Preserve,
    /// They are taken out.
    Delete,
    /// The request is refused with 403.
    Reject,
}

/// `option forwardfor` and `option originalto`.
#[derive(Clone, Debug)]
pub struct ForwardFor {
    /// `except` networks.
    pub except: Vec<(IpAddr, u8)>,
    /// `header`, default `X-Forwarded-For`.
    pub header: String,
    /// `if-none`.
    pub if_none: bool,
}

/// A captured header or cookie.
#[derive(Clone, Debug)]
pub struct Capture {
    /// Header or cookie name.
    pub name: String,
    /// How many bytes are kept.
    pub len: u32,
}

/// Room for one captured header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureSlot {
    /// The header; none: rules fill the slot.
    pub name: Option<String>,
    /// How many bytes are kept.
    pub len: u32,
}

/// `stats ...` lines of a proxy.
#[derive(Clone, Debug, Default)]
pub struct StatsPage {
    /// `stats uri`.
    pub uri: Option<String>,
    /// `stats realm`.
    pub realm: Option<String>,
    /// `stats auth user:password`.
    pub auth: Vec<(String, String)>,
    /// `stats refresh`.
    pub refresh: Option<Duration>,
    /// `stats hide-version`.
    pub hide_version: bool,
    /// `stats show-legends`.
    pub show_legends: bool,
    /// `stats show-node`, with its name.
    pub show_node: Option<Option<String>>,
    /// `stats show-desc`.
    pub show_desc: Option<Option<String>>,
    /// `stats show-modules`.
    pub show_modules: bool,
    /// `stats scope`.
    pub scope: Vec<String>,
    /// `stats admin` conditions.
    pub admin: Vec<super::Condition>,
    /// `stats http-request` rules.
    pub http_request: Vec<Rule>,
}
