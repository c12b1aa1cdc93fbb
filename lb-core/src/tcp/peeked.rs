//! Bytes that rules may look at before they are passed on.

use crate::http::Request;
use crate::http::h1::{Connection, Parsed, parse_request};
use crate::net::Buffer;
use std::sync::atomic::{AtomicBool, Ordering};

/// The start of both streams of a session, as far as it was received and not passed on.
///
/// A fetch that finds too little says so by [`Self::unsettle`]; the rule that asked then waits for more, as long as
/// more can come.
#[derive(Debug)]
pub struct Peeked {
    /// From the client.
    pub request: Buffer,
    /// From the server.
    pub response: Buffer,
    /// No more will come before the verdict: the time is over, the side has ended, or the buffer is full.
    pub last: bool,
    /// What the client's bytes are as HTTP.
    http: Http,
    unsettled: AtomicBool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Http {
    /// Not known yet: too few bytes.
    Open,
    /// The exchange's request holds the head.
    Request,
    /// No HTTP.
    Other,
}

impl Peeked {
    /// Nothing received yet; the client's bytes go into `request`.
    pub fn new(request: Buffer) -> Self {
        Self {
            request,
            response: Buffer::none(),
            last: false,
            http: Http::Open,
            unsettled: AtomicBool::new(false),
        }
    }

    /// Says that an answer may change with more bytes.
    pub fn unsettle(&self) {
        if !self.last {
            self.unsettled.store(true, Ordering::Relaxed);
        }
    }

    /// Whether anything said so since the last call.
    pub fn take_unsettled(&self) -> bool {
        // Not a swap: only this session's task writes, and most rules ask for nothing that can change.
        let unsettled = self.unsettled.load(Ordering::Relaxed);
        if unsettled {
            self.unsettled.store(false, Ordering::Relaxed);
        }
        unsettled
    }

    /// Reads the client's bytes as the head of an HTTP request, if they are one.
    pub fn read_http(&mut self, max_headers: usize, request: &mut Request) {
        if self.http != Http::Open {
            return;
        }
        request.clear();
        let parsed = parse_request(self.request.filled(), max_headers, request, &mut Connection::default());
        self.http = match parsed {
            Parsed::Complete(_) => Http::Request,
            Parsed::Partial => Http::Open,
            Parsed::Invalid(..) => Http::Other,
        };
        if self.http != Http::Request {
            request.clear();
        }
    }

    /// Whether the exchange's request holds an HTTP head; where that is open yet, unsettles.
    pub fn is_http(&self) -> bool {
        if self.http == Http::Open {
            self.unsettle();
        }
        self.http == Http::Request
    }
}
