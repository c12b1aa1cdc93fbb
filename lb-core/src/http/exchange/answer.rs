//! What lb says itself: refusals, rules' replies, the monitor.

use super::{After, Run, draining};
use crate::exchange::{Cause, Phase};
use crate::http::HeaderId;
use crate::http::h1::{message_weight, write_response};
use crate::http::message::{Framing, Method};
use crate::net::Fail;
use crate::rule::{Message, Replies, Reply, error_reply};
use std::sync::Arc;
use std::time::{Duration, Instant};

impl Run<'_> {
    /// Refuses bytes that are no request: the raw error text, and the connection ends.
    pub(super) async fn refuse(&mut self, status: u16, log: bool) {
        self.close = true;
        self.exchange.response.status = status;
        self.count_bad_request();
        self.work.out.clear();
        write_refusal(&Replies::builtin(status), &mut self.work.out);
        // Whether it arrives makes no difference: the connection ends.
        let _ = self.send_out().await;
        if log {
            self.log();
        }
        self.linger().await;
    }

    /// Answers with one of the built-in errors, as `errorfile`s have them.
    pub(super) async fn answer_status(&mut self, status: u16) -> After {
        let message = error_reply(&self.exchange, status);
        self.send_message(&message).await
    }

    /// Answers as a rule says.
    pub(super) async fn answer_rule(&mut self, reply: &Reply) -> After {
        if reply.denied {
            self.count_denied(reply.phase);
        } else {
            self.exchange.frontend.stats.counters.mine().intercepted.inc();
        }
        self.terminate(reply.cause, reply.phase);
        // As in HAProxy, a redirected request with a body ends its connection, be the body there or not.
        if matches!(reply.message.status, 301..=308) && self.exchange.request.framing != Framing::None {
            self.close = true;
            // HAProxy has the header in the answer itself, where it counts.
            self.exchange.bytes_out += "connectionclose".len() as u64;
        }
        self.send_message(&reply.message).await
    }

    /// True when the request asks `monitor-uri`.
    pub(super) fn is_monitor(&self) -> bool {
        let request = &self.exchange.request;
        let monitored = |uri: &[u8]| request.target() == uri || request.path_and_query() == uri;
        self.exchange.frontend.monitor_uri.as_deref().is_some_and(monitored)
    }

    /// Answers the monitor: 200, or 503 when a `monitor fail` condition holds.
    pub(super) async fn answer_monitor(&mut self) -> After {
        let frontend = Arc::clone(self.frontend());
        let failed = frontend.monitor_fail.iter().any(|condition| condition.holds(&self.exchange));
        self.terminate(Cause::Local, Phase::Request);
        self.exchange.log_level = Some(None);
        self.settle_keep_alive();
        frontend.stats.counters.mine().intercepted.inc();
        self.answer_status(if failed { 503 } else { 200 }).await
    }

    /// Sends a message of lb's own: it passes `http-after-response`, keeps the connection where it may.
    pub(super) async fn send_message(&mut self, message: &Message) -> After {
        if message.silent {
            message.write(&mut self.exchange.response);
            self.close = true;
            self.finish();
            return After::Close;
        }
        self.begin_message(message);
        let exchange = &mut self.exchange;
        let length_known = exchange.response.headers.first_of(HeaderId::ContentLength).is_some()
            || exchange.response.headers.first_of(HeaderId::TransferEncoding).is_some()
            || matches!(exchange.response.status, 100..=199 | 204 | 304);
        self.close |= !length_known || draining();
        let header = self.client_header();
        self.work.out.clear();
        write_response(&self.exchange.response, header, &mut self.work.out);
        if self.exchange.request.method != Method::Head {
            self.work.out.extend_from_slice(&message.body);
        }
        let head_only = self.exchange.request.method == Method::Head;
        self.exchange.bytes_out += weight(message, head_only);
        if self.send_out().await.is_err() {
            self.close = true;
        }
        self.end_message().await
    }

    /// Makes a message of lb's own the response, and lets `http-after-response` rules change it.
    pub(super) fn begin_message(&mut self, message: &Message) {
        let exchange = &mut self.exchange;
        message.write(&mut exchange.response);
        let frontend = Arc::clone(&exchange.frontend);
        if let Some(backend) = exchange.backend.clone() {
            backend.rules.http_after_response.run(exchange);
        }
        frontend.rules.http_after_response.run(exchange);
        // A body that is still to come can't be told from a next request once we have answered.
        if exchange.request.framing != Framing::None && !self.body_read && !self.request_body_is_here() {
            self.close = true;
        }
    }

    /// What follows the last byte of a message of lb's own.
    pub(super) async fn end_message(&mut self) -> After {
        self.finish();
        if self.close {
            self.linger().await;
            return After::Close;
        }
        After::KeepAlive
    }

    /// Takes a request's body out of the buffer when all of it is there.
    fn request_body_is_here(&mut self) -> bool {
        let mut body = crate::http::h1::Body::new(self.exchange.request.framing);
        super::buffering::drain_buffered(&mut body, &mut self.work.client)
    }

    /// Sends what stands in `out` to the client.
    pub(super) async fn send_out(&mut self) -> Result<(), Fail> {
        self.client.deadline.after(Instant::now(), self.exchange.client_timeout());
        self.client.io.write_all(&self.work.out, &mut self.client.deadline).await
    }

    /// Ends our side and reads on for a moment, so that bytes still on their way do not turn the close into a reset
    /// that would take our answer from the client (RFC 9112 9.6).
    pub(super) async fn linger(&mut self) {
        let io = &mut self.client.io;
        if std::future::poll_fn(|cx| io.poll_shutdown(cx)).await.is_err() {
            return;
        }
        self.client.deadline.set(Instant::now().checked_add(Duration::from_millis(200)));
        for _ in 0..64 {
            self.work.client.clear();
            match self.client.io.read(&mut self.work.client, &mut self.client.deadline).await {
                Ok(n) if n > 0 => {}
                _ => break,
            }
        }
        self.work.client.clear();
    }
}

/// The answer to what is no HTTP request, as HAProxy's multiplexer writes it: never from an `errorfile`.
fn write_refusal(message: &Message, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("HTTP/1.1 {} ", message.status).as_bytes());
    out.extend_from_slice(&message.reason);
    // HAProxy's page for 422 has no such line, though the connection ends as well.
    let close = if message.status == 422 { "" } else { "Connection: close\r\n" };
    let head = format!(
        "\r\nContent-length: {}\r\nCache-Control: no-cache\r\n{close}Content-Type: text/html\r\n\r\n",
        message.body.len()
    );
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(&message.body);
}

/// A message's size as HAProxy counts it for logs. Its pages for 400 and 408 have a `Connection: close` of their own.
fn weight(message: &Message, head_only: bool) -> u64 {
    let status = if message.status > 999 { 4 } else { 3 };
    let headers = message.headers.iter().map(|(name, value)| (name.name().len() + value.len()) as u64);
    let own_close = if matches!(message.status, 400 | 408) { "connectionclose".len() as u64 } else { 0 };
    let body = if head_only { 0 } else { message.body.len() as u64 };
    message_weight(status, message.reason.len()) + headers.sum::<u64>() + own_close + body
}
