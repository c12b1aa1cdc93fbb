//! The answer of an HTTP check, read as far as it has come.

use crate::http::h1::{Body, Connection, Parsed, Progress, parse_response};
use crate::http::{Method, Response};

/// An answer, as expectations look at it.
pub(super) struct Answer<'a> {
    pub(super) head: &'a Response,
    /// The body's data so far.
    pub(super) body: &'a [u8],
    /// Nothing more will come.
    pub(super) done: bool,
}

/// An answer as it was read.
#[derive(Debug, Default)]
pub(super) struct Received {
    pub(super) response: Response,
    /// The body's data so far.
    pub(super) body: Vec<u8>,
    /// Nothing more will come.
    pub(super) done: bool,
}

/// What the bytes are.
#[derive(Debug)]
pub(super) enum Reading {
    /// A head, and the body so far.
    Answer(Box<Received>),
    /// More bytes are needed.
    More,
    /// No response.
    Invalid,
}

/// Reads the answer to a request of `method`. `last`: no more bytes will come.
pub(super) fn read(input: &[u8], last: bool, method: Method, max_headers: usize) -> Reading {
    let mut answer = Box::new(Received::default());
    let mut connection = Connection::default();
    let head = match parse_response(input, max_headers, method, &mut answer.response, &mut connection) {
        Parsed::Complete(length) => length,
        Parsed::Partial if !last => return Reading::More,
        Parsed::Partial | Parsed::Invalid(..) => return Reading::Invalid,
    };
    // An interim response is an answer like any other: no check asks for one.
    match collect(input.get(head..).unwrap_or_default(), &answer.response, &mut answer.body) {
        Some(whole) => answer.done = whole || last,
        None => return Reading::Invalid,
    }
    Reading::Answer(answer)
}

/// Collects the data of a body; true when it is whole, none when it is broken.
fn collect(mut rest: &[u8], response: &Response, out: &mut Vec<u8>) -> Option<bool> {
    let mut body = Body::new(response.framing);
    while !body.is_done() {
        let (skip, data) = match body.step(rest) {
            Ok(Progress::Skip(length)) => (length, 0),
            Ok(Progress::Data(length)) => (0, length),
            Ok(Progress::More) => return Some(false),
            Ok(Progress::End(..)) => return Some(true),
            Err(_) => return None,
        };
        rest = rest.get(skip..).unwrap_or_default();
        out.extend_from_slice(rest.get(..data).unwrap_or_default());
        rest = rest.get(data..).unwrap_or_default();
    }
    Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(input: &[u8], last: bool) -> (u16, Vec<u8>, bool) {
        match read(input, last, Method::Get, 101) {
            Reading::Answer(answer) => (answer.response.status, answer.body, answer.done),
            Reading::More => (0, b"more".to_vec(), false),
            Reading::Invalid => (0, b"invalid".to_vec(), true),
        }
    }

    #[test]
    fn answers_as_far_as_they_came() {
        assert_eq!(answer(b"HTTP/1.0 200 OK\r\n\r\nhel", false), (200, b"hel".to_vec(), false));
        assert_eq!(answer(b"HTTP/1.0 200 OK\r\n\r\nhel", true), (200, b"hel".to_vec(), true));
        let chunked =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        assert_eq!(answer(chunked, false), (200, b"abcde".to_vec(), true));
        assert_eq!(answer(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 No\r\n\r\n", false).0, 100);
        let broken = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
        assert_eq!(answer(broken, false).1, b"invalid");
        assert_eq!(answer(b"HTTP/1.1 20", false).1, b"more");
        assert_eq!(answer(b"HTTP/1.1 20", true).1, b"invalid");
        assert_eq!(answer(b"garbage\r\n\r\n", false).1, b"invalid");
    }
}
