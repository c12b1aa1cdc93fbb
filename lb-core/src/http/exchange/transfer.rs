//! Request out, response back.

use super::forward::{Attempt, unix_seconds, watch_client};
use super::{After, Run, draining};
use crate::connect::{Private, Upstream, pool};
use crate::exchange::{Cause, Phase};
use crate::http::h1::{Body, Connection, ConnectionHeader, Parsed, Progress, parse_response, write_response};
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
use std::time::{Duration, Instant};

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
    /// The client was too slow with its body.
    ClientTimedOut,
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
        let mut upload = Pump::new(framing, framing == Framing::Chunked, head, now).already_sent(sent);
        self.work.server.clear();
        let got = self.response_head(backend, &mut upstream, &mut upload).await;
        self.exchange.bytes_in += upload.taken;
        match got {
            Ok(connection) => {
                self.exchange.times.response = Some(Instant::now());
                Attempt::Done(self.respond(backend, upstream, upload, connection).await)
            }
            Err(NoResponse::Empty) if may_retry && upload.all_read() => {
                self.work.out = upload.into_head();
                if let Some(body) = kept {
                    self.work.client.clear();
                    self.work.client.fill(&body);
                }
                Attempt::Again
            }
            Err(reason) => Attempt::Done(self.no_response(reason, &upstream).await),
        }
    }

    /// Sends the request and waits for the head of its final response; informational ones go straight on.
    async fn response_head(
        &mut self,
        backend: &Backend,
        upstream: &mut Upstream,
        upload: &mut Pump,
    ) -> Result<Connection, NoResponse> {
        let server_timeout = backend.timeouts.server;
        let client_timeout = self.exchange.frontend.timeouts.client;
        let abort = backend.options.abortonclose.unwrap_or(false);
        let mut sent_at = upload.is_done().then(Instant::now);
        loop {
            let parsed = self.parse_response_head()?;
            if let Some(connection) = parsed {
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
                match sent_at {
                    Some(at) => client.deadline.after(at, server_timeout),
                    None if upload.waiting == Waiting::Read => {
                        client.deadline.after(upload.moved_at, client_timeout)
                    }
                    None => client.deadline.after(upload.moved_at, server_timeout),
                }
                if client.deadline.poll(cx) {
                    let slow_client = sent_at.is_none() && upload.waiting == Waiting::Read;
                    let reason = if slow_client { NoResponse::ClientTimedOut } else { NoResponse::TimedOut };
                    return Poll::Ready(Err(reason));
                }
                if sent_at.is_some() && watch_client(client, &mut work.client, ended, cx) && abort {
                    return Poll::Ready(Err(NoResponse::Aborted));
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

    /// Passes a 1xx response on; HTTP/1.0 knows none.
    async fn send_informational(&mut self) -> Result<(), NoResponse> {
        if self.exchange.request.version == Version::Http10 {
            return Ok(());
        }
        self.work.out.clear();
        write_response(&self.exchange.response, ConnectionHeader::None, &mut self.work.out);
        self.send_out().await.map_err(|_| NoResponse::Aborted)
    }

    /// Sends the response on and settles both connections.
    async fn respond(
        &mut self,
        backend: &Arc<Backend>,
        upstream: Box<Upstream>,
        upload: Pump,
        connection: Connection,
    ) -> After {
        let frontend = Arc::clone(self.frontend());
        self.capture_response();
        let verdict = backend.rules.http_response.run(&mut self.exchange);
        let verdict = match verdict {
            Verdict::Continue => frontend.rules.http_response.run(&mut self.exchange),
            verdict => verdict,
        };
        if let Verdict::Reply(reply) | Verdict::Tarpit(reply) = verdict {
            drop(upstream);
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
        let old = self.exchange.request.version == Version::Http10;
        // A client of HTTP/1.0 can't read chunks: it gets the data until the end.
        let chunked = framing == Framing::Chunked && !old;
        if framing == Framing::Chunked && old {
            self.exchange.response.headers.remove_of(crate::http::HeaderId::TransferEncoding);
        }
        self.close |= framing == Framing::UntilClose || (framing == Framing::Chunked && old) || draining();
        let header = match (self.close, old) {
            (true, _) => ConnectionHeader::Close,
            (false, true) => ConnectionHeader::KeepAlive,
            (false, false) => ConnectionHeader::None,
        };
        // The pump of the request has given its head's memory free.
        let mut head = std::mem::take(&mut self.work.out);
        head.clear();
        write_response(&self.exchange.response, header, &mut head);
        let mut download = Pump::new(framing, chunked, head, Instant::now());
        let ended = self.pump_both(backend, &mut upstream, &mut upload, &mut download).await;
        self.exchange.bytes_out += download.written;
        let whole = ended.is_ok() && download.is_done();
        if let Err(stop) = ended {
            self.close = true;
            self.aborted(stop);
        }
        let request_done = upload.is_done();
        self.close |= !request_done;
        if whole && request_done && !connection.close {
            self.keep_server(backend, upstream);
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

    /// Moves both bodies until the response is through.
    async fn pump_both(
        &mut self,
        backend: &Backend,
        upstream: &mut Upstream,
        upload: &mut Pump,
        download: &mut Pump,
    ) -> Result<(), Ended> {
        let timeouts =
            Limits { client: self.exchange.frontend.timeouts.client, server: backend.timeouts.server };
        let (client, work) = (&mut *self.client, &mut *self.work);
        let mut upload_over = upload.is_done();
        poll_fn(|cx| {
            if !upload_over {
                match upload.poll(cx, &mut client.io, &mut work.client, &mut upstream.io) {
                    // The response goes on whatever becomes of the rest of the request.
                    Poll::Ready(_) => upload_over = true,
                    Poll::Pending => {}
                }
            }
            match download.poll(cx, &mut upstream.io, &mut work.server, &mut client.io) {
                Poll::Ready(Ok(())) => return Poll::Ready(Ok(())),
                Poll::Ready(Err(stop)) => return Poll::Ready(Err(Ended::Stopped(stop))),
                Poll::Pending => {}
            }
            let timeout = match download.waiting {
                Waiting::Read => timeouts.server,
                Waiting::Write => timeouts.client,
            };
            let since = download.moved_at.max(if upload_over { download.moved_at } else { upload.moved_at });
            client.deadline.after(since, timeout);
            if client.deadline.poll(cx) {
                return Poll::Ready(Err(Ended::TimedOut(download.waiting)));
            }
            Poll::Pending
        })
        .await
    }

    /// Keeps the server's connection for the next request, where the configuration lets it be kept.
    fn keep_server(&mut self, backend: &Backend, upstream: Box<Upstream>) {
        let keep = |mode: KeepAlive| mode == KeepAlive::KeepAlive;
        let kept = keep(backend.options.keep_alive) && keep(self.exchange.frontend.options.keep_alive);
        // Bytes beyond the body belong to no request: whoever sent them is not to be trusted with the next.
        if !kept || !self.work.server.is_empty() {
            return;
        }
        let Upstream { io, in_use, slot, .. } = *upstream;
        let Some(server) = slot.server().cloned() else { return };
        drop((in_use, slot));
        if backend.http_reuse == HttpReuse::Never {
            self.client.private = Some(Box::new(Private { server, io }));
        } else {
            pool::give(&server, io, Instant::now());
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
            Ended::Stopped(Stop::Truncated | Stop::ReadFailed) => Cause::Server,
            Ended::Stopped(Stop::WriteFailed) => Cause::Client,
            Ended::Stopped(Stop::Malformed) => Cause::Proxy,
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
    async fn no_response(&mut self, reason: NoResponse, upstream: &Upstream) -> After {
        let backend = self.exchange.backend.clone();
        if let Some(backend) = &backend {
            let counters = backend.stats.counters.mine();
            match reason {
                NoResponse::Client(_) | NoResponse::ClientTimedOut | NoResponse::Aborted => {
                    counters.cli_abrt.inc()
                }
                _ => counters.eresp.inc(),
            }
        }
        if let Some(server) = &self.exchange.server {
            match reason {
                NoResponse::Client(_) | NoResponse::ClientTimedOut | NoResponse::Aborted => {
                    server.counters.mine().cli_abrt.inc();
                }
                _ => server.counters.mine().eresp.inc(),
            }
        }
        let (cause, phase, status) = match reason {
            NoResponse::Empty if upstream.reused && self.exchange.session.requests > 1 => {
                // The server closed a connection just as it was used again: the client shall repeat the request
                // on a fresh one, which only it knows to be safe.
                self.terminate(Cause::Server, Phase::Headers);
                self.exchange.response.clear();
                self.close = true;
                self.finish();
                return After::Close;
            }
            NoResponse::Empty | NoResponse::Truncated => (Cause::Server, Phase::Headers, 502),
            NoResponse::Invalid => (Cause::Proxy, Phase::Headers, 502),
            NoResponse::TimedOut => (Cause::ServerTimeout, Phase::Headers, 504),
            NoResponse::Client(Stop::Malformed) => (Cause::Proxy, Phase::Data, 400),
            NoResponse::ClientTimedOut => (Cause::ClientTimeout, Phase::Data, 408),
            NoResponse::Client(_) => (Cause::Client, Phase::Data, 400),
            NoResponse::Aborted => {
                self.terminate(Cause::Client, Phase::Headers);
                self.exchange.response.clear();
                self.exchange.response.status = 400;
                self.close = true;
                self.finish();
                return After::Close;
            }
        };
        self.terminate(cause, phase);
        self.answer_status(status).await
    }
}

/// How a response's body ended too early.
enum Ended {
    Stopped(Stop),
    TimedOut(Waiting),
}

struct Limits {
    client: Option<Duration>,
    server: Option<Duration>,
}

/// Drops a body that is whole in the buffer; false: it is not.
pub(super) fn drain_buffered(body: &mut Body, buffer: &mut Buffer) -> bool {
    let mut at = 0;
    loop {
        match body.step(buffer.slice(at..buffer.len())) {
            Ok(Progress::Skip(n) | Progress::Trailer(n, _)) => at += n,
            Ok(Progress::Data(n)) => {
                at += n;
                if body.is_done() {
                    buffer.consume(at);
                    return true;
                }
            }
            Ok(Progress::End(n)) => {
                buffer.consume(at + n);
                return true;
            }
            Ok(Progress::More) | Err(_) => return false,
        }
    }
}
