//! Request out, response back.

use super::forward::{Attempt, Watched, unix_seconds, watch_client};
use super::{After, Run, draining};
use crate::check::Event;
use crate::connect::{Private, Upstream, pool};
use crate::exchange::{Cause, Phase};
use crate::http::h1::{Body, BodyError, Connection, ConnectionHeader, Parsed, Progress, parse_response};
use crate::http::h1::{write_response, write_trailers};
use crate::http::message::{Framing, Version};
use crate::http::relay::{Pump, Stop, Waiting};
use crate::net::Buffer;
use crate::proxy::Backend;
use crate::rule::Verdict;
use crate::server::persistence;
use haproxy_cfg_parser::model::{HttpReuse, KeepAlive};
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
                Err(NoResponse::Client(_) | NoResponse::Aborted) => false,
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
            Err(NoResponse::Client(_) | NoResponse::Aborted) => return,
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
                    return Poll::Ready(Err(NoResponse::TimedOut));
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
                    return Err(NoResponse::Invalid);
                }
                Ok(Some(connection))
            }
            Parsed::Partial if !self.work.server.is_full() => {
                response.clear();
                Ok(None)
            }
            Parsed::Complete(_) | Parsed::Partial | Parsed::Invalid(..) => {
                response.clear();
                Err(NoResponse::Invalid)
            }
        }
    }

    /// Passes a 1xx response on.
    async fn send_informational(&mut self) -> Result<(), NoResponse> {
        self.work.out.clear();
        write_response(&self.exchange.response, ConnectionHeader::None, &mut self.work.out);
        self.exchange.bytes_out += self.exchange.response.weight;
        self.send_out().await.map_err(|_| NoResponse::Aborted)
    }

    /// Sends the response on and settles both connections.
    async fn respond(
        &mut self,
        backend: &Arc<Backend>,
        upstream: Box<Upstream>,
        upload: Pump,
        mut connection: Connection,
    ) -> After {
        let frontend = Arc::clone(self.frontend());
        self.count_response();
        self.exchange.vars.end_request();
        let content = &backend.rules.tcp_response_content;
        if !content.is_empty() {
            let verdict = match self.run_rules(content).await {
                Ok(verdict) => verdict,
                Err(after) => return after,
            };
            if let Verdict::Reject | Verdict::SilentDrop { .. } = verdict {
                // Logs count what is there besides this exchange.
                drop(upstream);
                return self.reject_response(&verdict);
            }
            // The server is left, with what it has still to say.
            connection.close |= matches!(verdict, Verdict::Close);
        }
        self.capture_response();
        let verdict = match self.run_rules(&backend.rules.http_response).await {
            Ok(Verdict::Continue) => self.run_rules(&frontend.rules.http_response).await,
            verdict => verdict,
        };
        let verdict = match verdict {
            Ok(verdict) => verdict,
            Err(after) => return after,
        };
        if let Verdict::Reply(reply) | Verdict::Tarpit(reply) = verdict {
            self.discard_response(backend, *upstream, &upload, connection);
            return self.answer_rule(&reply).await;
        }
        self.set_cookie(backend);
        backend.rules.http_after_response.run(&mut self.exchange);
        frontend.rules.http_after_response.run(&mut self.exchange);
        if connection.upgrade {
            return self.tunnel(backend, upstream).await;
        }
        self.download(backend, upstream, upload, connection).await
    }

    /// Ends both connections: a content rule refuses the response, of which nothing is sent.
    fn reject_response(&mut self, verdict: &Verdict) -> After {
        if let Verdict::SilentDrop { ttl } = verdict {
            self.client.io.vanish(*ttl);
        }
        self.exchange.times.response = None;
        self.exchange.bytes_out += self.exchange.response.weight + self.work.server.len() as u64;
        self.terminate(Cause::Proxy, Phase::Data);
        self.count_denied(Phase::Headers);
        self.finish();
        self.close = true;
        After::Close
    }

    /// Drops a response that a rule has replaced. The server's connection goes on where all of it is here; what has
    /// come of it counts as sent, as in HAProxy.
    fn discard_response(
        &mut self,
        backend: &Backend,
        upstream: Upstream,
        upload: &Pump,
        connection: Connection,
    ) {
        let waiting = self.work.server.len();
        let whole = drain_buffered(&mut Body::new(self.exchange.response.framing), &mut self.work.server);
        let body = waiting - if whole { self.work.server.len() } else { 0 };
        self.exchange.bytes_out += self.exchange.response.weight + body as u64;
        if whole && upload.is_done() && !connection.close && !self.connection.doubtful {
            self.keep_server(backend, upstream);
        }
    }

    /// Puts the persistence cookie into the response.
    fn set_cookie(&mut self, backend: &Backend) {
        let (Some(cookie), Some(persistence)) = (&backend.cookie, &self.persistence) else { return };
        let Some(server) = &self.exchange.server else { return };
        let direct = persistence.direct.as_ref().is_some_and(|direct| Arc::ptr_eq(direct, server));
        self.exchange.termination.response_cookie = persistence::on_response(
            cookie,
            &persistence.found,
            server,
            direct,
            self.exchange.request.method,
            &mut self.exchange.response,
            unix_seconds(std::time::SystemTime::now()),
        );
    }

    /// The head and the body to the client, with what is left of the request's body beside it.
    async fn download(
        &mut self,
        backend: &Arc<Backend>,
        mut upstream: Box<Upstream>,
        mut upload: Pump,
        connection: Connection,
    ) -> After {
        let framing = self.exchange.response.framing;
        let chunked = framing == Framing::Chunked;
        self.close |= framing == Framing::UntilClose || draining();
        // Chunks in HTTP/1.0 are nothing to build on.
        self.close |= connection.doubtful && self.exchange.response.version == Version::Http10;
        let header = self.client_header();
        // The pump of the request has given its head's memory free.
        let mut head = std::mem::take(&mut self.work.out);
        head.clear();
        write_response(&self.exchange.response, header, &mut head);
        let mut download = Pump::new(framing, chunked, head, Instant::now());
        let ended = self.pump_both(backend, &mut upstream, &mut upload, &mut download).await;
        self.exchange.bytes_out += self.exchange.response.weight + download.weight;
        let whole = ended.is_ok() && download.is_done();
        if let Err(stop) = ended {
            self.close = true;
            self.aborted(stop);
        }
        let request_done = upload.is_done();
        self.close |= !request_done;
        if whole && request_done && !connection.close && !self.connection.doubtful {
            self.keep_server(backend, *upstream);
        } else {
            drop(upstream);
        }
        self.work.out = download.into_head();
        self.finish();
        if self.close {
            if !self.work.client.is_empty() || !request_done {
                self.linger().await;
            }
            return After::Close;
        }
        if self.client_ended && self.work.client.is_empty() {
            return After::Close;
        }
        After::KeepAlive
    }

    /// Moves both bodies until both are through: a server may answer before it has read all.
    async fn pump_both(
        &mut self,
        backend: &Backend,
        upstream: &mut Upstream,
        upload: &mut Pump,
        download: &mut Pump,
    ) -> Result<(), Ended> {
        let client_timeout = self.exchange.client_timeout();
        let server_timeout = self.exchange.server_timeout(backend);
        let (client, work) = (&mut *self.client, &mut *self.work);
        let (mut upload_over, mut download_over) = (upload.is_done(), false);
        poll_fn(|cx| {
            if !download_over {
                match download.poll(cx, &mut upstream.io, &mut work.server, &mut client.io) {
                    Poll::Ready(Ok(())) => download_over = true,
                    Poll::Ready(Err(stop)) => return Poll::Ready(Err(Ended::Stopped(stop))),
                    Poll::Pending => {}
                }
            }
            while !upload_over {
                match upload.poll(cx, &mut client.io, &mut work.client, &mut upstream.io) {
                    Poll::Ready(Ok(())) => upload_over = true,
                    // The server reads no more, but the client has to come to the end of its request.
                    Poll::Ready(Err(Stop::WriteFailed)) => upload.discard(),
                    Poll::Ready(Err(stop)) if download_over => return Poll::Ready(Err(Ended::Client(stop))),
                    // The answer goes on, whatever becomes of the request.
                    Poll::Ready(Err(_)) => upload_over = true,
                    Poll::Pending => break,
                }
            }
            if download_over && upload_over {
                return Poll::Ready(Ok(()));
            }
            let (waiting, since) = match (download_over, upload_over) {
                (true, _) => (Waiting::Write, upload.moved_at),
                (false, true) => (download.waiting, download.moved_at),
                (false, false) => (download.waiting, download.moved_at.max(upload.moved_at)),
            };
            let timeout = if waiting == Waiting::Read { server_timeout } else { client_timeout };
            client.deadline.after(since, timeout);
            if client.deadline.poll(cx) {
                return Poll::Ready(Err(Ended::TimedOut(waiting)));
            }
            Poll::Pending
        })
        .await
    }

    /// Keeps the server's connection for the next request, where the configuration lets it be kept.
    fn keep_server(&mut self, backend: &Backend, upstream: Upstream) {
        let keep = |mode: KeepAlive| mode == KeepAlive::KeepAlive;
        let kept = keep(backend.options.keep_alive) && keep(self.exchange.frontend.options.keep_alive);
        // Bytes beyond the body belong to no request: whoever sent them is not to be trusted with the next.
        if !kept || !self.work.server.is_empty() {
            return;
        }
        let Upstream { tie, io, in_use, slot, .. } = upstream;
        drop(tie);
        let Some(server) = slot.server().cloned() else { return };
        drop(slot);
        // Its PROXY header named one request.
        if server.introduces.is_some_and(|style| style.unique_id) {
            return;
        }
        if backend.http_reuse == HttpReuse::Never || server.is_personal() {
            self.client.private = Some(Box::new(Private { server, io, moves: in_use.moves() }));
        } else {
            pool::give(&server, in_use, io, Instant::now());
        }
    }

    /// Says in the log how a response was cut short.
    fn aborted(&mut self, ended: Ended) {
        let stats = Arc::clone(&self.exchange.frontend.stats);
        let backend = self.exchange.backend.clone();
        let server = self.exchange.server.clone();
        let both = |count: &dyn Fn(&crate::proxy::ProxyCounters)| {
            count(stats.counters.mine());
            if let Some(backend) = &backend {
                count(backend.stats.counters.mine());
            }
            if let Some(server) = &server {
                count(server.counters.mine());
            }
        };
        let cause = match ended {
            Ended::Stopped(Stop::Truncated | Stop::ReadFailed | Stop::Malformed) => Cause::Server,
            Ended::Stopped(Stop::WriteFailed) => Cause::Client,
            Ended::Client(Stop::Malformed) => Cause::Proxy,
            Ended::Client(_) => Cause::Client,
            Ended::TimedOut(Waiting::Read) => Cause::ServerTimeout,
            Ended::TimedOut(Waiting::Write) => Cause::ClientTimeout,
        };
        match cause {
            Cause::Client | Cause::ClientTimeout => both(&|counters| counters.cli_abrt.inc()),
            _ => both(&|counters| counters.srv_abrt.inc()),
        }
        self.terminate(cause, Phase::Data);
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
            NoResponse::Empty if self.exchange.session.requests > 1 => {
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
            NoResponse::TimedOut => (Cause::ServerTimeout, Phase::Headers, 504),
            NoResponse::Aborted => (Cause::Client, Phase::Headers, 400),
        };
        self.close |= matches!(reason, NoResponse::Aborted | NoResponse::Client(_));
        self.terminate(cause, phase);
        self.answer_status(status).await
    }
}

/// How a response's body ended too early.
enum Ended {
    /// The response itself.
    Stopped(Stop),
    /// The rest of the request, after the response.
    Client(Stop),
    TimedOut(Waiting),
}

/// Drops a body that is whole in the buffer; false: it is not.
pub(super) fn drain_buffered(body: &mut Body, buffer: &mut Buffer) -> bool {
    match walk(body, buffer) {
        Ok(Some(length)) => {
            buffer.consume(length);
            true
        }
        Ok(None) | Err(_) => false,
    }
}

/// Looks at a body in the buffer without taking it: its length with all framing, none where it goes on.
///
/// # Errors
/// Its coding is broken.
pub(super) fn walk(body: &mut Body, buffer: &Buffer) -> Result<Option<usize>, BodyError> {
    let mut at = 0;
    loop {
        match body.step(buffer.slice(at..buffer.len()))? {
            Progress::Skip(n) => at += n,
            Progress::Data(n) => {
                at += n;
                if body.is_done() {
                    return Ok(Some(at));
                }
            }
            Progress::End(lines, blank) => {
                write_trailers(buffer.slice(at..at + lines), &mut Vec::new())?;
                return Ok(Some(at + lines + blank));
            }
            Progress::More => return Ok(None),
        }
    }
}
