//! Health checks of a proxy and of its servers (manual 4.2 "http-check", "tcp-check", 5.2 "check").

use super::{Action, Address, Expr, LogFormat, Place};
use std::time::Duration;

/// Which kind of check a section asks for; the last option of its lines counts.
#[derive(Clone, Debug, Default)]
pub enum CheckKind {
    /// None of the options: a connection is enough.
    #[default]
    Connect,
    /// `option tcp-check`.
    Tcp,
    /// `option httpchk`, with the request that its line gives; none: an `http-check send` has taken it up, or the section
    /// has rules of its own and the option is its defaults'.
    Http(Option<Box<CheckRequest>>),
    /// `option ssl-hello-chk`.
    SslHello,
    /// `option smtpchk`, with the greeting.
    Smtp(String),
    /// `option ldap-check`.
    Ldap,
    /// `option mysql-check`, with the user, and true for `pre-41`.
    MySql(Option<(String, bool)>),
    /// `option pgsql-check`, with the user.
    PgSql(String),
    /// `option redis-check`.
    Redis,
    /// `option spop-check`.
    Spop,
    /// `option external-check`.
    External,
}

/// What a section says about health checks.
#[derive(Clone, Debug, Default)]
pub struct Checks {
    /// The kind.
    pub kind: CheckKind,
    /// `http-check` rules in order, `comment` lines included.
    pub http: Vec<CheckStep>,
    /// `tcp-check` rules in order, `comment` lines included.
    pub tcp: Vec<CheckStep>,
    /// `http-check disable-on-404`.
    pub disable_on_404: bool,
    /// `http-check send-state`.
    pub send_state: bool,
    /// `option log-health-checks`.
    pub log: bool,
    /// `external-check command`.
    pub command: Option<String>,
    /// `external-check path`.
    pub path: Option<String>,
}

/// A line of a scripted check.
#[derive(Clone, Debug)]
pub struct CheckStep {
    /// What to do.
    pub action: CheckAction,
    /// `comment` on the line.
    pub comment: Option<String>,
    /// Where.
    pub place: Place,
}

/// What a line of a scripted check does.
#[derive(Clone, Debug)]
pub enum CheckAction {
    /// `comment`: a text for the lines that follow.
    Comment(String),
    /// `connect`.
    Connect(Box<CheckConnect>),
    /// `send`, `send-binary`: these bytes.
    Send(Vec<u8>),
    /// `send-lf`, `send-binary-lf`: a format; true for hexadecimal digits.
    SendFormat(LogFormat, bool),
    /// `http-check send`.
    Request(Box<CheckRequest>),
    /// `expect`.
    Expect(Box<CheckExpect>),
    /// `set-var`, `set-var-fmt`, `unset-var`.
    Variable(Action),
}

/// `connect` of a scripted check.
#[derive(Clone, Debug, Default)]
pub struct CheckConnect {
    /// `default`: as the server's line has it.
    pub default: bool,
    /// `addr`.
    pub address: Option<Address>,
    /// `port`, a number.
    pub port: Option<u16>,
    /// `port`, an expression.
    pub port_expr: Option<Expr>,
    /// `send-proxy`.
    pub send_proxy: bool,
    /// `via-socks4`.
    pub via_socks4: bool,
    /// `linger`: closes cleanly.
    pub linger: bool,
    /// `ssl`.
    pub ssl: bool,
    /// `sni`.
    pub sni: Option<String>,
    /// `alpn`.
    pub alpn: Option<String>,
    /// `proto`.
    pub proto: Option<String>,
}

/// A request of a scripted check; what is not set keeps its default.
#[derive(Clone, Debug, Default)]
pub struct CheckRequest {
    /// `meth`; default `OPTIONS`.
    pub method: Option<String>,
    /// `uri` or `uri-lf`; default `/`.
    pub uri: Option<CheckText>,
    /// `ver`; default `HTTP/1.0`.
    pub version: Option<String>,
    /// `hdr`.
    pub headers: Vec<(String, LogFormat)>,
    /// `body` or `body-lf`.
    pub body: Option<CheckText>,
}

impl CheckRequest {
    /// Takes over what `other` says.
    pub(crate) fn overwrite(&mut self, other: Self) {
        let Self { method, uri, version, headers, body } = other;
        self.method = method.or(self.method.take());
        self.uri = uri.or(self.uri.take());
        self.version = version.or(self.version.take());
        self.body = body.or(self.body.take());
        if !headers.is_empty() {
            self.headers = headers;
        }
    }
}

/// A text, or a format that makes one.
#[derive(Clone, Debug)]
pub enum CheckText {
    /// As written.
    Plain(String),
    /// A log format.
    Format(LogFormat),
}

/// `expect` of a scripted check.
#[derive(Clone, Debug)]
pub struct CheckExpect {
    /// `!`.
    pub inverse: bool,
    /// What is looked for.
    pub pattern: CheckPattern,
    /// `min-recv`.
    pub min_recv: Option<u32>,
    /// `ok-status`: `L7OK`, `L7OKC`, `L6OK`, `L4OK`.
    pub ok_status: Option<&'static str>,
    /// `error-status`: `L7OKC`, `L7RSP`, `L7STS`, `L6RSP`, `L4CON`.
    pub error_status: Option<&'static str>,
    /// `tout-status`: `L7TOUT`, `L6TOUT`, `L4TOUT`.
    pub timeout_status: Option<&'static str>,
    /// `on-success`.
    pub on_success: Option<LogFormat>,
    /// `on-error`.
    pub on_error: Option<LogFormat>,
    /// `status-code`.
    pub status_code: Option<Expr>,
}

/// What an answer is looked through for.
#[derive(Clone, Debug)]
pub enum CheckPattern {
    /// `string`: in the answer, or in its body.
    Text(String),
    /// `rstring`.
    Regex(String),
    /// `string-lf`.
    Format(LogFormat),
    /// `binary`.
    Binary(Vec<u8>),
    /// `rbinary`: in the answer's hexadecimal digits.
    BinaryRegex(String),
    /// `binary-lf`.
    BinaryFormat(LogFormat),
    /// `status`: ranges of codes.
    Status(Vec<(u16, u16)>),
    /// `rstatus`.
    StatusRegex(String),
    /// `hdr`, and `fhdr` with true.
    Header {
        /// `fhdr`: the whole value is one.
        full: bool,
        /// `name`.
        name: CheckMatch,
        /// `value`.
        value: Option<CheckMatch>,
    },
}

/// A pattern with its matching method (`-m`).
#[derive(Clone, Debug)]
pub struct CheckMatch {
    /// `str`, `beg`, `end`, `sub`, `reg`.
    pub method: &'static str,
    /// What it is compared with.
    pub text: CheckText,
}

/// Check options of a server.
#[derive(Clone, Debug, Default)]
pub struct CheckOptions {
    /// `check`.
    pub enabled: bool,
    /// `inter`.
    pub inter: Option<Duration>,
    /// `fastinter`.
    pub fastinter: Option<Duration>,
    /// `downinter`.
    pub downinter: Option<Duration>,
    /// `rise`.
    pub rise: Option<u32>,
    /// `fall`.
    pub fall: Option<u32>,
    /// `port`.
    pub port: Option<u16>,
    /// `addr`.
    pub addr: Option<Address>,
    /// `track BACKEND/SERVER`.
    pub track: Option<String>,
    /// `observe`.
    pub observe: Option<Observe>,
    /// `error-limit`.
    pub error_limit: Option<u32>,
    /// `on-error`.
    pub on_error: Option<OnError>,
    /// `on-marked-down shutdown-sessions`.
    pub shutdown_sessions: bool,
    /// `on-marked-up shutdown-backup-sessions`.
    pub shutdown_backup_sessions: bool,
    /// `init-state`.
    pub initial: InitState,
    /// `agent-check` and its parameters.
    pub agent: AgentOptions,
}

/// `agent-check` and its parameters.
#[derive(Clone, Debug, Default)]
pub struct AgentOptions {
    /// `agent-check`.
    pub enabled: bool,
    /// `agent-addr`.
    pub addr: Option<Address>,
    /// `agent-port`.
    pub port: Option<u16>,
    /// `agent-inter`.
    pub inter: Option<Duration>,
    /// `agent-send`.
    pub send: Option<String>,
}

/// What of the traffic is watched for errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observe {
    /// `layer4`: connections.
    Layer4,
    /// `layer7`: responses.
    Layer7,
}

/// What is thought of a server before its first check (manual 5.2 "init-state").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InitState {
    /// Up, until `fall` checks in a row fail.
    FullyUp,
    /// Up, until one fails.
    #[default]
    Up,
    /// Down, until one passes.
    Down,
    /// Down, until `rise` checks in a row pass.
    FullyDown,
}

/// What too many errors in a row lead to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// `fastinter`.
    FastInter,
    /// `fail-check`, the default.
    #[default]
    FailCheck,
    /// `sudden-death`.
    SuddenDeath,
    /// `mark-down`.
    MarkDown,
}

/// A `mailers` section (manual 3.6).
#[derive(Clone, Debug, Default)]
pub struct Mailers {
    /// Its name.
    pub name: String,
    /// `timeout mail`, default 10 s.
    pub timeout: Option<Duration>,
    /// `mailer` lines: name, address, place.
    pub servers: Vec<(String, Address, Place)>,
    /// Where it starts.
    pub place: Place,
}

/// `email-alert` lines of a proxy.
#[derive(Clone, Debug, Default)]
pub struct EmailAlert {
    /// `mailers`, with its place.
    pub mailers: Option<(String, Place)>,
    /// `from`.
    pub from: Option<String>,
    /// `to`.
    pub to: Option<String>,
    /// `myhostname`; default the host's.
    pub myhostname: Option<String>,
    /// `level`, 0 (emerg) to 7 (debug); default alert.
    pub level: Option<u8>,
}
