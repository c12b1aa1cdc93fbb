//! Request out, and the response's head back.

use super::buffering::walk;
use super::forward::{Attempt, Watched, watch_client};
use super::{After, Run};
use crate::check::Event;
use crate::connect::Upstream;
use crate::exchange::{Cause, Exchange, Phase};
use crate::http::h1::{Body, Connection, ConnectionHeader, Parsed, parse_response, write_response};
use crate::http::message::Framing;
use crate::http::relay::{Pump, Stop};
use crate::proxy::{Backend, Capture};
use crate::roll::Stage;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

/// Why there is no response head.
enum NoResponse {
    /// The server ended or reset before any byte of it.
    Empty,
    /// ... or within it.
    Truncated,
    /// It is no HTTP/1 response.
    Invalid,
    /// `timeout server`.
    TimedOut,
    /// The client went away, or broke its body.
    Client(Stop),
    /// `option abortonclose`, and the client went away.
    Aborted,
    /// It was ended from outside.
    Killed,
}

impl Run<'_> {
    /// Sends the request whose head stands in `out`, `sent` bytes of it being sent already, and its response back to
    /// the client.
    pub(super) async fn transfer(
        &mut self,
        backend: &Arc<Backend>,
        mut upstream: Box<Upstream>,
        sent: usize,
        may_retry: bool,
    ) -> Attempt {
        let head = std::mem::take(&mut self.work.out);
        let kept = if may_retry { Some(self.work.client.filled().to_vec()) } else { None };
        let framing = self.exchange.request.framing;
        let now = Instant::now();
        let mut upload =
            Pump::new(framing, framing == Framing::Chunked, head, now).keeping_surplus().already_sent(sent);
        self.work.server.clear();
        self.enter(Stage::Answer);
        let got = self.response_head(backend, &mut upstream, &mut upload).await;
        self.exchange.bytes_in += upload.taken;
        self.body_read = upload.all_read();
        // An idle connection that has ended says nothing of the server.
        if got.is_ok() || !upstream.reused {
            self.observe(&got);
        }
        let retry_on = &backend.retry_on;
        let again = may_retry
            && match &got {
                Ok(_) => retry_on.statuses.contains(&self.exchange.response.status),
                Err(NoResponse::Empty) => retry_on.empty_response,
                Err(NoResponse::Truncated | NoResponse::Invalid) => retry_on.junk_response,
                Err(NoResponse::TimedOut) => retry_on.response_timeout,
                Err(NoResponse::Client(_) | NoResponse::Aborted | NoResponse::Killed) => false,
            };
        if again {
            // The body goes back before what has come after it.
            let body = kept.as_deref().and_then(|kept| kept.get(..upload.taken as usize)).unwrap_or_default();
            let whole = [body, self.work.client.filled()].concat();
            self.work.client.clear();
            self.work.client.fill(&whole);
            self.work.out = upload.into_head();
            return Attempt::Again;
        }
        match got {
            Ok(connection) => {
                self.exchange.times.response = Some(Instant::now());
                Attempt::Done(self.respond(backend, upstream, upload, connection).await)
            }
            Err(reason) => {
                // Logs count what is there besides this exchange.
                drop(upstream);
                Attempt::Done(self.no_response(reason).await)
            }
        }
    }

    /// Lets the server's health know how it answered (`observe layer7`).
    fn observe(&self, got: &Result<Connection, NoResponse>) {
        let event = match got {
            Ok(_) if matches!(self.exchange.response.status, 0..=499 | 501 | 505) => Event::GoodResponse,
            Ok(_) => Event::BadStatus,
            Err(NoResponse::Empty | NoResponse::Truncated) => Event::BrokenPipe,
            Err(NoResponse::Invalid) => Event::BadHeaders,
            Err(NoResponse::TimedOut) => Event::ReadTimeout,
            Err(NoResponse::Client(_) | NoResponse::Aborted | NoResponse::Killed) => return,
        };
        if let Some(server) = &self.exchange.server {
            server.observe(event);
        }
    }

    /// Sends the request and waits for the head of its final response; informational ones go straight on.
    async fn response_head(
        &mut self,
        backend: &Backend,
        upstream: &mut Upstream,
        upload: &mut Pump,
    ) -> Result<Connection, NoResponse> {
        let server_timeout = self.exchange.server_timeout(backend);
        let abort = backend.options.abortonclose.unwrap_or(false);
        let mut sent_at = upload.is_done().then(Instant::now);
        loop {
            let parsed = self.parse_response_head()?;
            if let Some(connection) = parsed {
                if self.exchange.response.status == 101 && !self.connection.upgrade {
                    self.exchange.bytes_out += self.exchange.response.weight + self.work.server.len() as u64;
                    return Err(NoResponse::Invalid);
                }
                if self.exchange.response.status >= 200 || connection.upgrade {
                    return Ok(connection);
                }
                self.send_informational().await?;
                continue;
            }
            let (client, work) = (&mut *self.client, &mut *self.work);
            let ended = &mut self.client_ended;
            let Upstream { io: server, .. } = upstream;
            poll_fn(|cx| {
                if sent_at.is_none() {
                    match upload.poll(cx, &mut client.io, &mut work.client, server) {
                        Poll::Ready(Ok(())) => sent_at = Some(Instant::now()),
                        // The server may have answered before it stopped reading.
                        Poll::Ready(Err(Stop::WriteFailed)) => sent_at = Some(Instant::now()),
                        Poll::Ready(Err(stop)) => return Poll::Ready(Err(NoResponse::Client(stop))),
                        Poll::Pending => {}
                    }
                }
                match server.poll_read(cx, work.server.space()) {
                    Poll::Ready(Ok(0)) if work.server.is_empty() => {
                        return Poll::Ready(Err(NoResponse::Empty));
                    }
                    Poll::Ready(Ok(0)) => return Poll::Ready(Err(NoResponse::Truncated)),
                    Poll::Ready(Ok(n)) => {
                        work.server.advance(n);
                        return Poll::Ready(Ok(()));
                    }
                    Poll::Ready(Err(_)) if work.server.is_empty() => {
                        return Poll::Ready(Err(NoResponse::Empty));
                    }
                    Poll::Ready(Err(_)) => return Poll::Ready(Err(NoResponse::Truncated)),
                    Poll::Pending => {}
                }
                // A client that is slow with its body is the server's to give up on, as in HAProxy.
                client.deadline.after(sent_at.unwrap_or(upload.moved_at), server_timeout);
                if client.deadline.poll(cx) {
                    let killed = client.deadline.was_cut();
                    return Poll::Ready(Err(if killed { NoResponse::Killed } else { NoResponse::TimedOut }));
                }
                if sent_at.is_some() {
                    match watch_client(&mut client.io, &mut work.client, ended, cx) {
                        Watched::Failed if abort => {
                            return Poll::Ready(Err(NoResponse::Client(Stop::ReadFailed)));
                        }
                        Watched::Ended if abort => return Poll::Ready(Err(NoResponse::Aborted)),
                        _ => {}
                    }
                }
                Poll::Pending
            })
            .await?;
        }
    }

    /// Parses a response head from what is there; none: more bytes are needed.
    fn parse_response_head(&mut self) -> Result<Option<Connection>, NoResponse> {
        if self.work.server.is_empty() {
            return Ok(None);
        }
        let plan = &self.client.plan;
        let response = &mut self.exchange.response;
        response.clear();
        let mut connection = Connection::default();
        let method = self.exchange.request.method;
        match parse_response(self.work.server.filled(), plan.max_headers, method, response, &mut connection) {
            Parsed::Complete(n) if n + plan.maxrewrite <= plan.bufsize => {
                self.work.server.consume(n);
                // Broken coding that came with the head is seen before anything is passed on.
                let framing = response.framing;
                if framing == Framing::Chunked && walk(&mut Body::new(framing), &self.work.server).is_err() {
                    response.clear();
                    self.keep_unread_response(0);
                    return Err(NoResponse::Invalid);
                }
                Ok(Some(connection))
            }
            Parsed::Partial if !self.work.server.is_full() => {
                response.clear();
                Ok(None)
            }
            parsed @ (Parsed::Complete(_) | Parsed::Partial | Parsed::Invalid(..)) => {
                response.clear();
                self.keep_unread_response(match parsed {
                    Parsed::Complete(at) | Parsed::Invalid(_, at) => at,
                    Parsed::Partial => self.work.server.len(),
                });
                Err(NoResponse::Invalid)
            }
        }
    }

    /// Keeps what cannot be read, from the byte at `position` on, for operators.
    #[cold]
    fn keep_unread_response(&self, position: usize) {
        let Exchange { session, frontend, backend, server, .. } = &self.exchange;
        let Some(backend) = backend else { return };
        let (bytes, size) = (self.work.server.filled(), self.client.plan.bufsize);
        let mut capture = Capture::new(bytes, size, position, session.src, session.listener.id);
        capture.other = Some((frontend.name.clone(), frontend.id));
        capture.server = server.as_ref().map(|server| (server.name.clone(), server.id));
        backend.stats.unread.put(capture);
    }

    /// Passes a 1xx response on.
    async fn send_informational(&mut self) -> Result<(), NoResponse> {
        self.work.out.clear();
        write_response(&self.exchange.response, ConnectionHeader::None, &mut self.work.out);
        self.exchange.bytes_out += self.exchange.response.weight;
        self.send_out().await.map_err(|_| NoResponse::Aborted)
    }

    /// Answers for a server that gave no response.
    async fn no_response(&mut self, reason: NoResponse) -> After {
        let backend = self.exchange.backend.clone();
        if let Some(backend) = &backend {
            let counters = backend.stats.counters.mine();
            match reason {
                NoResponse::Client(_) | NoResponse::Aborted => counters.cli_abrt.inc(),
                _ => counters.eresp.inc(),
            }
        }
        if let Some(server) = &self.exchange.server {
            match reason {
                NoResponse::Client(_) | NoResponse::Aborted => {
                    server.counters.mine().cli_abrt.inc();
                }
                _ => server.counters.mine().eresp.inc(),
            }
        }
        let (cause, phase, status) = match reason {
            // What it had still to say is lost, and so is an answer to it.
            NoResponse::Killed if !self.body_read => return self.killed(),
            NoResponse::Empty | NoResponse::Killed if self.exchange.session.requests > 1 => {
                // On a kept connection the client can tell a close from an answer, and repeats what it knows to be
                // safe to repeat. As in HAProxy nothing is logged.
                self.close = true;
                return After::Close;
            }
            NoResponse::Client(Stop::Malformed) => (Cause::Proxy, Phase::Headers, 400),
            NoResponse::Client(_) => {
                self.terminate(Cause::Client, Phase::Data);
                self.exchange.response.clear();
                self.exchange.bytes_out = 0;
                self.close = true;
                self.finish();
                return After::Close;
            }
            NoResponse::Empty | NoResponse::Truncated => (Cause::Server, Phase::Headers, 502),
            NoResponse::Invalid => (Cause::Proxy, Phase::Headers, 502),
            NoResponse::Killed => (Cause::Killed, Phase::Headers, 502),
            NoResponse::TimedOut => (Cause::ServerTimeout, Phase::Headers, 504),
            NoResponse::Aborted => (Cause::Client, Phase::Headers, 400),
        };
        self.close |= matches!(reason, NoResponse::Aborted | NoResponse::Client(_));
        self.terminate(cause, phase);
        self.answer_status(status).await
    }
}
