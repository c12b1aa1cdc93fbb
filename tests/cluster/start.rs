//! What keeps a node from starting, and what it says then.

use crate::site::Site;
use lb_harness::Launch;
use std::net::TcpListener;

/// What a program says that must not start.
fn refused(config: &str) -> String {
    let (status, text) = Launch::new(env!("CARGO_BIN_EXE_lb")).config(config).refused().unwrap();
    assert_eq!(status.code(), Some(1), "{text}");
    text
}

#[test]
fn errors_say_what_is_wrong_and_where() {
    let site = Site::new();
    let config = site.config(0);
    let wrong = |from: &str, to: &str| refused(&config.replacen(from, to, 1));

    let told = wrong("localpeer lb1", "localpeer other");
    assert!(told.contains("haproxy.cfg:19] : cluster 'edge' has no node 'other'"), "{told}");
    let told = wrong("secret-file ", "secret-file /nowhere");
    assert!(told.contains("cluster 'edge' cannot read '/nowhere"), "{told}");
    let told = wrong(" bind-only", " interface eth0");
    assert!(told.contains("a loopback address, on an interface"), "{told}");
    let told = wrong(" data-dir /", " data-dir /proc/nowhere/");
    assert!(told.contains("cluster 'edge' at [") && told.contains("/proc/nowhere/"), "{told}");

    let taken = TcpListener::bind(site.link(0)).unwrap();
    let told = refused(&config);
    assert!(told.contains("for the other nodes: Address already in use"), "{told}");
    drop(taken);
    let told = wrong(&site.link(0).ip().to_string(), "192.0.2.1").replace('\n', " ");
    assert!(told.contains("192.0.2.1") || told.contains("cannot bind socket"), "{told}");
}

#[test]
fn two_processes_do_not_share_a_data_dir() {
    let mut site = Site::new();
    site.start_node(0);
    let free = lb_harness::loopback::free_port().unwrap();
    let other = site.config(0).replace(&site.link(0).to_string(), &free.to_string());
    let told = refused(&other);
    assert!(told.contains("is in use by another process. Each node has a 'data-dir' of its own."), "{told}");
}
