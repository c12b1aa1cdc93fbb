//! Lines against what haproxy wrote.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crate::exchange::{Cause, Exchange, Phase};
use crate::testing::{exchange, http_frontend, respond};
use std::time::{Duration, Instant};

const REQUEST: &[u8] =
    b"GET /p%20/x|{}y?q=1&z= HTTP/1.1\r\nhost: abcd\r\nx: a|b{c}d\"e#f g\x80\xc3\r\ncookie: abc=defgh\r\n\r\n";

fn line(lines: &str, prepare: impl FnOnce(&mut Exchange)) -> String {
    let frontend = http_frontend(&format!(" log 127.0.0.1:9 local0\n{lines}"));
    let mut exchange = exchange(frontend.clone(), REQUEST);
    let first = exchange.times.first_byte;
    exchange.times.request = Some(first);
    prepare(&mut exchange);
    let mut out = Vec::new();
    frontend.log.format.as_ref().unwrap().render(&exchange, first, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

fn denied(exchange: &mut Exchange) {
    exchange.termination.cause = Cause::Proxy;
    exchange.termination.phase = Phase::Request;
    exchange.response.status = 403;
    exchange.bytes_out = 192;
}

/// The words of recorded lines; date and addresses are the fixture's.
#[test]
fn built_in_lines() {
    assert_eq!(
        line(" option httplog", denied),
        "127.0.0.1:1234 [14/Nov/2023:22:13:20.123] f f/<NOSRV> 0/-1/-1/-1/0 403 192 - - PR-- 0/0/0/0/0 0/0 \"GET /p%20/x|{}y?q=1&z= HTTP/1.1\""
    );
    assert_eq!(
        line(" option httplog clf", denied),
        "127.0.0.1 - - [14/Nov/2023:22:13:20 +0000] \"GET /p%20/x|{}y?q=1&z= HTTP/1.1\" 403 192 \"\" \"\" 1234 123 \"f\" \"f\" \"<NOSRV>\" 0 -1 -1 -1 0 PR-- 0 0 0 0 0 0 0 \"\" \"\" "
    );
    assert_eq!(line("", denied), "Connect from 127.0.0.1:1234 to 127.0.0.1:80 (f/HTTP)");
}

#[test]
fn formats() {
    let captures = " capture request header host len 3\n capture request header x len 30\n capture request header none len 5\n capture response header server len 9\n";
    let fill = |exchange: &mut Exchange| {
        exchange.request_captures =
            vec![Some(b"abc".to_vec()), Some(b"a|b{c}d\"e#f g\x80\xc3".to_vec()), None];
        exchange.response_captures = vec![None];
        respond(exchange, b"HTTP/1.1 200 OK\r\n\r\n");
    };
    for (format, expected) in [
        ("a  b   c", "a b c"),
        (" a", "a"),
        ("a %hr %hs b", "a {abc|a#7Cb#7Bc#7Dd#22e#23f g#80#C3|} {} b"),
        ("%CC  %CS x", "- - x"),
        ("%[var(txn.x)] %{+Q}[var(txn.x)] y", "- \"\" y"),
        ("%{+X}ci %{+X}cp %{+X}[src] %{+X}[int(5)]", "7F000001 04D2 127.0.0.1 5"),
        ("%{+Q}o %ci %{-Q}ci %[str(x)] %ST", "\"127.0.0.1\" 127.0.0.1 \"x\" 200"),
        ("%%x %[capture.req.hdr(0)] %[capture.req.hdr(2)] %[capture.req.uri]", "%x abc - /p%20/x|{}y?q=1&z="),
        (
            "%{+Q}hr %{+Q}hs %{+Q}hrl",
            "\"{abc|a#7Cb#7Bc#7Dd#22e#23f g#80#C3|}\" \"{}\" \"abc\" \"a#7Cb#7Bc#7Dd#22e#23f g#80#C3\" \"\"",
        ),
        ("%hrl|%hsl", "abc a#7Cb#7Bc#7Dd#22e#23f g#80#C3 -|-"),
        ("%HM|%HP|%HPO|%HQ|%HU|%HV", "GET|/p%20/x|{}y|/p%20/x|{}y|?q=1&z=|/p%20/x|{}y?q=1&z=|HTTP/1.1"),
        ("%{+Q}ID [%ID]", "\"\" [-]"),
        ("%{+Q}[int(5)]%[str( lead)]x", "\"5\" leadx"),
        ("%bi|%bp|%si|%sp|%sslc|%{+Q}sslv", "-|-|-|-|-|\"\""),
        ("%T|%Ts|%{+X}Ts|%ms|%{+X}ms", "14/Nov/2023:22:13:20 +0000|1700000000|6553F100|123|7B"),
        ("%Th %Ti %TR %Tq %Tw %Tc %Tr %Td %Ta %Tt %Tu", "0 0 0 0 -1 -1 -1 -1 0 0 0"),
    ] {
        assert_eq!(line(&format!("{captures} log-format '{format}'"), fill), expected, "{format}");
    }
    assert_eq!(line(" log-format 'a %hr %hs b'", |_| {}), "a b");
}

#[test]
fn timers_add_up() {
    let text = line(" log-format '%TR/%Tw/%Tc/%Tr/%Ta %Tt %Ti'", |exchange| {
        let at = |millis| Some(exchange.times.first_byte + Duration::from_micros(millis));
        (exchange.times.request, exchange.times.dequeued) = (at(1_900), at(2_100));
        (exchange.times.connected, exchange.times.response) = (at(4_000), at(9_999));
        exchange.times.idle = Duration::from_millis(70);
        exchange.times.first_byte -= Duration::ZERO;
    });
    assert_eq!(text, "1/1/2/5/0 70 70");
}

/// Not a test of speed on shared machines: `cargo test --release -p lb-core httplog_cost -- --ignored --nocapture`.
#[test]
#[ignore = "prints a measurement"]
fn httplog_cost() {
    let frontend = http_frontend(" log 127.0.0.1:9 local0\n option httplog");
    let mut exchange = exchange(frontend.clone(), b"GET /index.html HTTP/1.1\r\nhost: a\r\n\r\n");
    denied(&mut exchange);
    let format = frontend.log.format.as_ref().unwrap();
    let (mut out, rounds) = (Vec::new(), 1_000_000);
    let start = Instant::now();
    for _ in 0..rounds {
        out.clear();
        format.render(&exchange, exchange.times.first_byte, &mut out);
    }
    println!("{} ns per line of {} bytes", start.elapsed().as_nanos() / rounds, out.len());
}
