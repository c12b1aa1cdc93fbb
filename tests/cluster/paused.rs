//! A holder that is stopped, for longer than its lease, and goes on.

use crate::site::{LIMIT, Site};
use crate::watch::Watch;
use nix::sys::signal::Signal;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn one_that_was_paused_does_not_answer_after_its_lease() {
    let mut site = Site::start();
    let first = site.holder();
    let mut kept = TcpStream::connect(site.front).unwrap();
    kept.set_read_timeout(Some(LIMIT)).unwrap();
    kept.write_all(REQUEST).unwrap();
    let mut buffer = [0; 1024];
    assert_ne!(kept.read(&mut buffer).unwrap(), 0);

    let watch = Watch::start(site.front);
    sleep(Duration::from_millis(100));
    site.signal(first, Signal::SIGSTOP);
    // Its kernel takes some of the connections until it wakes: who does not answer, is not believed.
    let second = site.holder_among(|index| index != first);
    kept.write_all(REQUEST).unwrap();
    sleep(Duration::from_millis(300));
    site.signal(first, Signal::SIGCONT);
    assert_eq!(site.answers(site.own(first)), Some(first));
    site.says(first, "its lease is over.");
    sleep(Duration::from_millis(300));

    // Nothing came, not even an end that looks orderly.
    let end = kept.read(&mut buffer);
    assert!(end.is_err(), "{end:?} {}", String::from_utf8_lossy(&buffer));
    let seen = watch.stop();
    assert_eq!(seen.holders(), [Site::name(first), Site::name(second)], "{seen:?}");
}
