//! Descriptors and connections.

use crate::program::{End, LIMIT, Place, main_says, open_files};
use lb_harness::eventually;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

/// Runs `prlimit` before the program: soft and hard limit of open files.
fn limited(place: &Place, limits: &str, global: &str) -> crate::program::Ended {
    let config = place.config(global);
    let output = Command::new("prlimit")
        .arg(format!("--nofile={limits}"))
        .arg(crate::program::path())
        .args(["-f", config.to_str().unwrap()])
        .current_dir(place.dir.path())
        .output()
        .unwrap();
    crate::program::Ended {
        end: End::Code(output.status.code().unwrap_or(-1)),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn more_than_the_system_allows_is_fatal() {
    let place = Place::new();
    let ended = limited(&place, "1024:1024", " ulimit-n 100000000");
    assert_eq!(ended.end, End::Code(1));
    assert!(ended.stderr.contains(&main_says("Cannot raise FD limit to 100000000, limit is 1024.")));
    let ended = limited(&place, "1024:1024", " fd-hard-limit 1000\n maxconn 5000");
    assert_eq!(ended.end, End::Code(1));
    assert!(ended.stderr.contains(".main()] Cannot raise FD limit to 10"), "{}", ended.stderr);
    assert!(ended.stderr.ends_with(", limit is 1000.\n"), "{}", ended.stderr);
}

#[test]
fn the_limit_follows_maxconn() {
    let (_, hard) = open_files(std::process::id() as i32).unwrap();
    let place = Place::new();
    let maxconn = hard / 4;
    let config = place.config(&format!(" maxconn {maxconn}"));
    let running = place.start(["-f", config.to_str().unwrap()]);
    let (soft, _) = open_files(running.pid()).unwrap();
    assert!(soft >= 2 * maxconn, "{soft}");
}

/// Resident memory of a process, in KB.
fn resident(pid: i32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn a_client_that_has_said_nothing_costs_no_buffer() {
    const CLIENTS: usize = 1000;
    let place = Place::new();
    let config = place.config(&format!(" nbthread 1\n maxconn {}", 2 * CLIENTS));
    let running = place.start(["-f", config.to_str().unwrap()]);
    let before = resident(running.pid());
    let descriptors = || std::fs::read_dir(format!("/proc/{}/fd", running.pid())).unwrap().count();
    let clients: Vec<_> = (0..CLIENTS).map(|_| TcpStream::connect(place.front).unwrap()).collect();
    assert!(eventually(LIMIT, || descriptors() > clients.len()));
    // An exchange has two buffers of 16 KB; the first connections also warm the process up.
    let grown = resident(running.pid()).saturating_sub(before);
    assert!(grown < 16 * CLIENTS as u64, "{grown} KB");
}

#[test]
fn sessions_come_no_faster_than_they_may() {
    let place = Place::new();
    let config = place.config(" nbthread 1\n maxsessrate 20");
    let _running = place.start(["-f", config.to_str().unwrap()]);
    let start = Instant::now();
    for _ in 0..50 {
        let mut stream = TcpStream::connect(place.front).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    // Twenty at once, and the others twenty a second.
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
}
