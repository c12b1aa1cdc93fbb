//! Nodes restarted one by one, the leader last, as for a new version; and certificates that are renewed meanwhile.

use crate::site::{LIMIT, Site};
use crate::watch::Watch;
use lb_harness::{ask, debian, eventually};
use nix::sys::signal::Signal;
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn nodes_are_restarted_one_by_one_and_the_address_moves_once() {
    let mut site = Site::start();
    let holder = site.holder();
    let watch = Watch::start(site.front);
    for index in (0..3).filter(|index| *index != holder) {
        site.end(index, Signal::SIGTERM);
        site.start_node(index);
        site.shows(index, "show cluster", " follower, term ");
        site.shows(index, "show cluster", &format!("\nleader: {}\n", Site::name(holder)));
    }
    site.end(holder, Signal::SIGTERM);
    let next = site.holder_among(|index| index != holder);
    site.start_node(holder);
    site.shows(holder, "show cluster", " follower, term ");
    assert_eq!(site.holder(), next);
    assert_eq!(watch.stop().holders(), [Site::name(holder), Site::name(next)]);
}

fn sh(script: &str, dir: &Path) {
    let mut shell = Command::new("sh");
    shell.args(["-ec", script]).current_dir(dir).stdout(Stdio::null()).stderr(Stdio::null());
    assert!(shell.status().unwrap().success(), "{script}");
}

/// One of a node's metrics.
fn metric(site: &Site, index: usize, name: &str) -> f64 {
    let text = ask(site.own(index), "GET /metrics?scope=global", &[], "").unwrap().text();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in\n{text}")).parse().unwrap()
}

#[test]
fn certificates_are_renewed_by_reloads_without_a_link_lost() {
    if Command::new("openssl").arg("version").output().is_err() {
        assert!(!debian::demanded(), "openssl is missing");
        println!("skipped, needs openssl");
        return;
    }
    let mut site = Site::new();
    let keys = site.path("keys");
    let lb = env!("CARGO_BIN_EXE_lb");
    sh(&format!("{lb} cluster keygen keys lb1 lb2 lb3"), keys.parent().unwrap());
    // One that ends in some days.
    sh(
        "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -subj /CN=lb1 -out csr
         printf 'subjectAltName=DNS:lb1\nextendedKeyUsage=clientAuth,serverAuth\n' >extensions
         openssl x509 -req -in csr -CA ca.pem -CAkey ca.key -days 6 -extfile extensions -out crt
         cat crt key >lb1.pem",
        &keys,
    );
    site.keys = Some(keys.clone());
    (0..3).for_each(|index| site.start_node(index));
    site.holder();
    site.says(0, "lb1.pem', that ends in ");
    assert!((4.0..=6.0).contains(&metric(&site, 0, "lb_cluster_certificate_days")));

    sh(&format!("rm keys/lb?.pem\n{lb} cluster keygen keys lb1 lb2 lb3"), keys.parent().unwrap());
    // A busy machine may lose one by itself.
    let kept = (1..=3).any(|reloads| {
        let before = links(&site);
        for index in 0..3 {
            site.signal(index, Signal::SIGUSR2);
            let done = || site.node(index).stderr().matches("Loading success.").count() >= reloads;
            assert!(eventually(LIMIT, done));
        }
        let after = links(&site);
        !before.is_empty() && before.iter().all(|link| after.contains(link))
    });
    assert!(kept, "links are made anew");
    let days = || metric(&site, 0, "lb_cluster_certificate_days");
    assert!(eventually(LIMIT, || days() > 30.0), "{}", days());
    // New ones are made with what is new.
    let other = (0..3).find(|index| *index != site.holder()).unwrap();
    site.end(other, Signal::SIGKILL);
    site.start_node(other);
    site.shows(other, "show cluster", " follower, term ");
}

/// The connections between nodes: both ends of those that were made to where a node listens for others.
fn links(site: &Site) -> Vec<String> {
    let end = |index: usize| {
        let link = site.link(index);
        let IpAddr::V4(ip) = link.ip() else { unreachable!("nodes are at 127/8") };
        format!("{:08X}:{:04X}", u32::from_ne_bytes(ip.octets()), link.port())
    };
    let ends: Vec<String> = (0..3).map(end).collect();
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let link = |line: &str| {
        let fields: Vec<_> = line.split_ascii_whitespace().collect();
        let is_link = fields[3] == "01" && ends.iter().any(|end| fields[2] == end);
        is_link.then(|| fields[1..3].join(" "))
    };
    table.lines().skip(1).filter_map(link).collect()
}
