//! What a holder leaves behind, and how it lets go.

use crate::site::{A_WHILE, LB, LIMIT, Mover, Site};
use nix::sys::signal::{Signal, kill};
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
    let monitored = Mover::Lb { patient: true, arguments: &["-W"], more: "" };
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
    let Some(site) = Site::start("c", LB) else { return };
    let holder = site.holder();
    site.world.sh(&format!("ip -n {} addr add 10.77.0.100/24 dev eth0", site.world.host(3)));
    // Whoever has it announces it.
    let claim = format!("ip netns exec {} arping -c 2 -A -I eth0 10.77.0.100 >/dev/null", site.world.host(3));
    if Command::new("arping").arg("-V").output().is_err() {
        eprintln!("skipped: needs arping");
        return;
    }
    site.world.sh(&claim);
    eventually("the claim is not told", || site.said(holder).contains("another machine claims"));
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
