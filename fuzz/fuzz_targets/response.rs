//! Response heads: no panic.
#![no_main]

use lb_core::http::h1::{Connection, parse_response};
use lb_core::http::{Method, Response};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for method in [Method::Get, Method::Head, Method::Connect] {
        let (mut response, mut connection) = (Response::default(), Connection::default());
        let _ = parse_response(bytes, 101, method, &mut response, &mut connection);
    }
});
