//! Laws of the codec. What HAProxy does with given bytes is in `tests/wire`.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::http::message::{Framing, Method, Request, Response};
use proptest::prelude::*;

const MAX_HEADERS: usize = 101;

fn parse(bytes: &[u8]) -> (Parsed, Request, Connection) {
    let (mut request, mut connection) = (Request::default(), Connection::default());
    let parsed = parse_request(bytes, MAX_HEADERS, &mut request, &mut connection);
    (parsed, request, connection)
}

fn written(request: &Request) -> Vec<u8> {
    let mut out = Vec::new();
    write_request(request, ConnectionHeader::None, &mut out);
    out
}

#[test]
fn heads_are_normalised() {
    for (raw, sent) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nhost: a\r\n\r\n"),
        ("\r\n\nGET  /\tHTTP/1.1\nHost:a \n\n", "GET / HTTP/1.1\r\nhost: a\r\n\r\n"),
        ("GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n", "GET / HTTP/1.1\r\nx: a   b\r\n\r\n"),
        ("GET / HTTP/1.1\r\nConnection: close, x\r\n\r\n", "GET / HTTP/1.1\r\nconnection: x\r\n\r\n"),
        (
            "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n",
        ),
        ("POST / HTTP/1.1\r\nContent-Length: 5, 5\r\n\r\n", "POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\n"),
        ("GET http://a:80/x HTTP/1.1\r\nHost: a\r\n\r\n", "GET http://a/x HTTP/1.1\r\nhost: a\r\n\r\n"),
        ("GET http://a:80/x HTTP/1.1\r\nHost: a:80\r\n\r\n", "GET http://a/x HTTP/1.1\r\nhost: a\r\n\r\n"),
        ("GET http://u@a:/x HTTP/1.1\r\nHost: a:80\r\n\r\n", "GET http://u@a/x HTTP/1.1\r\nhost: a\r\n\r\n"),
        ("GET http://a/x HTTP/1.1\r\nHost: a:80\r\n\r\n", "GET http://a/x HTTP/1.1\r\nhost: a:80\r\n\r\n"),
    ] {
        let (parsed, request, _) = parse(raw.as_bytes());
        assert_eq!(parsed, Parsed::Complete(raw.len()), "{raw:?}");
        assert_eq!(String::from_utf8_lossy(&written(&request)), sent, "{raw:?}");
    }
}

#[test]
fn what_could_be_read_in_two_ways_is_refused() {
    for raw in [
        "GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: +5\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "GET / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nX: a\rb\r\n\r\n",
        "GET / HTTP/1.1\r\nX: a\0\r\n\r\n",
        "GET /\x01 HTTP/1.1\r\n\r\n",
        "GET /# HTTP/1.1\r\n\r\n",
        "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\n X: y\r\n\r\n",
        "GET /\r\n\r\n",
    ] {
        assert!(matches!(parse(raw.as_bytes()).0, Parsed::Invalid(400, _)), "{raw:?}");
    }
    assert!(matches!(
        parse(b"GET / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n").0,
        Parsed::Invalid(422, _)
    ));
}

#[test]
fn responses_end_where_they_say() {
    let framing = |raw: &str, method| {
        let (mut response, mut connection) = (Response::default(), Connection::default());
        let parsed = parse_response(raw.as_bytes(), MAX_HEADERS, method, &mut response, &mut connection);
        (parsed == Parsed::Complete(raw.len())).then_some((response.framing, connection.close))
    };
    for (raw, method, expected) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Method::Get, Some((Framing::Length(5), false))),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Method::Head, Some((Framing::None, false))),
        ("HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", Method::Get, Some((Framing::None, false))),
        ("HTTP/1.1 200 OK\r\n\r\n", Method::Get, Some((Framing::UntilClose, true))),
        ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", Method::Get, Some((Framing::None, true))),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", Method::Get, None),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", Method::Get, None),
    ] {
        assert_eq!(framing(raw, method), expected, "{raw:?}");
    }
}

proptest! {
    /// No bytes make the parsers panic, and a whole head does not depend on how it arrived.
    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&bytes);
        let (mut response, mut connection) = (Response::default(), Connection::default());
        let _ = parse_response(&bytes, MAX_HEADERS, Method::Get, &mut response, &mut connection);
        let mut body = Body::new(Framing::Chunked);
        let mut at = 0;
        while let Ok(step) = body.step(&bytes[at..]) {
            match step {
                Progress::Skip(n) | Progress::Data(n) => at += n,
                Progress::End(..) | Progress::More => break,
            }
        }
    }

    /// Bytes that look like requests, with what attackers like to put in them.
    #[test]
    fn near_requests(
        pieces in proptest::collection::vec(prop_oneof![
            Just("GET "), Just("/ "), Just("HTTP/1.1"), Just("\r\n"), Just("\n"), Just("\r"), Just(" "), Just("\t"),
            Just("Host: a"), Just("Content-Length: "), Just("5"), Just(", "), Just("Transfer-Encoding: chunked"),
            Just(":"), Just("\0"), Just("X"), Just("Connection: close"), Just("Upgrade: x"),
        ], 0..40)
    ) {
        let bytes = ["GET / HTTP/1.1\r\n", &pieces.concat(), "\r\n\r\n"].concat().into_bytes();
        let (parsed, request, connection) = parse(&bytes);
        if let Parsed::Complete(n) = parsed {
            prop_assert!(n <= bytes.len());
            // What is sent on parses to the same message: nothing is left to interpret.
            let sent = written(&request);
            let (again, second, same) = parse(&sent);
            prop_assert_eq!(again, Parsed::Complete(sent.len()));
            prop_assert_eq!(second.framing, request.framing);
            prop_assert_eq!(written(&second), sent);
            prop_assert_eq!(same.upgrade, connection.upgrade);
            prop_assert!(second.headers.values_of(crate::http::HeaderId::ContentLength).count() <= 1);
        }
    }

    /// A prefix of a head that is let through is never refused.
    #[test]
    fn prefixes_are_partial(cut in 0_usize..70) {
        let whole = b"POST /path?q HTTP/1.1\r\nHost: example\r\nX-Y: z\r\nContent-Length: 3\r\n\r\n";
        let cut = cut.min(whole.len() - 1);
        prop_assert_eq!(parse(&whole[..cut]).0, Parsed::Partial);
    }
}
