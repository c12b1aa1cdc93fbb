//! The end of a session: numbers and the log line.

use super::session::Stream;
use crate::exchange::{Cause, Phase};
use crate::proxy::ProxyCounters;
use std::time::Instant;

impl Stream {
    /// Sets how the session ended, unless that is known already.
    pub(super) fn terminate(&mut self, cause: Cause, phase: Phase) {
        let termination = &mut self.exchange.termination;
        if termination.cause == Cause::Normal {
            termination.cause = cause;
            termination.phase = phase;
        }
    }

    /// Counts on the frontend, the backend and the server, as far as the session came.
    pub(super) fn count(&self, count: impl Fn(&ProxyCounters)) {
        count(self.exchange.frontend.stats.counters.mine());
        if let Some(backend) = &self.exchange.backend {
            count(backend.stats.counters.mine());
        }
        if let Some(server) = &self.exchange.server {
            count(server.counters.mine());
        }
    }

    /// Writes the line of a frontend that asks for nothing that only the end can tell.
    pub(super) fn log_early(&mut self) {
        let log = &self.exchange.frontend.log;
        if log.early && log.logger.is_some() {
            self.log(Instant::now());
        }
    }

    fn log(&mut self, now: Instant) {
        self.logged = true;
        let mut line = Vec::new();
        crate::log::emit(&self.exchange, now, &mut line);
    }

    /// Counts the finished session and writes its log line.
    pub(super) fn finish(&mut self) {
        let now = Instant::now();
        let exchange = &self.exchange;
        let (bytes_in, bytes_out) = (exchange.bytes_in, exchange.bytes_out);
        self.count(|counters| {
            counters.bin.add(bytes_in);
            counters.bout.add(bytes_out);
        });
        if let Some(backend) = &exchange.backend {
            exchange.times.average(backend.stats.counters.mine(), now);
        }
        if let Some(server) = &exchange.server {
            exchange.times.average(server.counters.mine(), now);
        }
        // Logs count what is there besides this session.
        self.in_backend = None;
        let silent = bytes_in == 0 && exchange.frontend.options.dontlognull;
        if !self.logged && !silent {
            self.log(now);
        }
    }
}
