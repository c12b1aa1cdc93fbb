//! Request heads and chunked bodies: no panic, and what is sent on parses to itself.
#![no_main]

use lb_core::http::Request;
use lb_core::http::h1::{Body, Connection, ConnectionHeader, Parsed, Progress, parse_request, write_request};
use lb_core::http::message::Framing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (mut request, mut connection) = (Request::default(), Connection::default());
    if let Parsed::Complete(_) = parse_request(bytes, 101, &mut request, &mut connection) {
        let mut sent = Vec::new();
        write_request(&request, ConnectionHeader::None, &mut sent);
        let (mut second, mut same) = (Request::default(), Connection::default());
        let again = parse_request(&sent, 101, &mut second, &mut same);
        assert_eq!(again, Parsed::Complete(sent.len()));
        assert_eq!(second.framing, request.framing);
    }
    let mut body = Body::new(Framing::Chunked);
    let mut at = 0;
    while let Ok(step) = body.step(&bytes[at..]) {
        match step {
            Progress::Skip(n) | Progress::Data(n) => at += n,
            Progress::End(..) | Progress::More => break,
        }
    }
});
