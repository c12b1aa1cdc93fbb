//! Reloads: SIGUSR2 and `reload` on the master socket, under load and with wrong files.

mod load;
mod refused;
mod state;

use crate::program::{LIMIT, Place, Running, is_lb};
use lb_harness::{eventually, loopback};
use nix::sys::signal::Signal;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

const DEFAULTS: &str =
    "defaults\n mode http\n timeout client 10s\n timeout connect 5s\n timeout server 10s\n";

/// One request on a connection that stays; its body.
fn ask(stream: &mut TcpStream, path: &str) -> std::io::Result<String> {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n").as_bytes())?;
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&buffer[..length]);
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.and_then(|text| text.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                return Ok(body.to_owned());
            }
        }
    }
}

fn connect(to: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&to, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    Ok(stream)
}

pub(crate) fn body(to: SocketAddr) -> Option<String> {
    ask(&mut connect(to).ok()?, "/").ok()
}

/// A configuration that answers with this text.
fn says(place: &Place, text: &str) -> String {
    format!(
        "{DEFAULTS}frontend f\n bind {}\n http-request return status 200 content-type text/plain string {text}\n",
        place.front
    )
}

/// What a socket answers to a command.
pub(crate) fn command(socket: &Path, command: &str) -> String {
    lb_harness::command(socket, command, LIMIT).unwrap()
}

/// `reload` on the master socket.
fn reload(place: &Place) -> String {
    command(&place.path("master.sock"), "reload")
}

/// A command of the runtime API.
fn cli(place: &Place, text: &str) -> String {
    command(&place.path("cli"), text)
}

/// Reloads with this text, which has to succeed.
fn change_to(place: &Place, text: &str) {
    place.write("lb.cfg", text);
    let answer = reload(place);
    assert!(answer.starts_with("Success=1\n"), "{answer}\n{text}");
}

fn start_master(place: &Place, text: &str) -> Running {
    let config = place.write("lb.cfg", text);
    let master = place.path("master.sock");
    place.start(["-W", "-S", master.to_str().unwrap(), "-f", config.to_str().unwrap()])
}

#[test]
fn one_process_takes_a_good_file_and_refuses_a_wrong_one() {
    if !is_lb() {
        return;
    }
    let place = Place::new();
    let config = place.write("lb.cfg", &says(&place, "one"));
    let running = place.start(["-f", config.to_str().unwrap()]);
    let mut kept = connect(place.front).unwrap();
    assert_eq!(ask(&mut kept, "/").unwrap(), "one");
    place.write("lb.cfg", &says(&place, "two"));
    running.signal(Signal::SIGUSR2);
    assert!(eventually(LIMIT, || body(place.front).as_deref() == Some("two")));
    // The connection that was there goes on, on the new plan.
    assert_eq!(ask(&mut kept, "/").unwrap(), "two");
    place.write("lb.cfg", &format!("{} nonsense\n", says(&place, "three")));
    running.signal(Signal::SIGUSR2);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(body(place.front).as_deref(), Some("two"));
    // An address that cannot be had.
    let taken = std::net::TcpListener::bind(loopback::free_port().unwrap()).unwrap();
    let taken = taken.local_addr().unwrap();
    place.write("lb.cfg", &format!("{}frontend g\n bind {taken}\n", says(&place, "four")));
    running.signal(Signal::SIGUSR2);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(ask(&mut kept, "/").unwrap(), "two");
    place.write("lb.cfg", &says(&place, "five"));
    running.signal(Signal::SIGUSR2);
    assert!(eventually(LIMIT, || body(place.front).as_deref() == Some("five")));
    let stderr = running.end_by(Signal::SIGTERM).stderr;
    assert_eq!(stderr.matches("Loading success.").count(), 2, "{stderr}");
    assert_eq!(stderr.matches("Loading failure!").count(), 2, "{stderr}");
    assert!(stderr.contains("unknown keyword 'nonsense'"), "{stderr}");
}

#[test]
fn the_master_socket_tells_what_became_of_a_reload() {
    if !is_lb() {
        return;
    }
    let place = Place::new();
    let running = start_master(&place, &says(&place, "one"));
    let worker = running.worker();
    place.write("lb.cfg", &says(&place, "two"));
    let answer = reload(&place);
    assert!(answer.starts_with("Success=1\n--\n") && answer.contains("Loading success."), "{answer}");
    assert_eq!(body(place.front).as_deref(), Some("two"));
    place.write("lb.cfg", "nonsense\n");
    let answer = reload(&place);
    assert!(answer.starts_with("Success=0\n--\n") && answer.contains("nonsense"), "{answer}");
    assert_eq!(body(place.front).as_deref(), Some("two"));
    assert_eq!(running.worker(), worker);
    place.write("lb.cfg", &format!("global\n nbthread 7\n{}", says(&place, "three")));
    let answer = reload(&place);
    assert!(answer.starts_with("Success=1") && answer.contains("'nbthread' has changed"), "{answer}");
    assert_eq!(body(place.front).as_deref(), Some("three"));
}

#[test]
fn addresses_come_and_go() {
    if !is_lb() {
        return;
    }
    let place = Place::new();
    let more = loopback::free_port().unwrap();
    let _running = start_master(&place, &says(&place, "one"));
    let with = format!(
        "{}frontend g\n bind {more}\n http-request return status 200 content-type text/plain string more\n",
        says(&place, "two")
    );
    place.write("lb.cfg", &with);
    assert!(reload(&place).starts_with("Success=1"));
    assert_eq!(body(more).as_deref(), Some("more"));
    let mut idle = connect(more).unwrap();
    assert_eq!(ask(&mut idle, "/").unwrap(), "more");
    place.write("lb.cfg", &says(&place, "three"));
    assert!(reload(&place).starts_with("Success=1"));
    assert!(eventually(LIMIT, || TcpStream::connect(more).is_err()), "it is still there");
    // Its idle connection ends by itself.
    assert_eq!(idle.read(&mut [0; 16]).unwrap(), 0);
    // And it can come back.
    place.write("lb.cfg", &with);
    assert!(reload(&place).starts_with("Success=1"));
    assert_eq!(body(more).as_deref(), Some("more"));
}

#[test]
fn a_worker_without_rights_gets_files_and_sockets_from_its_monitor() {
    if !is_lb() || !nix::unistd::geteuid().is_root() {
        return;
    }
    let place = Place::new();
    fs::create_dir(place.path("empty")).unwrap();
    let map = place.write("map", "a one\n");
    let text = |extra: &str| {
        format!(
            "global\n chroot {}\n user nobody\n{DEFAULTS}frontend f\n bind {}\n{extra} http-request return status 200 content-type text/plain lf-string %[str(a),map({})]\n",
            place.path("empty").display(),
            place.front,
            map.display(),
        )
    };
    let _running = start_master(&place, &text(""));
    assert_eq!(body(place.front).as_deref(), Some("one"));
    place.write("map", "a two\n");
    let more = loopback::free_port().unwrap();
    place.write("lb.cfg", &text(&format!(" bind {more}\n")));
    let answer = reload(&place);
    assert!(answer.starts_with("Success=1"), "{answer}");
    assert_eq!(body(place.front).as_deref(), Some("two"));
    assert_eq!(body(more).as_deref(), Some("two"));
}
