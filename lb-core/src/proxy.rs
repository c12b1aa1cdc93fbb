//! Compiled proxies, and the numbers that outlive a plan.

use crate::acl::Condition;
use crate::balance::Balance;
use crate::check::{Announcer, Watch};
use crate::engine::Limit;
use crate::exchange::Exchange;
use crate::http::HeaderKey;
use crate::listen::{Gate, Permit};
use crate::log::{Format, Logger};
use crate::rdp;
use crate::rule::{Replies, Ruleset};
use crate::server::{Farm, Lineup, Server, ServerAddress};
use crate::stats::page::Page;
use crate::stats::prometheus::Latency;
use crate::thread::{Counter, PerThread};
use arc_swap::ArcSwap;
use haproxy_cfg_parser::model;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

/// Numbers of a proxy that each thread counts for itself. Names follow the statistics columns (management guide 9.1).
#[derive(Debug, Default)]
#[allow(missing_docs)] // each is the statistics column of that name
pub struct ProxyCounters {
    pub conn_tot: Counter,
    pub sess_tot: Counter,
    pub req_tot: Counter,
    pub bin: Counter,
    pub bout: Counter,
    pub dreq: Counter,
    pub dresp: Counter,
    pub ereq: Counter,
    pub econ: Counter,
    pub eresp: Counter,
    pub wretr: Counter,
    pub wredis: Counter,
    pub wrew: Counter,
    pub eint: Counter,
    pub cli_abrt: Counter,
    pub srv_abrt: Counter,
    pub dcon: Counter,
    pub dses: Counter,
    pub lbtot: Counter,
    pub intercepted: Counter,
    pub connect: Counter,
    pub reuse: Counter,
    /// Responses by class: 1xx to 5xx, then others.
    pub hrsp: [Counter; 6],
    /// Sums over the last 1024 requests, in milliseconds: queue, connect, response, total.
    pub times: [Counter; 4],
    /// Largest of each of the four times, in milliseconds.
    pub times_max: [Counter; 4],
    /// Histograms of times, once there is one.
    pub latency: OnceLock<Box<Latency>>,
    pub conn_rate: Rate,
    pub sess_rate: Rate,
    pub req_rate: Rate,
}

/// Events per second of one thread: HAProxy's two-slot sliding counter with a period of one second.
#[derive(Debug, Default)]
pub struct Rate {
    second: Counter,
    current: Counter,
    previous: Counter,
    max: Counter,
}

impl Rate {
    /// Counts `n` events at `millis` since the start of the process. Owner thread only.
    #[inline]
    pub fn add(&self, n: u64, millis: u64) {
        let second = millis / 1000;
        let known = self.second.get();
        if second != known {
            self.previous.set(if second == known + 1 { self.current.get() } else { 0 });
            self.current.set(0);
            self.second.set(second);
        }
        self.current.add(n);
        self.max.raise(self.current.get());
    }

    /// Events over the last second, as of `millis`.
    pub fn read(&self, millis: u64) -> u64 {
        let (second, part) = (millis / 1000, millis % 1000);
        let (current, previous) = match second.wrapping_sub(self.second.get()) {
            0 => (self.current.get(), self.previous.get()),
            1 => (0, self.current.get()),
            _ => (0, 0),
        };
        current + previous * (1000 - part) / 1000
    }

    /// Most events in one second.
    pub fn max(&self) -> u64 {
        self.max.get()
    }

    /// Forgets the maximum (`clear counters`).
    pub fn clear_max(&self) {
        self.max.set(0);
    }
}

/// Numbers of one side (frontend or backend) of a proxy; they outlive plans.
#[derive(Debug)]
pub struct ProxyStats {
    /// Per-thread counters.
    pub counters: PerThread<ProxyCounters>,
    /// Sessions now (`scur`).
    pub current: AtomicU32,
    /// Most sessions at once (`smax`).
    pub current_max: AtomicU32,
    /// Backends: requests waiting in the backend's own queue (`qcur`) ...
    pub queued: AtomicU32,
    /// ... and the most there were (`qmax`).
    pub queued_max: AtomicU32,
    /// Milliseconds since the start of the process of the last session (`lastsess`); 0: none yet.
    pub last_session: AtomicU64,
    /// Milliseconds since the start of the process of the last change of state (`lastchg`).
    pub changed: AtomicU64,
    /// How often the backend lost its last server (`chkdown`).
    pub downs: AtomicU64,
    /// Milliseconds that it had none, up to the last change.
    pub downtime: AtomicU64,
}

impl ProxyStats {
    /// All zero, for `threads` traffic threads.
    pub fn new(threads: usize) -> Self {
        Self {
            counters: PerThread::new(threads),
            current: AtomicU32::new(0),
            current_max: AtomicU32::new(0),
            queued: AtomicU32::new(0),
            queued_max: AtomicU32::new(0),
            last_session: AtomicU64::new(0),
            changed: AtomicU64::new(crate::clock::millis()),
            downs: AtomicU64::new(0),
            downtime: AtomicU64::new(0),
        }
    }
}

/// One `bind` address.
#[derive(Debug)]
pub struct Listener {
    /// `name`, else the number as HAProxy names it (`sock-1`).
    pub name: String,
    /// Its id within the frontend.
    pub id: u32,
    /// The address as logs and statistics print it.
    pub address: String,
    /// The bound port; 0 for none.
    pub port: u16,
    /// The address that every connection to it reaches; none: a wildcard, or no TCP.
    pub bound: Option<SocketAddr>,
    /// `accept-proxy`.
    pub accept_proxy: bool,
    /// A `stats socket` of that level; none: it feeds a frontend.
    pub level: Option<model::Level>,
    /// Connections now, and `maxconn` (0: none of its own).
    pub connections: Arc<Limit>,
    /// The frontend it feeds, once the plan is whole; none after a reload that gave its address to a successor.
    pub frontend: arc_swap::ArcSwapOption<Frontend>,
    /// After a reload, what accepts at its address now.
    pub successor: arc_swap::ArcSwapOption<Listener>,
    /// A reload has taken its address away: nothing more is accepted, and its idle connections end.
    pub retired: AtomicBool,
    /// Leave to listen; none: the address is always this node's.
    pub permit: Option<Permit>,
}

impl Listener {
    /// One that nothing reaches, for expressions that ask for one where there is no client.
    pub fn nowhere() -> Self {
        Self {
            name: String::new(),
            id: 0,
            address: String::new(),
            port: 0,
            bound: None,
            accept_proxy: false,
            level: None,
            connections: Arc::default(),
            frontend: Default::default(),
            successor: Default::default(),
            retired: Default::default(),
            permit: None,
        }
    }

    /// A reload has taken its address away.
    #[inline]
    pub fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Relaxed)
    }

    /// Looks at what [`Self::current`] gives, without a count that all threads share.
    pub fn look<T>(listener: &mut Arc<Self>, look: impl FnOnce(&Frontend) -> T) -> Option<T> {
        loop {
            if let Some(frontend) = &*listener.frontend.load() {
                return Some(look(frontend));
            }
            let next = listener.successor.load_full()?;
            *listener = next;
        }
    }

    /// The frontend that a connection's next request goes to; the connection moves on to the listener that has the
    /// address now. A reload may take the frontend away at any time: it is asked for once, never found and then fetched.
    pub fn current(listener: &mut Arc<Self>) -> Option<Arc<Frontend>> {
        loop {
            if let Some(frontend) = listener.frontend.load_full() {
                return Some(frontend);
            }
            *listener = listener.successor.load_full()?;
        }
    }
}

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
    /// Content rules or what follows them read HTTP in `mode tcp`.
    pub reads_http: bool,
    /// `use_backend` rules in order.
    pub switching: Vec<Switch>,
    /// All backends by name, for computed `use_backend` rules. Set once when the plan is whole.
    pub backends: OnceLock<Arc<HashMap<String, Arc<Backend>>>>,
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
    /// Its name.
    pub name: String,
    /// `description`.
    pub description: Option<String>,
    /// Its id (`iid`).
    pub id: u32,
    /// `mode`.
    pub mode: model::Mode,
    /// Timeouts.
    pub timeouts: model::Timeouts,
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
                SwitchTarget::Fixed(backend, _) => return backend.get().cloned(),
                SwitchTarget::Computed(format) => {
                    let name = format.text(exchange);
                    let name = String::from_utf8_lossy(&name);
                    if let Some(backend) = self.backends.get().and_then(|all| all.get(&*name)) {
                        return Some(Arc::clone(backend));
                    }
                    break;
                }
            }
        }
        self.default_backend.get().cloned()
    }
}

impl Backend {
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
    /// The format names this side's address of the server's connection (`%bi`, `%bp`), which costs a system call.
    pub server_address: bool,
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
    /// Lines logged before this one (`%lc`).
    pub fn count(&self) -> u32 {
        self.lines.load(Ordering::Relaxed)
    }
}

/// Durations as whole milliseconds.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
