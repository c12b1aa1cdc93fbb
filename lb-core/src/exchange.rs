//! One request and its response in flight, with all that rules, logs and statistics ask about it.
//!
//! An [`Exchange`] holds no socket: the exchange loop in [`crate::http`] drives it, rules and logs only read and
//! edit it, and so it is tested without any I/O.

use crate::http::{Request, Response};
use crate::net::Marking;
use crate::proxy::{Backend, Frontend, Listener, ProxyCounters, millis};
use crate::proxy_protocol::Header;
use crate::sample::{Sample, VarKey, Vars};
use crate::server::{Priority, Server, Severed};
use crate::tcp::Peeked;
use haproxy_cfg_parser::model::Place as RulePlace;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::oneshot;

/// The client's connection, as rules and logs see it. It outlives the exchanges on it.
#[derive(Debug)]
pub struct Session {
    /// The client's address, as a PROXY header or rules may have set it; none for a unix socket.
    pub src: Option<SocketAddr>,
    /// The address that it reached, likewise.
    pub dst: Option<SocketAddr>,
    /// Both as the connection itself has them, which only connection rules change (`fc_src`, `fc_dst`).
    pub ends: (Option<SocketAddr>, Option<SocketAddr>),
    /// Where it was accepted.
    pub listener: Arc<Listener>,
    /// Its socket, for those who ask the kernel about it; none where nobody does, and of a unix socket.
    pub socket: Weak<TcpStream>,
    /// When it was accepted, by the wall clock (logs) ...
    pub accepted_at: SystemTime,
    /// ... and by the steady clock (timers).
    pub accepted: Instant,
    /// Variables of scope `sess`.
    pub vars: Vars,
    /// Headers that rules say come first.
    pub expects: Expects,
    /// What a PROXY header said.
    pub proxied: Option<Box<Header>>,
    /// The rule that ended the connection's own rules.
    pub last_rule: Option<RulePlace>,
    /// How many requests it has carried, the present one included.
    pub requests: u64,
}

/// What a connection begins with, by its rules.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expects {
    /// A PROXY header (`tcp-request connection expect-proxy`).
    pub proxy: bool,
    /// NetScaler's header (`tcp-request connection expect-netscaler-cip`).
    pub netscaler: bool,
}

/// Memory of the moving average of times: HAProxy's `TIME_STATS_SAMPLES`.
const TIME_SAMPLES: u64 = 512;

/// Moments of an exchange; `None`: not reached. Logs print the differences (manual 8.4 "Timing events").
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// The wall clock when the exchange began: accept for the first on a connection, first byte for later ones.
    pub began_at: SystemTime,
    /// The same by the steady clock.
    pub began: Instant,
    /// Idle time before the first byte (`%Ti`).
    pub idle: Duration,
    /// The first byte of the request.
    pub first_byte: Instant,
    /// The request head is complete.
    pub request: Option<Instant>,
    /// Left the queue.
    pub dequeued: Option<Instant>,
    /// The server's connection is there.
    pub connected: Option<Instant>,
    /// The response head is complete.
    pub response: Option<Instant>,
}

impl Times {
    /// An exchange that begins now.
    pub fn begin(now: Instant, wall: SystemTime) -> Self {
        Self {
            began_at: wall,
            began: now,
            idle: Duration::ZERO,
            first_byte: now,
            request: None,
            dequeued: None,
            connected: None,
            response: None,
        }
    }

    /// Feeds the sliding sums of queue, connect, response and total time of one that ended at `now`, if a server was reached.
    pub(crate) fn average(&self, counters: &ProxyCounters, now: Instant) {
        let between = |from: Option<Instant>, to: Option<Instant>| match (from, to) {
            (Some(from), Some(to)) => millis(to.saturating_duration_since(from)),
            _ => 0,
        };
        let values = [
            between(self.request, self.dequeued),
            between(self.dequeued, self.connected),
            between(self.connected, self.response),
            millis(now.saturating_duration_since(self.first_byte)),
        ];
        counters.latency.get_or_init(Box::default).record(self, now);
        if self.connected.is_none() {
            return;
        }
        for (index, value) in values.into_iter().enumerate() {
            let sum = counters.times[index].get();
            counters.times[index].set(sum + value - sum.div_ceil(TIME_SAMPLES));
            counters.times_max[index].raise(value);
        }
    }
}

/// What rules set for one exchange (`set-timeout`, `set-retries`); none: the proxy's own.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)] // each is the timeout of that name
pub struct Limits {
    pub client: Option<Duration>,
    pub server: Option<Duration>,
    pub tunnel: Option<Duration>,
    pub connect: Option<Duration>,
    pub queue: Option<Duration>,
    pub tarpit: Option<Duration>,
    /// Connection attempts after the first.
    pub retries: Option<u32>,
}

/// First character of the termination state (manual 8.5): who ended the exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Cause {
    /// `-`: a normal end.
    #[default]
    Normal = b'-',
    /// `C`: the client aborted.
    Client = b'C',
    /// `S`: the server aborted or refused.
    Server = b'S',
    /// `P`: the proxy refused.
    Proxy = b'P',
    /// `L`: handled by the proxy itself.
    Local = b'L',
    /// `R`: a resource was exhausted.
    Resource = b'R',
    /// `I`: an internal error.
    Internal = b'I',
    /// `D`: the server was marked down.
    Down = b'D',
    /// `U`: sent to the backup's primary coming up.
    Up = b'U',
    /// `K`: killed by an operator.
    Killed = b'K',
    /// `c`: the client timed out.
    ClientTimeout = b'c',
    /// `s`: the server timed out.
    ServerTimeout = b's',
}

/// Second character of the termination state: in which phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// `-`: after the end of the data.
    #[default]
    Done = b'-',
    /// `R`: waiting for a valid request.
    Request = b'R',
    /// `Q`: in the queue.
    Queue = b'Q',
    /// `C`: connecting.
    Connect = b'C',
    /// `H`: waiting for response headers.
    Headers = b'H',
    /// `D`: transferring data.
    Data = b'D',
    /// `L`: sending the last data.
    Last = b'L',
    /// `T`: tarpitted.
    Tarpit = b'T',
}

/// The four characters of the termination state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Termination {
    /// Who.
    pub cause: Cause,
    /// When.
    pub phase: Phase,
    /// Persistence cookie of the request: `N I D V E O U -`.
    pub request_cookie: u8,
    /// What was done to the cookie in the response: `N I P R U D -`.
    pub response_cookie: u8,
}

impl Default for Termination {
    fn default() -> Self {
        Self { cause: Cause::Normal, phase: Phase::Done, request_cookie: b'-', response_cookie: b'-' }
    }
}

/// The address of a name that a rule has asked for.
#[derive(Debug)]
pub struct Lookup {
    /// Where it goes.
    pub variable: VarKey,
    /// The answer; it fails when there is none.
    pub address: oneshot::Receiver<IpAddr>,
}

impl Exchange {
    /// Waits for the address that a rule has asked for, and sets its variable. Without an address the variable stays
    /// as it is.
    pub async fn looked_up(&mut self) {
        let Some(lookup) = self.lookup.take() else { return };
        if let Ok(address) = lookup.address.await {
            self.set_var(lookup.variable, Some(Sample::Ip(address)));
        }
    }
}

/// One request and its response in flight.
#[derive(Debug)]
pub struct Exchange {
    /// The client's connection.
    pub session: Box<Session>,
    /// The request. Its arena is kept between exchanges.
    pub request: Request,
    /// The response; status 0 until there is one.
    pub response: Response,
    /// Body bytes of the request that have been read already (`option http-buffer-request`, `req.body`).
    pub request_body: Vec<u8>,
    /// The frontend.
    pub frontend: Arc<Frontend>,
    /// The backend, once chosen.
    pub backend: Option<Arc<Backend>>,
    /// The server, once chosen.
    pub server: Option<Arc<Server>>,
    /// What answers in a server's place, as logs name it (`<STATS>`).
    pub service: Option<&'static str>,
    /// Variables of the scopes txn, req and res.
    pub vars: Vars,
    /// Captured request headers by slot of the frontend (`capture request header`, `http-request capture`).
    pub request_captures: Vec<Option<Vec<u8>>>,
    /// Captured response headers by slot.
    pub response_captures: Vec<Option<Vec<u8>>>,
    /// Captured cookie of the request, `name=value`.
    pub request_cookie: Option<Vec<u8>>,
    /// Captured cookie of the response.
    pub response_cookie: Option<Vec<u8>>,
    /// Moments.
    pub times: Times,
    /// How it ended.
    pub termination: Termination,
    /// Bytes read from the client, head included (`%U`).
    pub bytes_in: u64,
    /// Bytes sent to the client, head included (`%B`).
    pub bytes_out: u64,
    /// Connection attempts after the first (`%rc`).
    pub retries: u32,
    /// The last attempt went to another server (`+` before `%rc`).
    pub redispatched: bool,
    /// Requests before it in the backend's queue (`%bq`) ...
    pub backend_queue: u32,
    /// ... and in the server's (`%sq`).
    pub server_queue: u32,
    /// Level set by `http-request set-log-level`; `Some(None)`: silent.
    pub log_level: Option<Option<u8>>,
    /// `http-request disable-l7-retry`: what `retry-on` allows is forbidden for this one.
    pub retry_forbidden: bool,
    /// Limits that rules have set.
    pub limits: Limits,
    /// A unique id once made (`unique-id-format`); see [`crate::log::unique_id`].
    pub unique_id: OnceLock<Vec<u8>>,
    /// Addresses of the connection to the server, this side's first (`%bi`, `bc_dst`), where somebody asks for them.
    pub server_ends: (Option<SocketAddr>, Option<SocketAddr>),
    /// How early its turn comes in queues.
    pub priority: Priority,
    /// An address that a rule waits for (`do-resolve`).
    pub lookup: Option<Box<Lookup>>,
    /// Source address set by `http-request set-src`; else the session's.
    pub src_override: Option<SocketAddr>,
    /// Destination set by `http-request set-dst`; else the session's.
    pub dst_override: Option<SocketAddr>,
    /// Bytes that rules may look at before they are passed on; none in `mode http`.
    pub peeked: Option<Box<Peeked>>,
    /// Whether the connection to the server was ended from outside.
    pub severed: Option<Arc<Severed>>,
    /// What rules want the client's packets to be marked with, until that is done.
    pub marking: Marking,
    /// What rules want packets to the server to be marked with.
    pub server_marking: Marking,
    /// The last rule that ended a ruleset (`last_rule_file`).
    pub last_rule: Option<RulePlace>,
    /// The random number of this exchange (`%rt` is [`Self::number`]).
    pub number: u32,
}

impl Exchange {
    /// An exchange of which nothing has been read yet.
    pub fn new(session: Box<Session>, frontend: Arc<Frontend>, times: Times) -> Self {
        Self {
            session,
            request: Request::default(),
            response: Response::default(),
            request_body: Vec::new(),
            frontend,
            backend: None,
            server: None,
            service: None,
            vars: Vars::default(),
            request_captures: Vec::new(),
            response_captures: Vec::new(),
            request_cookie: None,
            response_cookie: None,
            times,
            termination: Default::default(),
            bytes_in: 0,
            bytes_out: 0,
            retries: 0,
            redispatched: false,
            backend_queue: 0,
            server_queue: 0,
            log_level: None,
            retry_forbidden: false,
            limits: Limits::default(),
            unique_id: Default::default(),
            server_ends: (None, None),
            priority: Priority::default(),
            lookup: None,
            src_override: None,
            dst_override: None,
            peeked: None,
            severed: None,
            last_rule: None,
            marking: Marking::default(),
            server_marking: Marking::default(),
            number: 0,
        }
    }

    /// `timeout client`, as rules may have set it.
    pub fn client_timeout(&self) -> Option<Duration> {
        self.limits.client.or(self.frontend.timeouts.client)
    }

    /// `timeout server` of the backend, as rules may have set it.
    pub fn server_timeout(&self, backend: &Backend) -> Option<Duration> {
        self.limits.server.or(backend.timeouts.server)
    }

    /// `timeout tunnel` of the backend, as rules may have set it.
    pub fn tunnel_timeout(&self, backend: &Backend) -> Option<Duration> {
        self.limits.tunnel.or(backend.timeouts.tunnel)
    }

    /// `timeout connect` of the backend, as rules may have set it.
    pub fn connect_timeout(&self, backend: &Backend) -> Option<Duration> {
        self.limits.connect.or(backend.timeouts.connect)
    }

    /// `timeout queue` of the backend, as rules may have set it; without one, `timeout connect`.
    pub fn queue_timeout(&self, backend: &Backend) -> Option<Duration> {
        self.limits.queue.or(backend.timeouts.queue).or_else(|| self.connect_timeout(backend))
    }

    /// `timeout tarpit` of the frontend, as rules may have set it; without one, `timeout connect`.
    pub fn tarpit_timeout(&self) -> Option<Duration> {
        let timeouts = &self.frontend.timeouts;
        self.limits.tarpit.or(timeouts.tarpit).or(timeouts.connect)
    }

    /// A rule of that place has ended its ruleset.
    #[inline]
    pub fn ended_by(&mut self, rule: Option<&RulePlace>) {
        if rule.is_some() {
            self.last_rule = rule.cloned();
        }
    }

    /// Why it ended on the server's account: by itself, or from outside.
    pub fn by_server(&self) -> Cause {
        self.severed.as_ref().and_then(|severed| severed.cause()).unwrap_or(Cause::Server)
    }

    /// The client's address, as rules may have set it.
    pub fn src(&self) -> Option<SocketAddr> {
        self.src_override.or(self.session.src)
    }

    /// The address that the client reached, as rules may have set it.
    pub fn dst(&self) -> Option<SocketAddr> {
        self.dst_override.or(self.session.dst)
    }
}
