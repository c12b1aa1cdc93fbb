//! A soft stop lets what runs on the address end.

use crate::site::{LIMIT, Site};
use crate::watch::Watch;
use lb_harness::loopback;
use nix::sys::signal::Signal;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, sleep};
use std::time::Duration;

/// A server that thinks before it answers.
fn slow(pause: Duration) -> std::net::SocketAddr {
    let at = loopback::free_port().unwrap();
    let listener = TcpListener::bind(at).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 1024]);
                sleep(pause);
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nslow");
            });
        }
    });
    at
}

fn send(site: &Site, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(site.front).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    stream
}

#[test]
fn a_running_exchange_ends_and_new_ones_are_served_meanwhile() {
    let mut site = Site::new();
    let server = slow(Duration::from_millis(1500));
    site.served = " use_backend slow if { path /slow }\n".into();
    site.say(&format!("backend slow\n server s {server}\n"));
    (0..3).for_each(|index| site.start_node(index));
    let first = site.holder();
    let mut idle = send(&site, "/");
    let mut buffer = [0; 1024];
    assert_ne!(idle.read(&mut buffer).unwrap(), 0);
    let mut running = send(&site, "/slow");
    sleep(Duration::from_millis(200));

    let watch = Watch::start(site.front);
    site.signal(first, Signal::SIGUSR1);
    assert_eq!(idle.read(&mut buffer).unwrap_or(0), 0, "an idle connection is closed");
    // While it waits for the one, it goes on serving.
    sleep(Duration::from_millis(400));
    assert_eq!(site.answers(site.front), Some(first));
    let mut answer = String::new();
    running.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("slow"), "{answer}");
    assert!(answer.to_lowercase().contains("\r\nconnection: close\r\n"), "{answer}");
    let second = site.holder_among(|index| index != first);
    sleep(Duration::from_millis(200));
    watch.stop().assert_one_move(&Site::name(first), &Site::name(second));
    let told = site.says_and_ends(first, "it hands over.");
    assert!(!told.contains("hard-stop"), "{told}");
}

#[test]
fn what_does_not_end_is_not_waited_for_for_ever() {
    let mut site = Site::new();
    let server = slow(Duration::from_secs(60));
    site.served = " use_backend slow if { path /slow }\n".into();
    site.say(&format!("backend slow\n timeout server 1m\n server s {server}\n"));
    (0..3).for_each(|index| site.start_node(index));
    let first = site.holder();
    let _running = send(&site, "/slow");
    sleep(Duration::from_millis(200));
    site.signal(first, Signal::SIGUSR1);
    site.holder_among(|index| index != first);
}
