//! The request head: from the first byte to a typed message, or a refusal.

use super::buffering::walk;
use super::{Run, Wake};
use crate::exchange::{Cause, Phase};
use crate::http::h1::{Body, Parsed, parse_request};
use crate::http::message::Framing;
use crate::net::Fail;
use crate::proxy::Capture;
use std::time::Instant;

/// How a request head ended that never became whole.
enum Failure {
    /// The client ended or reset its side.
    Gone,
    /// The time for the request is over.
    TimedOut,
    /// It is refused with that status.
    Refused(u16),
}

/// Parses of one unfinished head after which only a whole one is parsed again.
const EAGER_PARSES: u32 = 32;

impl Run<'_> {
    /// Reads the request head. False: there is none, all is said and the connection ends.
    pub(super) async fn receive(&mut self, wake: Wake) -> bool {
        let failure = match wake {
            Wake::TimedOut => Failure::TimedOut,
            Wake::Readable | Wake::Stopping => match self.receive_head().await {
                Ok(()) => {
                    self.exchange.times.request = Some(Instant::now());
                    return true;
                }
                Err(failure) => failure,
            },
        };
        self.receive_failed(failure).await;
        false
    }

    async fn receive_head(&mut self) -> Result<(), Failure> {
        let timeouts = self.exchange.frontend.timeouts;
        let first_byte = self.exchange.times.first_byte;
        // The time for a whole request runs from its first byte, on a fresh connection from the accept.
        let from = if self.exchange.session.requests == 1 { self.exchange.times.began } else { first_byte };
        let total = timeouts.http_request;
        self.client.deadline.after(from, total.or(timeouts.client));
        let (mut parses, mut searched) = (0, 0);
        loop {
            if !self.work.client.is_empty()
                && (parses < EAGER_PARSES || has_head_end(self.work.client.filled(), &mut searched))
            {
                parses += 1;
                match self.parse_head()? {
                    true => return Ok(()),
                    false if self.work.client.is_full() => {
                        self.keep_unread_request(self.work.client.len());
                        return Err(Failure::Refused(400));
                    }
                    false => {}
                }
            }
            match self.client.io.read(&mut self.work.client, &mut self.client.deadline).await {
                Ok(0) => return Err(Failure::Gone),
                Ok(_) => {}
                Err(Fail::Timeout) => return Err(Failure::TimedOut),
                Err(Fail::Io(_)) => return Err(Failure::Gone),
            }
            if total.is_none() {
                self.client.deadline.after(Instant::now(), timeouts.client);
            }
        }
    }

    /// Parses what is there; true: the head is whole.
    fn parse_head(&mut self) -> Result<bool, Failure> {
        let plan = &self.client.plan;
        let request = &mut self.exchange.request;
        request.clear();
        let filled = self.work.client.filled();
        match parse_request(filled, plan.max_headers, request, &mut self.connection) {
            Parsed::Complete(n) if n + plan.maxrewrite > plan.bufsize => {
                request.clear();
                self.keep_unread_request(n);
                Err(Failure::Refused(400))
            }
            Parsed::Complete(n) => {
                self.work.client.consume(n);
                self.exchange.bytes_in = n as u64;
                // Broken coding that came with the head is seen before anything is passed on.
                let framing = request.framing;
                if framing == Framing::Chunked && walk(&mut Body::new(framing), &self.work.client).is_err() {
                    request.clear();
                    self.keep_unread_request(0);
                    return Err(Failure::Refused(400));
                }
                Ok(true)
            }
            Parsed::Partial => Ok(false),
            Parsed::Invalid(status, at) => {
                request.clear();
                self.keep_unread_request(at);
                Err(Failure::Refused(status))
            }
        }
    }

    /// Keeps what cannot be read, from the byte at `position` on, for operators.
    #[cold]
    fn keep_unread_request(&self, position: usize) {
        let (session, client) = (&self.exchange.session, &self.work.client);
        let (bytes, size) = (client.filled(), self.client.plan.bufsize);
        let capture = Capture::new(bytes, size, position, session.src, session.listener.id);
        self.exchange.frontend.stats.unread.put(capture);
    }

    async fn receive_failed(&mut self, failure: Failure) {
        let first = self.exchange.session.requests == 1;
        let silent = self.work.client.is_empty();
        self.exchange.request.clear();
        self.close = true;
        let options = &self.exchange.frontend.options;
        let (ignore_probes, ignore_null) = (options.http_ignore_probes, options.dontlognull);
        // Browsers open connections ahead of need; an idle one that ends is nobody's error.
        let probe = silent && (!first || ignore_probes);
        match failure {
            _ if probe => {}
            Failure::Gone => {
                self.terminate(Cause::Client, Phase::Request);
                self.refuse(400, !(silent && ignore_null)).await;
            }
            Failure::TimedOut => {
                self.terminate(Cause::ClientTimeout, Phase::Request);
                self.refuse(408, !(silent && ignore_null)).await;
            }
            Failure::Refused(status) => {
                self.terminate(Cause::Proxy, Phase::Request);
                self.refuse(status, true).await;
            }
        }
    }
}

/// True when the bytes hold a blank line that was not there in the part searched before.
fn has_head_end(bytes: &[u8], searched: &mut usize) -> bool {
    let from = searched.saturating_sub(3);
    *searched = bytes.len();
    let new = bytes.get(from..).unwrap_or_default();
    memchr::memchr_iter(b'\n', new)
        .any(|at| matches!(new.get(at + 1..), Some([b'\n', ..] | [b'\r', b'\n', ..])))
}
