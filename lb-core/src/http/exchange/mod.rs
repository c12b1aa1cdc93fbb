//! The exchange loop: one request and its response, from the first byte to the log line.
//!
//! `receive` reads the request head, `route` runs the rules up to the backend, `forward` talks to a server,
//! `answer` sends what lb says itself, `service` what it says in pieces, `finish` counts and logs.

mod answer;
mod buffering;
mod capture;
mod finish;
mod forward;
mod receive;
mod respond;
mod route;
mod service;
mod transfer;
mod tunnel;

use super::client::Client;
use super::h1::{Connection, ConnectionHeader};
use super::message::Version;
use super::work::{Parts, Work};
use crate::engine::{Phase, phase};
use crate::exchange::{Cause, Exchange, Phase as Stage, Times};
use crate::process;
use crate::proxy::{Frontend, InBackend, Listener};
use crate::roll::{self, Entry, Mark};
use crate::server::Server;
use crate::server::persistence::Found;
use haproxy_cfg_parser::model::KeepAlive;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime};

/// Why an idle connection has work to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wake {
    /// Bytes, an end or an error.
    Readable,
    /// The idle time is over.
    TimedOut,
    /// The engine is stopping.
    Stopping,
}

/// What becomes of the client's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// It waits for the next request.
    KeepAlive,
    /// It ends.
    Close,
}

/// A running exchange with all that it uses.
struct Run<'a> {
    client: &'a mut Client,
    work: &'a mut Work,
    exchange: Exchange,
    /// What the request said about its connection.
    connection: Connection,
    /// The client's connection ends after this exchange.
    close: bool,
    /// The client has ended its side.
    client_ended: bool,
    /// All of the request's body has been read.
    body_read: bool,
    /// The client went away while its body was waited for.
    gave_up: bool,
    /// What the persistence cookie said.
    persistence: Option<Persistence>,
    /// Counts the exchange among its backend's sessions.
    in_backend: Option<InBackend>,
    /// Lets operators see and end it, from its whole head on.
    entry: Option<Entry>,
}

/// What the persistence cookie of a request said, kept for the response.
struct Persistence {
    found: Found,
    /// The server that cookie or rule asked for.
    direct: Option<Arc<Server>>,
}

/// Serves requests until the connection is idle or ends.
pub(super) async fn serve(client: &mut Client, work: &mut Work, mut wake: Wake) -> After {
    if wake == Wake::Stopping {
        return After::Close;
    }
    loop {
        match exchange(client, work, wake).await {
            After::KeepAlive if !work.client.is_empty() => wake = Wake::Readable,
            after => return after,
        }
    }
}

async fn exchange(client: &mut Client, work: &mut Work, wake: Wake) -> After {
    let Some(mut run) = Run::begin(client, work) else { return After::Close };
    let session = &mut run.exchange.session;
    session.requests += 1;
    let now = Instant::now();
    let mut times = Times::begin(now, SystemTime::now());
    if session.requests == 1 {
        times.began = session.accepted;
        times.began_at = session.accepted_at;
    } else {
        times.began = run.client.idle_since;
        times.idle = now.saturating_duration_since(run.client.idle_since);
    }
    run.exchange.times = times;
    let after = run.go(wake).await;
    run.end(after)
}

/// Answers end their connection. Asked again when the answer's head is written: a stop may begin while a request waits.
fn draining() -> bool {
    phase() >= Phase::Draining
}

impl<'a> Run<'a> {
    /// Takes the session from the client's connection and memory from the thread; [`Self::end`] gives both back.
    fn begin(client: &'a mut Client, work: &'a mut Work) -> Option<Self> {
        let mut session = client.session.take()?;
        let frontend = Listener::current(&mut session.listener)?;
        let times = Times::begin(session.accepted, session.accepted_at);
        let Parts { request, response, request_body, vars } = std::mem::take(&mut work.parts);
        let exchange = Exchange {
            session,
            request,
            response,
            request_body,
            frontend,
            backend: None,
            server: None,
            service: None,
            vars,
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
            limits: Default::default(),
            server_ends: (None, None),
            unique_id: Default::default(),
            priority: Default::default(),
            lookup: None,
            src_override: None,
            dst_override: None,
            peeked: None,
            severed: None,
            last_rule: None,
            marking: Default::default(),
            server_marking: Default::default(),
            number: process::live().next_exchange(),
        };
        Some(Self {
            client,
            work,
            exchange,
            connection: Connection::default(),
            close: false,
            client_ended: false,
            body_read: false,
            gave_up: false,
            persistence: None,
            in_backend: None,
            entry: None,
        })
    }
}

impl Run<'_> {
    /// The whole exchange.
    async fn go(&mut self, wake: Wake) -> After {
        if !self.receive(wake).await {
            return After::Close;
        }
        let entry = Entry::of(&self.exchange, self.client.plan.generation, &self.client.woken);
        self.client.deadline.watch(entry.mark());
        self.entry = Some(entry);
        let backend = match self.route().await {
            route::Route::Backend(backend) => backend,
            route::Route::Done(after) => return after,
        };
        self.forward(backend).await
    }

    fn frontend(&self) -> &Arc<Frontend> {
        &self.exchange.frontend
    }

    /// Operators see that it goes on with something else.
    #[inline]
    fn enter(&self, stage: roll::Stage) {
        if let Some(entry) = &self.entry {
            entry.enter(stage);
        }
    }

    /// It was ended from outside.
    fn was_cut(&self) -> bool {
        self.client.deadline.was_cut()
    }

    /// Ends the connection, and the exchange without an answer: it was ended from outside.
    fn killed(&mut self) -> After {
        self.terminate(Cause::Killed, Stage::Done);
        self.exchange.response.clear();
        self.exchange.bytes_out = 0;
        self.close = true;
        self.finish();
        After::Close
    }

    /// Waits so long; an error: it was ended from outside meanwhile, and all is said.
    async fn pause(&mut self, time: Duration) -> Result<(), After> {
        let deadline = &mut self.client.deadline;
        deadline.after(Instant::now(), Some(time));
        poll_fn(
            |cx| if deadline.at().is_none() || deadline.poll(cx) { Poll::Ready(()) } else { Poll::Pending },
        )
        .await;
        if self.was_cut() { Err(self.killed()) } else { Ok(()) }
    }

    /// Sets how the exchange ended, unless that is known already.
    fn terminate(&mut self, cause: Cause, stage: Stage) {
        let cause = if cause == Cause::Server { self.exchange.by_server() } else { cause };
        let termination = &mut self.exchange.termination;
        if termination.cause == Cause::Normal {
            termination.cause = cause;
            termination.phase = stage;
        }
    }

    /// Decides whether the client's connection may go on after this exchange.
    fn settle_keep_alive(&mut self) {
        let mode = self.frontend().options.keep_alive;
        let backend = self.exchange.backend.as_ref().map(|backend| backend.options.keep_alive);
        self.close |= self.connection.close
            || mode == KeepAlive::Close
            || backend == Some(KeepAlive::Close)
            || draining()
            || self.exchange.session.listener.is_retired();
    }

    /// What the answer's head says about the client's connection, by the versions of both.
    fn client_header(&self) -> ConnectionHeader {
        let old_client = self.exchange.request.version == Version::Http10;
        match (self.exchange.response.version, self.close) {
            (Version::Http10, true) => ConnectionHeader::None,
            (Version::Http10, false) => ConnectionHeader::KeepAlive,
            (Version::Http11, true) => ConnectionHeader::Close,
            (Version::Http11, false) if old_client => ConnectionHeader::KeepAlive,
            (Version::Http11, false) => ConnectionHeader::None,
        }
    }

    /// Gives all memory back to the thread and the session to the client's connection.
    fn end(self, after: After) -> After {
        let Exchange { session, mut request, mut response, mut request_body, mut vars, .. } = self.exchange;
        request.clear();
        response.clear();
        request_body.clear();
        vars.clear();
        self.work.parts = Parts { request, response, request_body, vars };
        self.client.deadline.watch(Mark::default());
        self.client.session = Some(session);
        self.client.idle_since = Instant::now();
        if self.close { After::Close } else { after }
    }
}
