//! Rings whose section has servers: each gets every line, also those from before it could be reached.

use crate::program::{LIMIT, Place};
use crate::reload::{body, command};
use lb_harness::{eventually, loopback};
use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// The bytes before `end`.
fn until(stream: &mut TcpStream, end: u8) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    loop {
        stream.read_exact(&mut byte).unwrap();
        match byte {
            [byte] if byte == end => return String::from_utf8(text).unwrap(),
            [byte] => text.push(byte),
        }
    }
}

/// Reads so many messages, each with its length before it or a line feed behind.
fn read(stream: &mut TcpStream, counted: bool, messages: usize) -> Vec<String> {
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let mut one = || {
        if !counted {
            return until(stream, b'\n');
        }
        let mut text = vec![0; until(stream, b' ').parse().unwrap()];
        stream.read_exact(&mut text).unwrap();
        String::from_utf8(text).unwrap()
    };
    (0..messages).map(|_| one()).collect()
}

fn accept(listener: &TcpListener) -> TcpStream {
    listener.set_nonblocking(true).unwrap();
    let mut accepted = None;
    assert!(eventually(LIMIT, || {
        accepted = listener.accept().ok();
        accepted.is_some()
    }));
    let (stream, _) = accepted.unwrap();
    stream.set_nonblocking(false).unwrap();
    stream
}

fn config(place: &Place, servers: &str) -> String {
    format!(
        "global\n stats socket {} level admin\nring r\n format rfc5424\n maxlen 1000\n size 32768\n timeout connect 1s\n timeout server 3s\n{servers}\
         defaults\n mode http\n timeout client 5s\n timeout connect 5s\n timeout server 5s\nfrontend f\n bind {}\n log ring@r local0\n option dontlognull\n \
         log-format \"%HP\"\n http-request return status 200 content-type text/plain string ok\n",
        place.path("cli").display(),
        place.front,
    )
}

/// The paths that lines tell of.
fn paths(lines: &[String]) -> Vec<&str> {
    lines.iter().map(|line| line.rsplit(' ').next().unwrap()).collect()
}

fn request(to: SocketAddr, count: usize) {
    for _ in 0..count {
        assert_eq!(body(to).as_deref(), Some("ok"));
    }
}

#[test]
fn each_server_gets_each_line_as_its_protocol_says() {
    let place = Place::new();
    let [counted, lines] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let late = loopback::free_port().unwrap();
    let servers = format!(
        " server counted {} log-proto octet-count\n server lines {}\n server late {late} log-proto legacy\n",
        counted.local_addr().unwrap(),
        lines.local_addr().unwrap(),
    );
    place.write("lb.cfg", &config(&place, &servers));
    let _running = place.start(["-db", "-f", "lb.cfg"]);
    request(place.front, 3);
    let (mut counted, mut first) = (accept(&counted), accept(&lines));
    for (stream, is_counted) in [(&mut counted, true), (&mut first, false)] {
        let got = read(stream, is_counted, 3);
        assert!(got.iter().all(|line| line.starts_with("<134>1 ")), "{got:?}");
        assert_eq!(paths(&got), ["/", "/", "/"]);
    }
    // One that ends its connection is connected to again, and gets what it has not got.
    drop(first);
    let mut second = accept(&lines);
    request(place.front, 2);
    assert_eq!(read(&mut second, false, 2).len(), 2);
    assert_eq!(read(&mut counted, true, 2).len(), 2);
    // One that was not there gets all that the ring still has.
    let late = TcpListener::bind(late).unwrap();
    assert_eq!(read(&mut accept(&late), false, 5).len(), 5);
    assert!(
        command(&place.path("cli"), "show events r").lines().filter(|line| !line.is_empty()).count() == 5
    );
}

#[test]
fn a_reload_keeps_the_connections_of_what_stays() {
    if !crate::program::is_lb() {
        return;
    }
    let place = Place::new();
    let [one, two] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [line_one, line_two] = [&one, &two]
        .map(|listener| format!(" server s{0} 127.0.0.1:{0}\n", listener.local_addr().unwrap().port()));
    place.write("lb.cfg", &config(&place, &line_one));
    let running = place.start(["-db", "-f", "lb.cfg"]);
    let mut stays = accept(&one);
    request(place.front, 1);
    assert_eq!(read(&mut stays, false, 1).len(), 1);
    place.write("lb.cfg", &config(&place, &format!("{line_one}{line_two}")));
    running.signal(nix::sys::signal::Signal::SIGUSR2);
    let mut comes = accept(&two);
    request(place.front, 1);
    // What came before it is none of the new one's.
    for stream in [&mut stays, &mut comes] {
        assert_eq!(read(stream, false, 1).len(), 1);
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        assert!(stream.read(&mut [0; 1]).is_err(), "another line");
    }
    place.write("lb.cfg", &config(&place, &line_two));
    running.signal(nix::sys::signal::Signal::SIGUSR2);
    stays.set_read_timeout(Some(LIMIT)).unwrap();
    assert_eq!(stays.read(&mut [0; 1]).unwrap(), 0, "the connection of what is gone ends");
    request(place.front, 1);
    assert_eq!(read(&mut comes, false, 1).len(), 1);
}
