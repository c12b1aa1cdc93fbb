//! From a request to a backend: the frontend's rules, `use_backend`, the backend's rules.

use super::buffering::Buffered;
use super::{After, Run};
use crate::clock;
use crate::exchange::{Cause, Phase};
use crate::proxy::{Backend, ForwardFor, InBackend, Rules};
use crate::rule::{Kind, Reply, Ruleset, Verdict, Wait, error_reply};
use crate::service::Service;
use crate::stats::page::Page;
use haproxy_cfg_parser::model::{Mode, UnusualNames};
use std::io::Write;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Where a request goes.
pub(super) enum Route {
    /// To a server of a backend.
    Backend(Arc<Backend>),
    /// Nowhere: it has been answered.
    Done(After),
}

impl Run<'_> {
    /// Runs the rules up to the choice of the backend, and its rules.
    pub(super) async fn route(&mut self) -> Route {
        self.count_request();
        self.capture_request();
        let frontend = Arc::clone(self.frontend());
        if self.is_monitor() {
            return Route::Done(self.answer_monitor().await);
        }
        if frontend.options.http_buffer_request
            && let Some(after) = self.wait_for_body(None, 0).await
        {
            return Route::Done(after);
        }
        if let Some(after) = self.request_rules(&frontend.rules, frontend.page.as_ref()).await {
            return Route::Done(after);
        }
        let Some(backend) = frontend.switch(&self.exchange) else {
            self.exchange.times.request = None;
            self.terminate(Cause::Server, Phase::Connect);
            self.settle_keep_alive();
            return Route::Done(self.answer_status(503).await);
        };
        self.exchange.backend = Some(Arc::clone(&backend));
        if backend.mode != Mode::Http {
            // A TCP frontend that turned to HTTP, whose next request leads elsewhere.
            return Route::Done(self.misrouted());
        }
        self.in_backend = Some(InBackend::new(Arc::clone(&backend)));
        if let Some(entry) = &self.entry {
            entry.in_backend(&backend);
        }
        let counters = backend.stats.counters.mine();
        counters.sess_tot.inc();
        counters.req_tot.inc();
        counters.sess_rate.add(1, clock::at(self.exchange.times.first_byte));
        if backend.options.http_buffer_request
            && !frontend.options.http_buffer_request
            && let Some(after) = self.wait_for_body(None, 0).await
        {
            return Route::Done(after);
        }
        if let Some(after) = self.request_rules(&backend.rules, backend.page.as_ref()).await {
            return Route::Done(after);
        }
        self.settle_keep_alive();
        self.add_unique_id();
        self.add_forwarded();
        Route::Backend(backend)
    }

    /// The rules of one side, with its statistics page after the `http-request` rules. Some: it has been answered.
    async fn request_rules(&mut self, rules: &Rules, page: Option<&Arc<Page>>) -> Option<After> {
        if let Some(after) = self.judge_content(&rules.tcp_request_content).await {
            return Some(after);
        }
        if let Some(after) = self.judge_request(&rules.http_request).await {
            return Some(after);
        }
        if let Some(after) = self.restrict_names(rules.unusual_names).await {
            return Some(after);
        }
        if let Some(page) = page.filter(|page| page.is_asked(&self.exchange.request)) {
            return Some(self.show_page(page).await);
        }
        if rules.redirect.is_empty() {
            return None;
        }
        self.judge_request(&rules.redirect).await
    }

    /// `option http-restrict-req-hdr-names`. Some: the request is refused.
    async fn restrict_names(&mut self, names: UnusualNames) -> Option<After> {
        let unusual = |name: &[u8]| !name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
        let headers = &mut self.exchange.request.headers;
        match names {
            UnusualNames::Preserve => None,
            UnusualNames::Delete => {
                headers.remove_if(|name, _| unusual(name));
                None
            }
            UnusualNames::Reject if headers.iter().any(|(name, _)| unusual(name)) => {
                let reply = Reply::denied(error_reply(&self.exchange, 403), Kind::HttpRequest);
                self.conclude_request(Verdict::Reply(reply)).await
            }
            UnusualNames::Reject => None,
        }
    }

    /// Answers with the statistics page, if its own rules let it.
    async fn show_page(&mut self, page: &Arc<Page>) -> After {
        if let Some(after) = self.judge_request(&page.rules).await {
            return after;
        }
        if let Some(challenge) = page.challenge(&self.exchange) {
            self.exchange.service = Some(page.name());
            self.settle_keep_alive();
            return self.answer_rule(&challenge).await;
        }
        let service: Arc<dyn Service> = Arc::clone(page) as _;
        self.serve(&service).await
    }

    /// `option http-buffer-request`, `wait-for-body`: the body first, as much as fits or is asked for (0: all). Some: it did
    /// not come in time.
    async fn wait_for_body(&mut self, time: Option<Duration>, at_least: usize) -> Option<After> {
        match self.buffer_body(time, at_least).await {
            Buffered::TimedOut if self.was_cut() => {
                self.exchange.times.request = None;
                return Some(self.killed());
            }
            Buffered::TimedOut => {
                self.close = true;
                self.exchange.times.request = None;
                self.terminate(Cause::ClientTimeout, Phase::Request);
                return Some(self.answer_status(408).await);
            }
            // Rules still choose the backend, which the log names.
            Buffered::Ended => self.gave_up = true,
            Buffered::Whole | Buffered::Part => {}
        }
        // The request is there when its body is.
        self.exchange.times.request = Some(Instant::now());
        self.show_body();
        None
    }

    /// Content rules come before there is a request: a refused one has not been read, as the log has it.
    async fn judge_content(&mut self, rules: &Ruleset) -> Option<After> {
        if rules.is_empty() {
            return None;
        }
        match self.run_rules(rules).await {
            Ok(verdict) => {
                if matches!(verdict, Verdict::Reject | Verdict::SilentDrop { .. }) {
                    self.exchange.request.clear();
                }
                self.conclude_request(verdict).await
            }
            Err(after) => Some(after),
        }
    }

    /// Runs request rules and carries out what they lead to; none: the request goes on.
    async fn judge_request(&mut self, rules: &Ruleset) -> Option<After> {
        match self.run_rules(rules).await {
            Ok(verdict) => self.conclude_request(verdict).await,
            Err(after) => Some(after),
        }
    }

    /// Runs rules to their verdict, with the waits that they ask for. An error: a wait ended in an answer.
    #[inline]
    pub(super) async fn run_rules(&mut self, rules: &Ruleset) -> Result<Verdict, After> {
        let mut next = 0;
        loop {
            match rules.resume(&mut next, &mut self.exchange) {
                Verdict::Wait(wait) => self.wait(wait).await?,
                verdict => {
                    std::mem::take(&mut self.exchange.marking).apply(&self.client.io);
                    return Ok(verdict);
                }
            }
        }
    }

    async fn wait(&mut self, wait: Wait) -> Result<(), After> {
        match wait {
            Wait::Lookup => {
                self.exchange.looked_up().await;
                Ok(())
            }
            Wait::Pause(time) => self.pause(time).await,
            Wait::Body { time, at_least } => match self.wait_for_body(Some(time), at_least).await {
                Some(after) => Err(after),
                None => Ok(()),
            },
        }
    }

    /// Carries out a verdict of request rules; none: the request goes on.
    async fn conclude_request(&mut self, verdict: Verdict) -> Option<After> {
        match verdict {
            Verdict::Continue | Verdict::Accept | Verdict::Wait(_) | Verdict::Close | Verdict::Http => None,
            Verdict::Reply(reply) => {
                self.settle_keep_alive();
                Some(self.answer_rule(&reply).await)
            }
            Verdict::Tarpit(reply) => {
                let wait = self.exchange.tarpit_timeout().unwrap_or(Duration::ZERO);
                if let Err(after) = self.pause(wait).await {
                    return Some(after);
                }
                // As HAProxy logs it: no request time, and the wait as time in a queue.
                self.exchange.times.request = None;
                self.exchange.times.dequeued = Some(Instant::now());
                self.settle_keep_alive();
                self.terminate(Cause::Proxy, Phase::Tarpit);
                Some(self.answer_rule(&reply).await)
            }
            Verdict::Service(service) => Some(self.serve(&service).await),
            Verdict::Reject => Some(self.reject()),
            Verdict::SilentDrop { ttl } => {
                let after = self.reject();
                self.client.io.vanish(ttl);
                Some(after)
            }
        }
    }

    /// Ends the connection of a request that leads to a backend of another mode.
    fn misrouted(&mut self) -> After {
        self.exchange.times.request = None;
        self.exchange.response.status = 500;
        self.terminate(Cause::Internal, Phase::Request);
        self.log();
        self.close = true;
        After::Close
    }

    /// Ends the connection without an answer.
    fn reject(&mut self) -> After {
        self.exchange.times.request = None;
        self.terminate(Cause::Proxy, Phase::Request);
        self.count_denied(Phase::Request);
        self.log();
        self.close = true;
        After::Close
    }

    /// `unique-id-header`.
    fn add_unique_id(&mut self) {
        let exchange = &mut self.exchange;
        let Some((_, Some(header))) = &exchange.frontend.unique_id else { return };
        if let Some(id) = crate::log::unique_id(exchange).map(<[u8]>::to_vec) {
            exchange.request.headers.append_key(header, &id);
        }
    }

    /// `option forwardfor` and `option originalto`: the client's address and the one it reached, as further headers.
    fn add_forwarded(&mut self) {
        let frontend = Arc::clone(self.frontend());
        let backend = self.exchange.backend.clone();
        let backend = backend.as_deref();
        let src = self.exchange.src().map(|src| src.ip());
        self.add_address(frontend.forwardfor.as_ref(), backend.and_then(|one| one.forwardfor.as_ref()), src);
        if frontend.originalto.is_some() || backend.is_some_and(|one| one.originalto.is_some()) {
            let dst = self.exchange.dst().map(|dst| dst.ip());
            self.add_address(
                frontend.originalto.as_ref(),
                backend.and_then(|one| one.originalto.as_ref()),
                dst,
            );
        }
    }

    /// Both sides may ask for it; then the backend's header name counts, and the exceptions of both.
    fn add_address(
        &mut self,
        frontend: Option<&ForwardFor>,
        backend: Option<&ForwardFor>,
        address: Option<IpAddr>,
    ) {
        let (Some(chosen), Some(address)) = (backend.or(frontend), address) else { return };
        let excepted = [frontend, backend]
            .into_iter()
            .flatten()
            .any(|option| option.except.iter().any(|(net, bits)| contains(*net, *bits, address)));
        if excepted || (chosen.if_none && self.exchange.request.headers.contains(&chosen.header)) {
            return;
        }
        let mut text = [0_u8; 48];
        let mut cursor = &mut text[..];
        if write!(cursor, "{address}").is_ok() {
            let left = cursor.len();
            let length = text.len() - left;
            self.exchange.request.headers.append_key(&chosen.header, &text[..length]);
        }
    }
}

/// True when a network holds an address.
fn contains(net: IpAddr, bits: u8, address: IpAddr) -> bool {
    let (net, address, width) = match (net, address) {
        (IpAddr::V4(net), IpAddr::V4(address)) => {
            (u128::from(net.to_bits()), u128::from(address.to_bits()), 32)
        }
        (IpAddr::V6(net), IpAddr::V6(address)) => (net.to_bits(), address.to_bits(), 128),
        _ => return false,
    };
    let shift = width - u32::from(bits).min(width);
    shift >= 128 || (net >> shift) == (address >> shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_addresses() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap_or(IpAddr::V4(0.into()));
        assert!(contains(ip("10.0.0.0"), 8, ip("10.1.2.3")));
        assert!(!contains(ip("10.0.0.0"), 8, ip("11.1.2.3")));
        assert!(contains(ip("0.0.0.0"), 0, ip("11.1.2.3")));
        assert!(contains(ip("::1"), 128, ip("::1")));
        assert!(!contains(ip("::1"), 128, ip("127.0.0.1")));
    }
}
