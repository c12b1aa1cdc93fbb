//! The server's response, from its head on: rules, the persistence cookie, the bodies, and what becomes of both
//! connections.

use super::buffering::drain_buffered;
use super::forward::unix_seconds;
use super::{After, Run, draining};
use crate::connect::{Private, Upstream, pool};
use crate::exchange::{Cause, Phase};
use crate::http::h1::{Body, Connection, write_response};
use crate::http::message::{Framing, Version};
use crate::http::relay::{Pump, Stop, Waiting};
use crate::proxy::Backend;
use crate::roll::Stage;
use crate::rule::Verdict;
use crate::server::persistence;
use haproxy_cfg_parser::model::{HttpReuse, KeepAlive};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

impl Run<'_> {
    /// Sends the response on and settles both connections.
    pub(super) async fn respond(
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
        self.enter(Stage::Data);
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
                let killed = client.deadline.was_cut();
                return Poll::Ready(Err(if killed { Ended::Killed } else { Ended::TimedOut(waiting) }));
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
        let Upstream { tie, io, in_use, slot, reused } = upstream;
        drop(tie);
        let Some(server) = slot.server().cloned() else { return };
        drop(slot);
        // Its PROXY header named one request.
        if server.is_single_use() || self.exchange.server_marking.is_set() {
            return;
        }
        if backend.http_reuse == HttpReuse::Never || server.is_personal() {
            self.client.private = Some(Box::new(Private { server, io, moves: in_use.moves() }));
        } else {
            pool::give(&server, in_use, io, reused, Instant::now());
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
            Ended::Killed => Cause::Killed,
            Ended::TimedOut(Waiting::Read) => Cause::ServerTimeout,
            Ended::TimedOut(Waiting::Write) => Cause::ClientTimeout,
        };
        match cause {
            Cause::Client | Cause::ClientTimeout => both(&|counters| counters.cli_abrt.inc()),
            _ => both(&|counters| counters.srv_abrt.inc()),
        }
        if let (Cause::Server, Some(backend)) = (cause, &backend) {
            backend.stats.counters.mine().eresp.inc();
            if let Some(server) = &server {
                server.counters.mine().eresp.inc();
            }
        }
        self.terminate(cause, Phase::Data);
    }
}

/// How a response's body ended too early.
enum Ended {
    /// The response itself.
    Stopped(Stop),
    /// The rest of the request, after the response.
    Client(Stop),
    TimedOut(Waiting),
    /// From outside.
    Killed,
}
