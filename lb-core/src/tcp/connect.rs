//! To a server: its queue, connecting, trying again. The client is watched meanwhile.

use super::session::Stream;
use crate::check::Event;
use crate::clock;
use crate::connect::{ConnectError, Upstream, dial, introduction, pool};
use crate::exchange::{Cause, Phase};
use crate::net::{Deadline, Io};
use crate::proxy::Backend;
use crate::roll::Stage;
use crate::server::{Admission, Attempts, Refusal, Server, Slot, Turn, admit};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// Why a session got no connection.
pub(super) enum NoConnection {
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

/// Longest pause before a server that refused at once is tried again, as in HAProxy.
const PAUSE: Duration = Duration::from_secs(1);

impl Stream {
    /// A connection to a server, by trying until one is there or the attempts are used up; and what of the bytes that
    /// open it (a PROXY header) is still to be sent.
    pub(super) async fn connect(
        &mut self,
        backend: &Arc<Backend>,
    ) -> Result<(Box<Upstream>, Vec<u8>), NoConnection> {
        let ruled = backend.ruled_server(&self.exchange).or_else(|| backend.rdp_server(&self.exchange));
        let mut attempts = Attempts::new(backend.retries, ruled.as_ref());
        loop {
            let (direct, avoid) = (attempts.direct(ruled.as_ref()), attempts.avoid());
            let slot = self.admitted(backend, direct.as_ref(), avoid.as_deref()).await?;
            let Some(server) = slot.server().cloned() else {
                return Err(NoConnection::Refused(Refusal::NoServer));
            };
            self.exchange.times.dequeued.get_or_insert_with(Instant::now);
            self.exchange.redispatched |= attempts.count(backend, &server, clock::millis());
            self.exchange.server = Some(Arc::clone(&server));
            self.entry.at_server(&server, self.exchange.retries);
            self.entry.enter(Stage::Connect);
            server.counters.mine().connect.inc();
            backend.stats.counters.mine().connect.inc();
            let in_use = pool::begin(&server);
            let failure = match self.dial(backend, &server).await? {
                Ok((io, unsent)) => {
                    server.observe(Event::Connected);
                    if let Some(probes) = &backend.probes {
                        probes.apply(&io);
                    }
                    self.exchange.server_marking.apply(&io);
                    self.connected(&io);
                    let tie = server.tie(io.fd());
                    self.exchange.severed = tie.as_ref().map(|tie| Arc::clone(tie.severed()));
                    return Ok((Box::new(Upstream { tie, io, in_use, slot, reused: false }), unsent));
                }
                Err(failure) => failure,
            };
            drop((in_use, slot));
            server.observe(Event::NotConnected);
            if attempts.left == 0 || !backend.retry_on.conn_failure {
                server.counters.mine().econ.inc();
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
                self.pause(backend.timeouts.connect.unwrap_or(PAUSE).min(PAUSE)).await?;
            }
        }
    }

    fn connected(&mut self, io: &Io) {
        self.exchange.times.connected = Some(Instant::now());
        self.exchange.server_ends = self.exchange.frontend.log.ends_of(io);
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
            self.entry.enter(Stage::Queue);
            let mut deadline = Deadline::default();
            deadline.after(Instant::now(), backend.timeouts.queue.or(backend.timeouts.connect));
            let turn = {
                let mut turn = pin!(waiting.turn());
                self.meanwhile(backend, Phase::Queue, |cx| match turn.as_mut().poll(cx) {
                    Poll::Ready(turn) => Poll::Ready(Ok(turn)),
                    Poll::Pending if deadline.poll(cx) => Poll::Ready(Err(Refusal::QueueTimeout)),
                    Poll::Pending => Poll::Pending,
                })
                .await
            };
            let position = match &turn {
                Ok(Ok(Turn::Slot(_, position) | Turn::Again(position))) => *position,
                _ => waiting.position(),
            };
            if waiting.server().is_some() {
                self.exchange.server_queue += position;
            } else {
                self.exchange.backend_queue += position;
            }
            match turn?.map_err(NoConnection::Refused)? {
                Turn::Slot(slot, _) => return Ok(slot),
                Turn::Again(_) => direct = None,
            }
        }
    }

    async fn dial(
        &mut self,
        backend: &Backend,
        server: &Server,
    ) -> Result<Result<(Io, Vec<u8>), ConnectError>, NoConnection> {
        let mut deadline = Deadline::default();
        deadline.after(Instant::now(), backend.timeouts.connect);
        let route = server.route(&self.exchange);
        let header = introduction(server, &self.exchange);
        let mut dialled = pin!(dial(&route, &header, &mut deadline));
        let dialled = self.meanwhile(backend, Phase::Connect, |cx| dialled.as_mut().poll(cx)).await?;
        Ok(dialled.map(|(io, sent)| (io, header.get(sent..).unwrap_or_default().to_vec())))
    }

    async fn pause(&mut self, pause: Duration) -> Result<(), NoConnection> {
        let mut sleep = pin!(tokio::time::sleep(pause));
        let backend = self.exchange.backend.clone();
        let Some(backend) = backend else { return Ok(()) };
        self.meanwhile(&backend, Phase::Connect, |cx| sleep.as_mut().poll(cx)).await
    }

    /// Waits for something while the client is watched: one that ended with nothing on its way, or with
    /// `option abortonclose`, needs no server any more.
    async fn meanwhile<T>(
        &mut self,
        backend: &Backend,
        phase: Phase,
        mut wanted: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Result<T, NoConnection> {
        let impatient = backend.options.abortonclose.unwrap_or(false);
        let patience = self.exchange.frontend.timeouts.client.filter(|patience| !patience.is_zero());
        // One that had ended before is served all the same, if that takes no wait in a queue.
        let excused = self.client.ended && phase == Phase::Connect;
        poll_fn(|cx| {
            if let Poll::Ready(value) = wanted(cx) {
                return Poll::Ready(Ok(value));
            }
            if self.deadline.take_cut() {
                return Poll::Ready(Err(NoConnection::Killed));
            }
            self.poll_client(cx);
            let termination = &mut self.exchange.termination;
            if termination.cause == Cause::Client {
                termination.phase = Phase::Data;
                return Poll::Ready(Err(NoConnection::Aborted(Phase::Data)));
            }
            if self.client.ended {
                let nothing = self.exchange.peeked.as_ref().is_none_or(|peeked| peeked.request.is_empty());
                if (nothing && !excused) || impatient {
                    return Poll::Ready(Err(NoConnection::Aborted(phase)));
                }
                return Poll::Pending;
            }
            self.deadline.after(self.client.heard, patience);
            if self.deadline.poll(cx) {
                self.client.ended = true;
                (termination.cause, termination.phase) = (Cause::ClientTimeout, phase);
                return Poll::Ready(Err(NoConnection::Aborted(phase)));
            }
            Poll::Pending
        })
        .await
    }

    /// Says in counters and log why there is no connection.
    pub(super) fn no_connection(&mut self, reason: NoConnection) {
        let queued = matches!(
            reason,
            NoConnection::Refused(Refusal::QueueTimeout) | NoConnection::Aborted(Phase::Queue)
        );
        if queued || (matches!(reason, NoConnection::Aborted(_)) && self.exchange.server.is_none()) {
            self.exchange.times.dequeued = Some(Instant::now());
        }
        self.look_at_client();
        let (cause, phase) = match reason {
            NoConnection::Refused(Refusal::NoServer) => (Cause::Server, Phase::Connect),
            NoConnection::Refused(Refusal::QueueFull) => (Cause::Server, Phase::Queue),
            NoConnection::Refused(Refusal::QueueTimeout) => (Cause::ServerTimeout, Phase::Queue),
            NoConnection::Failed => (Cause::Server, Phase::Connect),
            NoConnection::TimedOut => (Cause::ServerTimeout, Phase::Connect),
            NoConnection::Resource => (Cause::Resource, Phase::Connect),
            NoConnection::Aborted(phase) => (Cause::Client, phase),
            NoConnection::Killed => (Cause::Killed, Phase::Done),
        };
        if let (NoConnection::Refused(_), Some(backend)) = (&reason, &self.exchange.backend) {
            backend.stats.counters.mine().econ.inc();
        }
        let known = self.exchange.termination.cause;
        if matches!(known, Cause::Client | Cause::ClientTimeout) {
            self.count(|counters| counters.cli_abrt.inc());
        }
        self.terminate(cause, phase);
    }
}
