//! Content rules: they run again with every byte that comes until they know enough (manual 4.2
//! "tcp-request content").

use super::relay::Relay;
use super::session::Stream;
use crate::exchange::{Cause, Phase};
use crate::net::{Buffer, Io};
use crate::proxy::Backend;
use crate::rule::{Ruleset, Verdict};
use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// What content rules say of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inspected {
    /// It goes on.
    Passed,
    /// It goes on as HTTP.
    Http,
    /// It is refused, and all is counted.
    Refused,
}

impl Stream {
    /// Runs content rules on the client's bytes, waiting for more of them as long as `delay` lets.
    pub(super) async fn inspect(
        &mut self,
        rules: &Ruleset,
        delay: Option<Duration>,
        reads_http: bool,
    ) -> Inspected {
        if rules.is_empty() && !reads_http {
            return Inspected::Passed;
        }
        self.look_at_client();
        let delay = delay.filter(|delay| !delay.is_zero());
        let mut until = None;
        let verdict = loop {
            let now = Instant::now();
            let Some(peeked) = &mut self.exchange.peeked else { return Inspected::Passed };
            let expired = until.is_some_and(|until| until <= now);
            peeked.last = delay.is_none() || self.client.ended || peeked.request.is_full() || expired;
            if reads_http {
                peeked.read_http(self.plan.max_headers, &mut self.exchange.request);
            }
            if let Some(verdict) = rules.inspect(&mut self.exchange) {
                break verdict;
            }
            // The delay runs from the first rule that had to wait.
            until = until.or_else(|| now.checked_add(delay.unwrap_or_default()));
            self.await_client(until).await;
            if self.deadline.was_cut() {
                self.terminate(Cause::Killed, Phase::Done);
                return Inspected::Refused;
            }
        };
        std::mem::take(&mut self.exchange.marking).apply(&self.io);
        match verdict {
            Verdict::Continue | Verdict::Accept => Inspected::Passed,
            Verdict::Http => Inspected::Http,
            verdict => {
                if let Verdict::SilentDrop { ttl } = verdict {
                    self.io.vanish(ttl);
                }
                self.refuse_request();
                Inspected::Refused
            }
        }
    }

    /// Runs response rules on the server's bytes, none of which are passed on before the verdict. What the client
    /// sends goes on meanwhile.
    pub(super) async fn inspect_response(&mut self, backend: &Backend, relay: &mut Relay, server: &mut Io) {
        let rules = &backend.rules.tcp_response_content;
        let delay = backend.response_delay.filter(|delay| !delay.is_zero());
        relay.down.flow.held = true;
        let verdict = loop {
            let flow = &mut relay.down.flow;
            let now = Instant::now();
            let expired = relay.until.is_some_and(|until| until <= now);
            let Some(peeked) = &mut self.exchange.peeked else { break Verdict::Continue };
            peeked.response = flow.take_buffer();
            peeked.last = delay.is_none() || flow.ended || peeked.response.is_full() || expired;
            let verdict = rules.inspect(&mut self.exchange);
            if let Some(peeked) = &mut self.exchange.peeked {
                flow.put_back(std::mem::replace(&mut peeked.response, Buffer::none()));
            }
            if let Some(verdict) = verdict {
                break verdict;
            }
            relay.until = relay.until.or_else(|| now.checked_add(delay.unwrap_or_default()));
            relay.run(&mut self.io, server, &mut self.deadline).await;
            if self.deadline.was_cut() {
                break Verdict::Continue;
            }
        };
        std::mem::take(&mut self.exchange.marking).apply(&self.io);
        relay.until = None;
        relay.down.flow.held = false;
        match verdict {
            Verdict::Continue | Verdict::Accept => {}
            // The server is closed; what it has sent goes on.
            Verdict::Close => {
                relay.up.kill();
                relay.down.flow.ended = true;
            }
            verdict => {
                if let Verdict::SilentDrop { ttl } = verdict {
                    self.io.vanish(ttl);
                }
                relay.up.kill();
                relay.down.kill();
                self.terminate(Cause::Proxy, Phase::Data);
                self.count(|counters| counters.dresp.inc());
            }
        }
    }

    fn refuse_request(&mut self) {
        self.exchange.termination = Default::default();
        self.terminate(Cause::Proxy, Phase::Request);
        // As HAProxy counts: never on the backend.
        self.exchange.frontend.stats.counters.mine().dreq.inc();
    }

    /// Waits until there is more to look at: bytes, an end, a failure, a time-out.
    async fn await_client(&mut self, until: Option<Instant>) {
        let patience = self.exchange.frontend.timeouts.client.filter(|patience| !patience.is_zero());
        poll_fn(|cx| {
            if self.poll_client(cx) {
                return Poll::Ready(());
            }
            let patience = patience.and_then(|patience| self.client.heard.checked_add(patience));
            self.deadline.set([until, patience].into_iter().flatten().min());
            if !self.deadline.poll(cx) {
                return Poll::Pending;
            }
            if patience.is_some_and(|at| at <= Instant::now()) {
                self.client.ended = true;
                self.terminate(Cause::ClientTimeout, Phase::Request);
            }
            Poll::Ready(())
        })
        .await;
    }

    /// Takes what the client has sent so far, without waiting.
    pub(super) fn look_at_client(&mut self) {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        self.poll_client(&mut cx);
    }

    /// Reads from the client what fits; true: something came, its end or failure included.
    pub(super) fn poll_client(&mut self, cx: &mut Context<'_>) -> bool {
        let mut came = false;
        let Some(peeked) = &mut self.exchange.peeked else { return false };
        while !self.client.ended && !peeked.request.is_full() {
            match self.io.poll_read(cx, peeked.request.space()) {
                Poll::Ready(Ok(0)) => self.client.ended = true,
                Poll::Ready(Ok(n)) => {
                    peeked.request.advance(n);
                    self.client.heard = Instant::now();
                }
                Poll::Ready(Err(_)) => {
                    self.client.ended = true;
                    let termination = &mut self.exchange.termination;
                    if termination.cause == Cause::Normal {
                        (termination.cause, termination.phase) = (Cause::Client, Phase::Request);
                    }
                }
                Poll::Pending => break,
            }
            came = true;
        }
        self.exchange.bytes_in = peeked.request.len() as u64;
        came
    }
}
