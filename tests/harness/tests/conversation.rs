//! Client and server of the harness, speaking to each other without a proxy between them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use lb_harness::{Client, End, Exchange, Script, Server, Step, Syslog};
use std::{net::UdpSocket, time::Duration};

const LIMIT: Duration = Duration::from_secs(5);

#[test]
fn answers_each_request_and_records_both_sides() {
    let server = Server::start(Script::answer(b"HTTP/1.1 204 No Content\r\n\r\n")).unwrap();
    let client = Client::connect(server.addr()).unwrap();
    client.drip(b"GET / HTTP/1.1\r\n\r\n", Duration::ZERO).unwrap();
    let first = client.wait_bytes(0, b"\r\n\r\n", LIMIT).unwrap();
    client.send(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi").unwrap();
    assert_eq!(client.wait_bytes(first, b"\r\n\r\n", LIMIT), Some(2 * first));
    assert_eq!(client.heard().end, End::Open);
    let heard = server.heard();
    assert_eq!(heard.len(), 1);
    assert!(heard[0].bytes.ends_with(b"\r\n\r\nhi"));
}

#[test]
fn exchanges_are_played_in_order_across_connections() {
    let say = |text: &str, end: Step| Exchange { steps: vec![Step::Head, Step::Send(text.into()), end] };
    let script = Script { exchanges: vec![say("one", Step::Close), say("two", Step::HalfClose)] };
    let server = Server::start(script).unwrap();
    for expect in ["one", "two", "two"] {
        let client = Client::connect(server.addr()).unwrap();
        client.send(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let heard = client.wait_end(LIMIT);
        assert_eq!((heard.bytes.as_slice(), heard.end), (expect.as_bytes(), End::Closed));
    }
}

#[test]
fn both_sides_can_reset() {
    let server = Server::start(Script::steps(vec![Step::Head, Step::Reset])).unwrap();
    let client = Client::connect(server.addr()).unwrap();
    client.send(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(client.wait_end(LIMIT).end, End::Reset);

    let server = Server::start(Script::silent()).unwrap();
    Client::connect(server.addr()).unwrap().reset();
    assert!(server.wait_for(|all| all.iter().any(|h| h.end == End::Reset), LIMIT), "{:?}", server.heard());
}

#[test]
fn a_server_can_speak_first_and_then_fall_silent() {
    let script = Script::steps(vec![Step::Send(b"hello".to_vec()), Step::End]);
    let server = Server::start(script).unwrap();
    let client = Client::connect(server.addr()).unwrap();
    assert!(client.wait_bytes(0, b"hello", LIMIT).is_some());
    client.half_close().unwrap();
    assert_eq!(client.wait_end(LIMIT).bytes, b"hello");
}

#[test]
fn log_messages_are_kept() {
    let syslog = Syslog::start().unwrap();
    let sender = UdpSocket::bind((syslog.addr().ip(), 0)).unwrap();
    sender.send_to(b"<134>one\n", syslog.addr()).unwrap();
    assert!(syslog.wait_for(|lines| lines == ["<134>one"], LIMIT));
}
