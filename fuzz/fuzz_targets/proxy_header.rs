//! PROXY headers, TLS hellos and RDP cookies: no panic, and no header longer than its bytes.
#![no_main]

use lb_core::{proxy_protocol, rdp, tls_hello};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok((_, length)) = proxy_protocol::parse(bytes) {
        assert!(length <= bytes.len());
    }
    if let Ok(Some(hello)) = tls_hello::client_hello(bytes) {
        let _ = (hello.server_name(), hello.alpn());
    }
    let _ = tls_hello::version(bytes, 16384);
    if let rdp::Cookie::Found(value) = rdp::cookie(bytes, b"") {
        let _ = rdp::server(value);
    }
});
