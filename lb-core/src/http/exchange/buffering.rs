//! Bodies in buffers: waiting for a request's before it goes on (`option http-buffer-request`), measuring, dropping.

use super::Run;
use crate::http::h1::{Body, BodyError, Progress, write_trailers};
use crate::http::message::Framing;
use crate::net::{Buffer, Fail};
use std::time::{Duration, Instant};

/// How much of a body is in the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Buffered {
    /// All of it.
    Whole,
    /// As much as fits.
    Part,
    /// What came before its sender ended.
    Ended,
    /// What came before the time was over.
    TimedOut,
}

impl Run<'_> {
    /// Waits until the request's body is in the buffer, or `at_least` bytes of it where that is not 0, the buffer is full,
    /// or `time` is over; without one, the time for the request.
    pub(super) async fn buffer_body(&mut self, time: Option<Duration>, at_least: usize) -> Buffered {
        let framing = self.exchange.request.framing;
        if framing == Framing::None {
            return Buffered::Whole;
        }
        let timeouts = &self.exchange.frontend.timeouts;
        let time = time.or(timeouts.http_request).or(timeouts.client);
        self.client.deadline.after(Instant::now(), time);
        loop {
            match walk(&mut Body::new(framing), &self.work.client) {
                Ok(Some(_)) => return Buffered::Whole,
                Ok(None) if at_least > 0 && self.work.client.len() >= at_least => return Buffered::Part,
                Ok(None) if !self.work.client.is_full() => {}
                // What is broken is refused when it is sent on.
                Ok(None) | Err(_) => return Buffered::Part,
            }
            match self.client.io.read(&mut self.work.client, &mut self.client.deadline).await {
                Ok(n) if n > 0 => {}
                Err(Fail::Timeout) => return Buffered::TimedOut,
                _ => return Buffered::Ended,
            }
        }
    }

    /// The request's body is in the buffer.
    pub(super) fn is_whole(&self) -> bool {
        let framing = self.exchange.request.framing;
        framing == Framing::None || matches!(walk(&mut Body::new(framing), &self.work.client), Ok(Some(_)))
    }

    /// Copies the data of the body that is in the buffer, for rules that look at it.
    pub(super) fn show_body(&mut self) {
        let mut body = Body::new(self.exchange.request.framing);
        let buffer = &self.work.client;
        let shown = &mut self.exchange.request_body;
        shown.clear();
        let mut at = 0;
        loop {
            match body.step(buffer.slice(at..buffer.len())) {
                Ok(Progress::Skip(n)) => at += n,
                Ok(Progress::Data(n)) => {
                    shown.extend_from_slice(buffer.slice(at..at + n));
                    at += n;
                }
                Ok(Progress::End(..) | Progress::More) | Err(_) => return,
            }
        }
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
