//! To a server: choosing one, connecting, trying again.

use super::{After, Client, Persistence, Run};
use crate::check::Event;
use crate::clock;
use crate::connect::pool::{self, Wanted};
use crate::connect::{ConnectError, Upstream, dial, open};
use crate::exchange::{Cause, Phase};
use crate::http::h1::{ConnectionHeader, write_request};
use crate::http::message::Version;
use crate::net::{Buffer, Io};
use crate::proxy::Backend;
use crate::roll::Stage;
use crate::server::{Admission, Attempts, Refusal, Server, Slot, Turn, admit, persistence};
use haproxy_cfg_parser::model::{HttpReuse, KeepAlive};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Why a request got no connection.
enum NoConnection {
    /// No server, or no place in a queue.
    Refused(Refusal),
    /// The client went away meanwhile.
    Aborted(Phase),
    /// All attempts failed, the last by a timeout.
    TimedOut,
    /// All attempts failed.
    Failed,
    /// This machine has no socket left.
    Resource,
    /// It was ended from outside.
    Killed,
}

/// How the attempt to get an answer from one server ended.
pub(super) enum Attempt {
    /// The client has its answer, or can't have one.
    Done(After),
    /// The request may go to a server once more: nothing of an answer was seen.
    Again,
}

impl Run<'_> {
    /// Gets the answer from a server of `backend`.
    pub(super) async fn forward(&mut self, backend: Arc<Backend>) -> After {
        if self.gave_up {
            return self.abandoned(Phase::Request);
        }
        let direct = self.direct_server(&backend);
        let retries = self.exchange.limits.retries.unwrap_or(backend.retries);
        let mut attempts = Attempts::new(retries, direct.as_ref());
        self.write_head(&backend);
        let wanted = backend.retry_on.needs_request() && !self.exchange.retry_forbidden;
        let repeatable = wanted && self.is_whole();
        loop {
            let upstream = match self.connect(&backend, direct.as_ref(), &mut attempts).await {
                Ok(upstream) => upstream,
                Err(reason) => return self.no_connection(reason).await,
            };
            let (upstream, sent) = upstream;
            self.exchange.server_ends = self.frontend().log.ends_of(&upstream.io);
            let may_retry = attempts.left > 0 && repeatable;
            match self.transfer(&backend, upstream, sent, may_retry).await {
                Attempt::Done(after) => return after,
                Attempt::Again => {
                    self.exchange.retries += 1;
                    if let Some(server) = self.exchange.server.clone() {
                        // HAProxy counts this retry here, and once more by where it goes.
                        server.counters.mine().wretr.inc();
                        backend.stats.counters.mine().wretr.inc();
                        attempts.fail(server, self.exchange.retries, &backend);
                    }
                    self.write_head(&backend);
                }
            }
        }
    }

    /// The server that a `use-server` rule or the persistence cookie asks for. The cookie is read and hidden anyway.
    fn direct_server(&mut self, backend: &Backend) -> Option<Arc<Server>> {
        let ruled = backend.ruled_server(&self.exchange);
        let Some(cookie) = &backend.cookie else { return ruled };
        let found = persistence::from_request(
            cookie,
            &backend.servers.load(),
            &mut self.exchange.request,
            ruled.is_some(),
            backend.options.persist,
            unix_seconds(self.exchange.times.began_at),
        );
        self.exchange.termination.request_cookie = found.flag;
        let direct = ruled.or_else(|| found.server.clone());
        self.persistence = Some(Persistence { found, direct: direct.clone() });
        direct
    }

    /// Writes the request head as the server is to see it.
    fn write_head(&mut self, backend: &Backend) {
        let frontend = &self.exchange.frontend.options;
        let closes = |mode: KeepAlive| mode != KeepAlive::KeepAlive;
        let close = closes(frontend.keep_alive) || closes(backend.options.keep_alive);
        let request = &self.exchange.request;
        let header = match (close && !self.connection.upgrade, request.version) {
            (true, Version::Http11) => ConnectionHeader::Close,
            (true, Version::Http10) => ConnectionHeader::None,
            (false, Version::Http10) if !self.connection.doubtful => ConnectionHeader::KeepAlive,
            (false, _) => ConnectionHeader::None,
        };
        self.work.out.clear();
        write_request(request, header, &mut self.work.out);
    }

    /// A connection to a server, by trying until one is there or the attempts are used up; and how much of the head
    /// was sent on it.
    async fn connect(
        &mut self,
        backend: &Arc<Backend>,
        direct: Option<&Arc<Server>>,
        attempts: &mut Attempts,
    ) -> Result<(Box<Upstream>, usize), NoConnection> {
        loop {
            let (direct, avoid) = (attempts.direct(direct), attempts.avoid());
            let slot = self.admitted(backend, direct.as_ref(), avoid.as_deref()).await?;
            let Some(server) = slot.server().cloned() else {
                return Err(NoConnection::Refused(Refusal::NoServer));
            };
            let now = Instant::now();
            self.exchange.times.dequeued = Some(now);
            self.exchange.redispatched |= attempts.count(backend, &server, clock::at(now));
            self.exchange.server = Some(Arc::clone(&server));
            if let Some(entry) = &self.entry {
                entry.at_server(&server, self.exchange.retries);
            }
            let in_use = pool::begin(&server);
            if let Some(io) = self.reuse(backend, &server) {
                self.exchange.times.connected = Some(now);
                server.counters.mine().reuse.inc();
                backend.stats.counters.mine().reuse.inc();
                return Ok((Box::new(self.upstream(&server, io, in_use, slot, true)), 0));
            }
            self.enter(Stage::Connect);
            server.counters.mine().connect.inc();
            backend.stats.counters.mine().connect.inc();
            let failure = match self.dial(backend, &server).await? {
                Ok((io, sent)) => {
                    if let Some(probes) = &backend.probes {
                        probes.apply(&io);
                    }
                    self.exchange.server_marking.apply(&io);
                    self.exchange.times.connected = Some(Instant::now());
                    server.observe(Event::Connected);
                    return Ok((Box::new(self.upstream(&server, io, in_use, slot, false)), sent));
                }
                Err(failure) => failure,
            };
            drop((in_use, slot));
            if self.was_cut() {
                return Err(NoConnection::Killed);
            }
            server.observe(Event::NotConnected);
            let server_counters = server.counters.mine();
            if attempts.left == 0 || !backend.retry_on.conn_failure {
                server_counters.econ.inc();
                backend.stats.counters.mine().econ.inc();
                return Err(match failure {
                    failure if failure.is_timeout() => NoConnection::TimedOut,
                    ConnectError::Resource(_) => NoConnection::Resource,
                    _ => NoConnection::Failed,
                });
            }
            self.exchange.retries += 1;
            attempts.fail(server, self.exchange.retries, backend);
            let at_once = attempts.redispatch && backend.servers.load().len() > 1;
            if !at_once && failure.is_refusal() {
                // A server that refuses at once gets a moment to come back, as in HAProxy: one second at most.
                let most = Duration::from_secs(1);
                let pause = self.exchange.connect_timeout(backend).map_or(most, |connect| connect.min(most));
                self.hold(backend, pause).await?;
            }
        }
    }

    fn upstream(
        &mut self,
        server: &Arc<Server>,
        io: Io,
        in_use: pool::InUse,
        slot: Slot,
        reused: bool,
    ) -> Upstream {
        let tie = server.tie(io.fd());
        self.exchange.severed = tie.as_ref().map(|tie| Arc::clone(tie.severed()));
        Upstream { tie, io, in_use, slot, reused }
    }

    /// A place on a server, waiting in a queue for it if need be.
    async fn admitted(
        &mut self,
        backend: &Backend,
        direct: Option<&Arc<Server>>,
        avoid: Option<&Server>,
    ) -> Result<Slot, NoConnection> {
        let mut direct = direct;
        loop {
            let mut waiting = match admit(backend, &self.exchange, direct, avoid) {
                Admission::Slot(slot) => return Ok(slot),
                Admission::Refused(refusal) => return Err(NoConnection::Refused(refusal)),
                Admission::Wait(waiting) => waiting,
            };
            self.enter(Stage::Queue);
            let timeout = self.exchange.queue_timeout(backend);
            self.client.deadline.after(Instant::now(), timeout);
            let turn = {
                let mut turn = pin!(waiting.turn());
                let Client { io, deadline, .. } = &mut *self.client;
                let watch = Watch::new(backend, io, &mut self.work.client, &mut self.client_ended);
                let turn = poll_fn(|cx| match turn.as_mut().poll(cx) {
                    Poll::Pending if deadline.poll(cx) => Poll::Ready(None),
                    turn => turn.map(Some),
                });
                let turn = watch.over(turn, Phase::Queue).await;
                let killed = self.client.deadline.was_cut();
                turn.and_then(|turn| if killed { Err(NoConnection::Killed) } else { Ok(turn) })
                    .and_then(|turn| turn.ok_or(NoConnection::Refused(Refusal::QueueTimeout)))
            };
            let (turn, position) = match turn {
                Ok(Turn::Slot(slot, position)) => (Ok(Some(slot)), position),
                Ok(Turn::Again(position)) => (Ok(None), position),
                Err(reason) => (Err(reason), waiting.position()),
            };
            if waiting.server().is_some() {
                self.exchange.server_queue += position;
            } else {
                self.exchange.backend_queue += position;
            }
            match turn? {
                Some(slot) => return Ok(slot),
                None => direct = None,
            }
        }
    }

    /// An idle connection that `http-reuse` lets this request take.
    fn reuse(&mut self, backend: &Backend, server: &Arc<Server>) -> Option<Io> {
        if let Some(mut private) = self.client.private.take()
            && Arc::ptr_eq(&private.server, server)
            && private.moves == server.moves()
            && server.suits(&private.io, &self.exchange)
            && private.io.is_quiet()
        {
            return Some(private.io);
        }
        let first = self.exchange.session.requests == 1;
        match backend.http_reuse {
            _ if server.is_personal() || self.exchange.server_marking.is_set() => None,
            HttpReuse::Never => None,
            HttpReuse::Safe if first => None,
            HttpReuse::Aggressive if first => pool::take(server, Wanted::Proven),
            HttpReuse::Safe | HttpReuse::Aggressive | HttpReuse::Always => pool::take(server, Wanted::Any),
        }
    }

    async fn dial(
        &mut self,
        backend: &Backend,
        server: &Server,
    ) -> Result<Result<(Io, usize), ConnectError>, NoConnection> {
        self.client.deadline.after(Instant::now(), self.exchange.connect_timeout(backend));
        let (client, work, exchange) = (&mut *self.client, &mut *self.work, &self.exchange);
        let watch = Watch::new(backend, &mut client.io, &mut work.client, &mut self.client_ended);
        let (head, deadline) = (&work.out, &mut client.deadline);
        if server.is_personal() {
            return watch.over(open(server, exchange, head, deadline), Phase::Connect).await;
        }
        watch.over(dial(&server.route(exchange), head, deadline), Phase::Connect).await
    }

    /// Waits so long, unless the client goes away meanwhile and that counts (`option abortonclose`).
    async fn hold(&mut self, backend: &Backend, time: Duration) -> Result<(), NoConnection> {
        let Client { io, deadline, .. } = &mut *self.client;
        deadline.after(Instant::now(), Some(time));
        let over = poll_fn(|cx| match deadline.at().is_none() || deadline.poll(cx) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        });
        let watch = Watch::new(backend, io, &mut self.work.client, &mut self.client_ended);
        watch.over(over, Phase::Connect).await?;
        if self.was_cut() { Err(NoConnection::Killed) } else { Ok(()) }
    }

    /// Answers a request that got no connection.
    async fn no_connection(&mut self, reason: NoConnection) -> After {
        if matches!(
            reason,
            NoConnection::Refused(Refusal::QueueTimeout) | NoConnection::Aborted(Phase::Queue)
        ) {
            self.exchange.times.dequeued = Some(Instant::now());
        }
        let (cause, phase, status) = match reason {
            NoConnection::Refused(Refusal::NoServer) => (Cause::Server, Phase::Connect, 503),
            NoConnection::Refused(Refusal::QueueFull) => (Cause::Server, Phase::Queue, 503),
            NoConnection::Refused(Refusal::QueueTimeout) => (Cause::ServerTimeout, Phase::Queue, 503),
            NoConnection::Failed => (Cause::Server, Phase::Connect, 503),
            NoConnection::TimedOut => (Cause::ServerTimeout, Phase::Connect, 503),
            NoConnection::Resource => (Cause::Resource, Phase::Connect, 503),
            NoConnection::Aborted(phase) => return self.abandoned(phase),
            NoConnection::Killed => return self.killed(),
        };
        self.terminate(cause, phase);
        self.answer_status(status).await
    }

    /// Ends an exchange whose client went away.
    fn abandoned(&mut self, phase: Phase) -> After {
        self.count_client_abort();
        self.close = true;
        self.terminate(Cause::Client, phase);
        self.finish();
        After::Close
    }

    fn count_client_abort(&mut self) {
        self.exchange.frontend.stats.counters.mine().cli_abrt.inc();
        if let Some(backend) = &self.exchange.backend {
            backend.stats.counters.mine().cli_abrt.inc();
        }
    }
}

/// Whole seconds since 1970.
pub(super) fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// What a look at the client found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Watched {
    /// It is there.
    There,
    /// It has ended its side.
    Ended,
    /// Its transport failed.
    Failed,
}

/// A look at the client while something else is waited for, where its going away counts.
struct Watch<'a> {
    client: Option<(&'a mut Io, &'a mut Buffer, &'a mut bool)>,
}

impl<'a> Watch<'a> {
    fn new(backend: &Backend, io: &'a mut Io, buffer: &'a mut Buffer, ended: &'a mut bool) -> Self {
        let counts = backend.options.abortonclose.unwrap_or(false);
        Self { client: counts.then_some((io, buffer, ended)) }
    }

    /// Waits for something; an error: the client went away first.
    async fn over<T>(mut self, wait: impl Future<Output = T>, phase: Phase) -> Result<T, NoConnection> {
        let mut wait = pin!(wait);
        poll_fn(|cx| {
            if let Poll::Ready(done) = wait.as_mut().poll(cx) {
                return Poll::Ready(Ok(done));
            }
            let client = self.client.as_mut();
            match client.map(|(io, buffer, ended)| watch_client(io, buffer, ended, cx)) {
                Some(Watched::Ended | Watched::Failed) => Poll::Ready(Err(NoConnection::Aborted(phase))),
                Some(Watched::There) | None => Poll::Pending,
            }
        })
        .await
    }
}

/// Looks whether the client ended its side, keeping what it sent meanwhile.
pub(super) fn watch_client(
    io: &mut Io,
    buffer: &mut Buffer,
    ended: &mut bool,
    cx: &mut Context<'_>,
) -> Watched {
    while !*ended && !buffer.is_full() {
        match io.poll_read(cx, buffer.space()) {
            Poll::Ready(Ok(0)) => *ended = true,
            Poll::Ready(Ok(n)) => buffer.advance(n),
            Poll::Ready(Err(_)) => {
                *ended = true;
                return Watched::Failed;
            }
            Poll::Pending => break,
        }
    }
    if *ended { Watched::Ended } else { Watched::There }
}
