//! What a holder leaves behind, and how it lets go.

use crate::site::{A_WHILE, LB, LIMIT, Mover, Site};
use nix::sys::signal::{Signal, kill};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The addresses on a host's interface.
fn addresses(site: &Site, host: usize) -> String {
    let shown =
        Command::new("ip").args(["-n", &site.world.host(host), "addr", "show", "dev", "eth0"]).output();
    String::from_utf8(shown.unwrap().stdout).unwrap()
}

fn has_address(site: &Site, host: usize) -> bool {
    let shown = addresses(site, host);
    shown.contains("10.77.0.100/32") && shown.contains("fd77::100/128")
}

fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < LIMIT, "{what}");
        sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_worker_that_is_killed_takes_the_address_with_it() {
    let monitored = Mover::Lb { patient: true, arguments: &["-W"], more: "", front: "" };
    let Some(mut site) = Site::start("w", monitored) else { return };
    let first = site.holder();
    assert!((0..3).all(|host| has_address(&site, host) == (host == first)));
    let worker = site.worker(first);
    let begun = Instant::now();
    kill(worker, Signal::SIGKILL).unwrap();
    eventually("the address stays", || !addresses(&site, first).contains("10.77.0.100"));
    eprintln!("gone after {:?}", begun.elapsed());
    site.reap(first);
    site.holder_among(|host| host != first);
    let table = format!("ip netns exec {} nft list tables", site.world.host(first));
    let tables = Command::new("sh").args(["-c", &table]).output().unwrap();
    assert!(tables.stdout.is_empty(), "{tables:?}");
}

#[test]
fn a_holder_whose_guard_is_flushed_lets_go_and_takes_it_again() {
    let Some(site) = Site::start("f", LB) else { return };
    let holder = site.holder();
    site.world.sh(&format!("ip netns exec {} nft flush ruleset", site.world.host(holder)));
    eventually("the loss is not told", || site.said(holder).contains("the guard was lost"));
    site.holder();
    let tables = format!("ip netns exec {} nft list tables | grep -q lb_edge", site.world.host(holder));
    site.world.sh(&tables);
}

#[test]
fn another_claim_is_told_and_answered() {
    for (name, address, tells) in [
        ("c", "10.77.0.100/24", "ipv4/conf/eth0/arp_notify"),
        ("e", "fd77::100/64 nodad", "ipv6/conf/eth0/ndisc_notify"),
    ] {
        let Some(site) = Site::start(name, LB) else { return };
        let (holder, client) = (site.holder(), site.world.client());
        // Whoever has it announces it when it gets another Ethernet address.
        site.world.sh(&format!(
            "ip netns exec {client} sh -c 'echo 1 >/proc/sys/net/{tells}'\nip -n {client} addr add {address} dev eth0
             ip -n {client} link set eth0 address 02:4c:42:00:00:98"
        ));
        eventually("the claim is not told", || site.said(holder).contains("another machine claims"));
    }
}

#[test]
fn connections_to_the_address_end_with_it_where_all_addresses_are_listened_on() {
    let everywhere = "frontend all\n bind *:81\n bind :::81 v6only\n \
                      http-request return status 200 content-type text/plain string all\n";
    let Some(site) =
        Site::start("a", Mover::Lb { patient: true, arguments: &[], more: "", front: everywhere })
    else {
        return;
    };
    let holder = site.holder();
    let own = format!("10.77.0.{}:81", holder + 1);
    let mut kept = [own.as_str(), "10.77.0.100:81", "[fd77::100]:81"].map(|at| {
        let at: std::net::SocketAddr = at.parse().unwrap();
        let connect = site.world.on_client(move || TcpStream::connect_timeout(&at, LIMIT));
        let mut stream = connect.join().unwrap().unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        assert!(answers(&mut stream));
        stream
    });
    assert_eq!(connections(&site, holder), "3");
    assert_eq!(site.command(holder, "cluster step-down"), "\n");
    // Before anything comes from the client.
    eventually("connections outlive the address", || connections(&site, holder) == "1");
    assert!(answers(&mut kept[0]));
    site.holder_among(|host| host != holder);
}

/// How many connections a host's frontend `all` has.
fn connections(site: &Site, host: usize) -> String {
    let stat = site.command(host, "show stat");
    let line = stat.lines().find(|line| line.starts_with("all,FRONTEND,")).unwrap_or_default();
    line.split(',').nth(4).unwrap_or_default().to_owned()
}

/// A request on a connection that stays open is answered.
fn answers(stream: &mut TcpStream) -> bool {
    let asked = stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut buffer = [0; 1024];
    asked.is_ok()
        && stream.read(&mut buffer).is_ok_and(|length| buffer[..length].starts_with(b"HTTP/1.1 200"))
}

#[test]
fn an_address_that_is_taken_off_is_put_back() {
    let Some(site) = Site::start("d", LB) else { return };
    let holder = site.holder();
    site.world.sh(&format!("ip -n {} addr del 10.77.0.100/32 dev eth0", site.world.host(holder)));
    eventually("it stays away", || has_address(&site, holder));
    sleep(A_WHILE);
    assert_eq!(site.holder(), holder);
}
