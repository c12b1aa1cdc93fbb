//! What a stop does to requests under way.

use crate::program::{End, LIMIT, Place};
use lb_harness::eventually;
use nix::sys::signal::Signal;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A client whose request has reached the server, and the server's side of it.
fn request(place: &Place, server: &TcpListener) -> (TcpStream, TcpStream) {
    let mut client = TcpStream::connect(place.front).unwrap();
    client.set_read_timeout(Some(LIMIT)).unwrap();
    client.write_all(REQUEST).unwrap();
    let (mut served, _) = server.accept().unwrap();
    served.set_read_timeout(Some(LIMIT)).unwrap();
    let mut seen = Vec::new();
    while !seen.ends_with(b"\r\n\r\n") {
        let mut buffer = [0; 1024];
        let length = served.read(&mut buffer).unwrap();
        assert_ne!(length, 0);
        seen.extend_from_slice(&buffer[..length]);
    }
    (client, served)
}

fn rest(mut client: TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = client.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_running_request_is_answered_and_nothing_new_is_taken() {
    for mode in ["-db", "-W"] {
        let place = Place::new();
        let server = TcpListener::bind((place.front.ip(), 0)).unwrap();
        let config = place.forwarding("", server.local_addr().unwrap());
        let mut running = place.start([mode, "-f", config.to_str().unwrap()]);
        let (client, mut served) = request(&place, &server);
        running.signal(Signal::SIGUSR1);
        assert!(eventually(LIMIT, || !place.listens()), "{mode}: still listens");
        assert!(!running.has_ended());
        served.write_all(ANSWER).unwrap();
        let answer = rest(client);
        assert!(
            answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nok"),
            "{mode}: {answer}"
        );
        assert!(answer.to_ascii_lowercase().contains("connection: close\r\n"), "{mode}: {answer}");
        assert_eq!(running.wait(), End::Code(0), "{mode}");
    }
}

#[test]
fn idle_connections_are_closed() {
    let place = Place::new();
    let server = TcpListener::bind((place.front.ip(), 0)).unwrap();
    let config = place.forwarding("", server.local_addr().unwrap());
    let mut running = place.start(["-f", config.to_str().unwrap()]);
    let (mut client, mut served) = request(&place, &server);
    served.write_all(ANSWER).unwrap();
    let mut seen = Vec::new();
    while !seen.ends_with(b"\r\n\r\nok") {
        let mut buffer = [0; 1024];
        let length = client.read(&mut buffer).unwrap();
        assert_ne!(length, 0);
        seen.extend_from_slice(&buffer[..length]);
    }
    running.signal(Signal::SIGUSR1);
    assert_eq!(rest(client), "");
    assert_eq!(running.wait(), End::Code(0));
}

#[test]
fn a_drain_may_not_take_longer_than_it_may() {
    for mode in ["-db", "-W"] {
        let place = Place::new();
        let server = TcpListener::bind((place.front.ip(), 0)).unwrap();
        let config = place.forwarding(" hard-stop-after 300ms", server.local_addr().unwrap());
        let mut running = place.start([mode, "-f", config.to_str().unwrap()]);
        let (client, _served) = request(&place, &server);
        running.signal(Signal::SIGUSR1);
        let end = running.wait();
        assert_eq!(end, End::Code(0), "{mode}");
        let stderr = running.output(end).stderr;
        assert!(
            stderr.contains("soft-stop running for too long, performing a hard-stop.\n"),
            "{mode}: {stderr}"
        );
        drop(client);
    }
}

#[test]
fn terminate_does_not_wait() {
    let place = Place::new();
    let server = TcpListener::bind((place.front.ip(), 0)).unwrap();
    let config = place.forwarding("", server.local_addr().unwrap());
    let running = place.start(["-f", config.to_str().unwrap()]);
    let (client, _served) = request(&place, &server);
    running.signal(Signal::SIGUSR1);
    let ended = running.end_by(Signal::SIGTERM);
    assert_eq!(ended.end, End::Signal(Signal::SIGTERM as i32));
    assert_eq!(rest(client), "");
}
