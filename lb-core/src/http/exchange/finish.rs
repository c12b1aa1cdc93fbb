//! The end of an exchange: numbers and the log line.

use super::Run;
use crate::clock;
use crate::exchange::Phase;
use crate::proxy::ProxyCounters;
use std::time::Instant;

impl Run<'_> {
    /// Counts a whole request.
    pub(super) fn count_request(&mut self) {
        let counters = self.exchange.frontend.stats.counters.mine();
        counters.req_tot.inc();
        counters.req_rate.add(1, clock::at(self.exchange.times.first_byte));
    }

    /// Counts a request that never became one.
    pub(super) fn count_bad_request(&mut self) {
        let counters = self.exchange.frontend.stats.counters.mine();
        counters.req_tot.inc();
        counters.req_rate.add(1, clock::at(self.exchange.times.first_byte));
        counters.ereq.inc();
        count_status(counters, self.exchange.response.status);
    }

    /// Counts a request or, after it, a response that rules denied.
    pub(super) fn count_denied(&mut self, phase: Phase) {
        let count = |counters: &ProxyCounters| match phase {
            Phase::Headers => counters.dresp.inc(),
            _ => counters.dreq.inc(),
        };
        count(self.exchange.frontend.stats.counters.mine());
        if let Some(backend) = &self.exchange.backend {
            count(backend.stats.counters.mine());
        }
        if let Some(server) = self.exchange.server.as_ref().filter(|_| phase == Phase::Headers) {
            count(server.counters.mine());
        }
    }

    /// Counts the finished exchange and writes its log line.
    pub(super) fn finish(&mut self) {
        let now = Instant::now();
        let exchange = &self.exchange;
        let traffic = |counters: &ProxyCounters| {
            counters.bin.add(exchange.bytes_in);
            counters.bout.add(exchange.bytes_out);
        };
        let counters = exchange.frontend.stats.counters.mine();
        traffic(counters);
        count_status(counters, exchange.response.status);
        if let Some(backend) = &exchange.backend {
            let counters = backend.stats.counters.mine();
            traffic(counters);
            count_status(counters, exchange.response.status);
            exchange.times.average(counters, now);
        }
        if let Some(server) = &exchange.server {
            let counters = server.counters.mine();
            traffic(counters);
            exchange.times.average(counters, now);
        }
        // Logs count what is there besides this exchange.
        self.in_backend = None;
        self.log_at(now);
    }

    /// Counts a response that a server gave, whatever rules will make of it.
    pub(super) fn count_response(&mut self) {
        if let Some(server) = &self.exchange.server {
            let counters = server.counters.mine();
            counters.req_tot.inc();
            count_status(counters, self.exchange.response.status);
        }
    }

    /// Writes the log line of an exchange that ends now.
    pub(super) fn log(&mut self) {
        self.log_at(Instant::now());
    }

    fn log_at(&mut self, now: Instant) {
        crate::log::emit(&self.exchange, now, &mut self.work.out);
    }
}

/// Counts a response by the class of its status.
fn count_status(counters: &ProxyCounters, status: u16) {
    let class = match status {
        100..600 => usize::from(status / 100 - 1),
        _ => 5,
    };
    if let Some(counter) = counters.hrsp.get(class) {
        counter.inc();
    }
}
