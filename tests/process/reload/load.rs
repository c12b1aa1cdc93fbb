//! Reloads while clients ask: not one request fails.

use super::{DEFAULTS, ask, cli, connect, reload, start_master};
use crate::program::{Place, children, is_lb};
use lb_harness::{Answering, eventually, loopback};
use nix::sys::signal::Signal;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const RELOADS: usize = 150;

/// Clients, some on connections that stay and some on new ones, while reloads go through these configurations.
fn under_load(place: &Place, texts: &[String]) {
    let front = place.front;
    let running = start_master(place, &texts[0]);
    let (stop, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    let client = |stays: bool| -> Vec<String> {
        let mut failures = Vec::new();
        let mut stream = None;
        while !stop.load(Ordering::Relaxed) {
            let result = match stream.take() {
                Some(stream) => Ok(stream),
                None => connect(front),
            }
            .and_then(|mut stream| ask(&mut stream, "/").map(|body| (stream, body)));
            match result {
                Ok((kept, body)) if body == "ok" => stream = stays.then_some(kept),
                Ok((_, body)) => failures.push(body),
                Err(error) => failures.push(error.to_string()),
            }
            asked.fetch_add(1, Ordering::Relaxed);
        }
        failures
    };
    let failures = std::thread::scope(|scope| {
        let client = &client;
        let clients: Vec<_> =
            [true, true, false, false].into_iter().map(|stays| scope.spawn(move || client(stays))).collect();
        let refused = (1..=RELOADS).find_map(|number| {
            place.write("lb.cfg", &texts[number % texts.len()]);
            let answer = reload(place);
            (!answer.starts_with("Success=1")).then_some(answer)
        });
        stop.store(true, Ordering::Relaxed);
        let failures = clients.into_iter().flat_map(|client| client.join().unwrap());
        failures.chain(refused).collect::<Vec<_>>()
    });
    if !failures.is_empty() {
        let said = running.end_by(Signal::SIGTERM).stderr;
        panic!("{} of {}: {failures:?}\n{said}", failures.len(), asked.into_inner());
    }
    assert_eq!(children(running.pid()).len(), 1, "one worker, as before");
    let current =
        |line: &str| line.split_once("CurrConns: ").and_then(|(_, rest)| rest.trim().parse::<u32>().ok());
    let connections = || cli(place, "show info").lines().find_map(current);
    assert!(eventually(crate::program::LIMIT, || connections() == Some(0)), "{:?}", connections());
}

/// Servers, backends, binds and kinds of sections that come, change and go.
fn texts(place: &Place, mode: &str, check: &str, [one, two]: [SocketAddr; 2]) -> Vec<String> {
    let (front, more) = (place.front, loopback::free_port().unwrap());
    let head = format!(
        "global\n stats socket {} level admin\n{}",
        place.path("cli").display(),
        DEFAULTS.replace("mode http", &format!("mode {mode}"))
    );
    [
        format!("frontend f\n bind {front}\n default_backend b\nbackend b\n balance roundrobin\n server s1 {one}{check}\n"),
        format!(
            "frontend f\n bind {front}\n bind {more}\n default_backend b\nbackend b\n balance roundrobin\n server s1 {one}{check}\n server s2 {two}{check}\n"
        ),
        format!(
            "frontend f\n bind {front} name x\n use_backend %[str(c)]\nbackend c\n balance leastconn\n server s2 {two} weight 7{check}\n"
        ),
        format!(
            "listen l\n bind {front}\n balance roundrobin\n server s1 {two}{check}\n server s2 {one} maxconn 3{check}\n"
        ),
    ]
    .into_iter()
    .map(|text| head.clone() + &text)
    .collect()
}

/// As often as reloads come. A busy machine lets checks in a row miss their 10 ms, which is no reason to call a server down.
const CHECK: &str = " check inter 10ms fall 100";

fn no_request_fails(mode: &str, check: &str) {
    if !is_lb() {
        return;
    }
    let servers = [Answering::start().unwrap(), Answering::start().unwrap()];
    let place = Place::new();
    let texts = texts(&place, mode, check, [servers[0].address(), servers[1].address()]);
    under_load(&place, &texts);
}

#[test]
fn no_request_fails_over_many_reloads() {
    no_request_fails("http", "");
}

#[test]
fn no_request_fails_while_servers_are_checked() {
    no_request_fails("http", CHECK);
}

#[test]
fn no_tcp_session_fails() {
    no_request_fails("tcp", CHECK);
}
