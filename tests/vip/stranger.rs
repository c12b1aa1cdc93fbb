//! Who has no business on the port of the nodes. That such get nothing, the transport's own tests say of each kind; here it is what
//! many of them cost.

use crate::margin::Counts;
use crate::outages::setting;
use crate::site::{Mover, Site};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Those at once, and how many a second all of them make.
const STRANGERS: u32 = 8;
const RATE: u32 = 5000;

/// The start of a TLS handshake: a record that holds a ClientHello of nothing but zeros and noise.
fn hello(noise: u64) -> Vec<u8> {
    let body: Vec<u8> = (0..250).map(|index: u64| (noise.wrapping_mul(index | 1) >> 7) as u8).collect();
    [&[0x16, 3, 1, 0, 254, 1, 0, 0, 250, 3, 3][..], &body[2..]].concat()
}

#[test]
#[ignore = "takes a minute and a core; `just stranger` runs it"]
fn thousands_of_handshakes_a_second_cost_no_lease() {
    let length = Duration::from_secs(setting("LB_VIP_SECONDS").unwrap_or(20) as u64);
    let lb = Mover::Lb { patient: false, arguments: &[], more: "", front: "" };
    let Some(site) = Site::start("x", lb) else { return };
    let holder = site.holder();
    // Half of them come from nowhere that is known, half from a member's own machine.
    let net = site.world.net();
    site.world.sh(&format!("ip -n {net} addr add 10.78.0.99/24 dev br1"));
    let member = site.world.host((holder + 1) % 3);
    let to: SocketAddr = format!("10.78.0.{}:7000", holder + 1).parse().unwrap();
    let before = Counts::all(&site);
    let (done, made) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let strangers: Vec<_> = (0..STRANGERS)
        .map(|number| {
            let (done, made) = (Arc::clone(&done), Arc::clone(&made));
            let from = if number % 2 == 0 { &net } else { &member };
            crate::world::World::within(from, move || knock(to, &done, &made))
        })
        .collect();
    sleep(length);
    done.store(true, Ordering::Relaxed);
    strangers.into_iter().for_each(|stranger| stranger.join().unwrap());
    let made = made.load(Ordering::Relaxed);
    println!("{made} handshakes in {length:?}");
    // A machine with little to spare makes fewer than it is asked for.
    assert!(made >= u64::from(RATE) * length.as_secs() / 5, "{made} handshakes in {length:?} are no flood");
    let all: Vec<_> =
        Counts::all(&site).into_iter().zip(before).map(|(after, before)| after.since(before)).collect();
    println!("{:?}", all[holder]);
    assert_eq!(site.holder(), holder, "{}", site.all_said());
    assert!(all.iter().all(|one| one.leader_changes == 0.0 && one.acquired == 0.0), "{all:?}");
    all[holder].assert_margin();
}

/// Begins handshakes that come to nothing, one after the other.
fn knock(to: SocketAddr, done: &AtomicBool, made: &AtomicU64) {
    let each = Duration::from_secs(1) * STRANGERS / RATE;
    let mut next = Instant::now();
    while !done.load(Ordering::Relaxed) {
        next += each;
        sleep(next.saturating_duration_since(Instant::now()));
        let Ok(mut stream) = TcpStream::connect_timeout(&to, Duration::from_millis(200)) else { continue };
        let number = made.fetch_add(1, Ordering::Relaxed);
        let _ = stream.write_all(&hello(number));
        let _ = stream.set_read_timeout(Some(Duration::from_millis(20)));
        let mut said = [0; 16];
        // An alert is the most that it gets.
        if let Ok(length @ 1..) = stream.read(&mut said) {
            assert_eq!(said[0], 0x15, "{:?}", &said[..length]);
        }
    }
}
