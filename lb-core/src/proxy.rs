//! Compiled proxies, and the numbers that outlive a plan.

mod backends;
mod captured;
mod counters;
mod listener;

pub use backends::{Backends, Roster};
pub use captured::{Capture, Captured};
pub use counters::{ProxyCounters, ProxyStats, Rate};
pub use listener::Listener;

use crate::acl::Condition;
use crate::balance::Balance;
use crate::check::{Announcer, Watch};
use crate::engine::Limit;
use crate::exchange::Exchange;
use crate::http::HeaderKey;
use crate::listen::Gate;
use crate::log::{Format, Logger};
use crate::net::{Io, Probes};
use crate::rdp;
use crate::rule::{Replies, Ruleset};
use crate::server::{Farm, Lineup, Server, ServerAddress};
use crate::stats::page::Page;
use arc_swap::ArcSwap;
use haproxy_cfg_parser::model::{self, UnusualNames};
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

/// A compiled frontend.
#[derive(Debug)]
pub struct Frontend {
    /// Its name.
    pub name: String,
    /// `description`.
    pub description: Option<String>,
    /// Its id (`iid`).
    pub id: u32,
    /// `mode`.
    pub mode: model::Mode,
    /// Connections now, and `maxconn` (default: the process's).
    pub connections: Arc<Limit>,
    /// Whether it accepts connections.
    pub gate: Arc<Gate>,
    /// `maxconn` as the file has it.
    pub maxconn: u32,
    /// `rate-limit sessions`; 0: none.
    pub rate_limit: u32,
    /// Timeouts.
    pub timeouts: model::Timeouts,
    /// `option idle-close-on-response`: a soft stop lets idle connections be, until their next answer or their time-out.
    pub keeps_idle: bool,
    /// Probes on silent clients, if any.
    pub probes: Option<Probes>,
    /// `option` switches.
    pub options: model::Options,
    /// `option forwardfor` prepared.
    pub forwardfor: Option<ForwardFor>,
    /// `option originalto` prepared.
    pub originalto: Option<ForwardFor>,
    /// Rules.
    pub rules: Rules,
    /// `tcp-request inspect-delay`.
    pub inspect_delay: Option<Duration>,
    /// Some expression asks the kernel about clients' connections (`fc_rtt` and its like).
    pub asks_kernel: bool,
    /// Content rules or what follows them read HTTP in `mode tcp`.
    pub reads_http: bool,
    /// `use_backend` rules in order.
    pub switching: Vec<Switch>,
    /// All backends by name, for computed `use_backend` rules. Set once when the plan is whole.
    pub backends: OnceLock<Arc<Backends>>,
    /// `default_backend`; for a `listen` section, itself. Set once when the plan is whole.
    pub default_backend: OnceLock<Arc<Backend>>,
    /// Where logs go, and how they look.
    pub log: Logging,
    /// `errorfile`, `errorloc`.
    pub replies: Arc<Replies>,
    /// `monitor-uri`.
    pub monitor_uri: Option<Vec<u8>>,
    /// `monitor fail`: any that holds makes the monitor answer 503.
    pub monitor_fail: Vec<Condition>,
    /// `stats ...`: its statistics page.
    pub page: Option<Arc<Page>>,
    /// `capture request header`, plus `declare capture request`: name (none for declared), length.
    pub request_captures: Vec<(Option<HeaderKey>, usize)>,
    /// `capture response header`, plus `declare capture response`.
    pub response_captures: Vec<(Option<HeaderKey>, usize)>,
    /// `capture cookie`: name and length.
    pub cookie_capture: Option<(Vec<u8>, usize)>,
    /// `unique-id-format` and `unique-id-header`.
    pub unique_id: Option<(Format, Option<HeaderKey>)>,
    /// Numbers.
    pub stats: Arc<ProxyStats>,
    /// Its listeners, which hold it.
    pub listeners: Vec<Weak<Listener>>,
}

/// A compiled backend.
#[derive(Debug)]
pub struct Backend {
    /// Rules may choose it; else they pass it over. It outlives plans.
    pub published: Arc<AtomicBool>,
    /// Its name.
    pub name: String,
    /// `description`.
    pub description: Option<String>,
    /// Its id (`iid`).
    pub id: u32,
    /// What a command made it of; none: it stands in the file.
    pub section: Option<Arc<model::Proxy>>,
    /// `mode`.
    pub mode: model::Mode,
    /// Timeouts.
    pub timeouts: model::Timeouts,
    /// Probes on silent servers, if any.
    pub probes: Option<Probes>,
    /// `option` switches.
    pub options: model::Options,
    /// `option forwardfor` prepared.
    pub forwardfor: Option<ForwardFor>,
    /// `option originalto` prepared.
    pub originalto: Option<ForwardFor>,
    /// Rules.
    pub rules: Rules,
    /// `stats ...`: its statistics page; of a `listen` section the frontend has it.
    pub page: Option<Arc<Page>>,
    /// `tcp-request inspect-delay`.
    pub inspect_delay: Option<Duration>,
    /// `tcp-response inspect-delay`.
    pub response_delay: Option<Duration>,
    /// Content rules or what follows them read HTTP in `mode tcp`.
    pub reads_http: bool,
    /// `persist rdp-cookie`: the name of the cookie that names a server.
    pub rdp_cookie: Option<Vec<u8>>,
    /// `use-server` rules in order.
    pub use_server: Vec<UseServer>,
    /// Its servers in file order, behind them those that commands have added.
    pub servers: Arc<Lineup>,
    /// The checks of its servers.
    pub watches: ArcSwap<Vec<Arc<Watch>>>,
    /// A number that stands for what its section says about checks.
    pub checks: u64,
    /// Who tells about its servers.
    pub announcer: Arc<Announcer>,
    /// What its servers share: its load and its queues.
    pub farm: Arc<Farm>,
    /// The algorithm, with its state and the queue of the backend.
    pub balance: Balance,
    /// `retries`.
    pub retries: u32,
    /// `retry-on`, as flags.
    pub retry_on: RetryOn,
    /// `cookie`.
    pub cookie: Option<model::Cookie>,
    /// `http-reuse`.
    pub http_reuse: model::HttpReuse,
    /// `fullconn`.
    pub fullconn: u32,
    /// `errorfile`, `errorloc`.
    pub replies: Arc<Replies>,
    /// Where changes of its servers are logged; none: nowhere.
    pub logger: Option<Arc<Logger>>,
    /// Numbers.
    pub stats: Arc<ProxyStats>,
}

impl Frontend {
    /// The backend that the first `use_backend` rule which holds names, else the default.
    pub fn switch(&self, exchange: &Exchange) -> Option<Arc<Backend>> {
        for switch in &self.switching {
            if switch.condition.as_ref().is_some_and(|condition| !condition.holds(exchange)) {
                continue;
            }
            match &switch.target {
                SwitchTarget::Fixed(backend, _) => match backend.get() {
                    Some(backend) if !backend.is_published() => continue,
                    backend => return backend.cloned(),
                },
                SwitchTarget::Computed(format) => {
                    let name = format.text(exchange);
                    let name = String::from_utf8_lossy(&name);
                    match self.backends.get().and_then(|all| all.find(&name)) {
                        Some(backend) if !backend.is_published() => continue,
                        Some(backend) => return Some(backend),
                        None => break,
                    }
                }
            }
        }
        self.default_backend.get().filter(|backend| backend.is_published()).cloned()
    }
}

impl Backend {
    /// Rules may choose it (`unpublish backend`).
    #[inline]
    pub fn is_published(&self) -> bool {
        self.published.load(Ordering::Relaxed)
    }

    /// The server of the first `use-server` rule that holds.
    pub fn ruled_server(&self, exchange: &Exchange) -> Option<Arc<Server>> {
        for UseServer { condition, target } in &self.use_server {
            if condition.as_ref().is_some_and(|condition| !condition.holds(exchange)) {
                continue;
            }
            let server = match target {
                Ok(server) => Some(Arc::clone(server)),
                Err(format) => {
                    let name = format.text(exchange);
                    self.servers.load().iter().find(|server| server.name.as_bytes() == name).cloned()
                }
            };
            return server.filter(|server| server.up() || self.options.persist);
        }
        None
    }

    /// The server that the client's RDP cookie names.
    pub fn rdp_server(&self, exchange: &Exchange) -> Option<Arc<Server>> {
        let name = self.rdp_cookie.as_ref()?;
        let rdp::Cookie::Found(value) = rdp::cookie(exchange.peeked.as_ref()?.request.filled(), name) else {
            return None;
        };
        let address = ServerAddress::Inet(rdp::server(value)?);
        let servers = self.servers.load();
        let server = servers.iter().find(|server| server.address() == address);
        server.filter(|server| server.up() || self.options.persist).cloned()
    }
}

/// Counts an exchange among its backend's sessions for as long as it lives.
#[derive(Debug)]
pub struct InBackend(Arc<Backend>);

impl InBackend {
    /// Counts one more.
    pub fn new(backend: Arc<Backend>) -> Self {
        let now = backend.stats.current.fetch_add(1, Ordering::Relaxed) + 1;
        if now > backend.stats.current_max.load(Ordering::Relaxed) {
            backend.stats.current_max.fetch_max(now, Ordering::Relaxed);
        }
        Self(backend)
    }
}

impl Drop for InBackend {
    fn drop(&mut self) {
        self.0.stats.current.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Rulesets of a proxy.
#[derive(Debug, Default)]
#[allow(missing_docs)] // each is the keyword of that name
pub struct Rules {
    pub tcp_request_connection: Ruleset,
    pub tcp_request_session: Ruleset,
    pub tcp_request_content: Ruleset,
    pub tcp_response_content: Ruleset,
    pub http_request: Ruleset,
    /// `option http-restrict-req-hdr-names`, after the `http-request` rules.
    pub unusual_names: UnusualNames,
    pub redirect: Ruleset,
    pub http_response: Ruleset,
    pub http_after_response: Ruleset,
}

/// `use_backend`.
#[derive(Debug)]
pub struct Switch {
    /// When.
    pub condition: Option<Condition>,
    /// Which.
    pub target: SwitchTarget,
}

/// What a `use_backend` rule names.
#[derive(Debug)]
pub enum SwitchTarget {
    /// A backend, set once when the plan is whole.
    Fixed(OnceLock<Arc<Backend>>, String),
    /// Computed for each request; a name that does not exist falls through to the default.
    Computed(Format),
}

/// `use-server`.
#[derive(Debug)]
pub struct UseServer {
    /// When.
    pub condition: Option<Condition>,
    /// The server, or a computed name.
    pub target: Result<Arc<Server>, Format>,
}

/// `option forwardfor` or `option originalto`, prepared.
#[derive(Clone, Debug)]
pub struct ForwardFor {
    /// `header`.
    pub header: HeaderKey,
    /// `except`.
    pub except: Vec<(IpAddr, u8)>,
    /// `if-none`.
    pub if_none: bool,
}

/// `retry-on` as flags.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)] // each is the condition of that name
pub struct RetryOn {
    pub conn_failure: bool,
    pub empty_response: bool,
    pub junk_response: bool,
    pub response_timeout: bool,
    pub zero_rtt_rejected: bool,
    /// Status codes.
    pub statuses: Vec<u16>,
}

impl RetryOn {
    /// Asks for more than a second attempt to connect: requests must be kept to be sent again.
    pub fn needs_request(&self) -> bool {
        self.empty_response || self.junk_response || self.response_timeout || !self.statuses.is_empty()
    }
}

/// Where a frontend's logs go, and how they look.
#[derive(Debug, Default)]
pub struct Logging {
    /// The targets; none: nothing is logged.
    pub logger: Option<Arc<Logger>>,
    /// The format of a finished exchange.
    pub format: Option<Format>,
    /// The format, or an expression somewhere, names the address from which the server is connected to (`%bi`, `%bp`,
    /// `bc_src`), which costs a system call.
    pub asks_near: bool,
    /// An expression names the other one (`bc_dst`), which costs another.
    pub asks_far: bool,
    /// The format asks for nothing that only the end can tell: the line is written when the server is connected, as
    /// HAProxy does in `mode tcp`.
    pub early: bool,
    /// The start of the line of a connection that became no session.
    pub refusal: Option<Format>,
    /// `error-log-format`.
    pub error_format: Option<Format>,
    /// Lines logged so far (`%lc`).
    pub lines: AtomicU32,
}

impl Logging {
    /// The addresses of a server's connection that somebody asks for, this side's first.
    #[inline]
    pub(crate) fn ends_of(&self, io: &Io) -> (Option<SocketAddr>, Option<SocketAddr>) {
        let near = if self.asks_near { io.near() } else { None };
        let far = if self.asks_far { io.far() } else { None };
        (near, far)
    }
}

impl Logging {
    /// Lines logged before this one (`%lc`).
    pub fn count(&self) -> u32 {
        self.lines.load(Ordering::Relaxed)
    }
}

/// Durations as whole milliseconds.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
