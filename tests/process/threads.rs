//! `nbthread`, `cpu-map`: threads and their sockets.

use crate::program::{LIMIT, Place, Running};
use lb_harness::eventually;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

fn start(place: &Place, global: &str) -> Running {
    let config = place.config(global);
    place.start(["-f", config.to_str().unwrap()])
}

/// Status fields of each thread.
fn tasks(pid: i32) -> Vec<BTreeMap<String, String>> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten();
    tasks.map(|task| crate::program::status(task.file_name().to_str().unwrap().parse().unwrap())).collect()
}

/// Inodes of the process's sockets that listen on the place's address.
fn listeners(place: &Place, pid: i32) -> BTreeSet<u64> {
    let std::net::IpAddr::V4(ip) = place.front.ip() else { panic!("an IPv4 address") };
    let local = format!("{:08X}:{:04X}", u32::from_ne_bytes(ip.octets()), place.front.port());
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let listening: BTreeSet<u64> = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|fields| fields[1] == local && fields[3] == "0A")
        .map(|fields| fields[9].parse().unwrap())
        .collect();
    let held = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
    let held: BTreeSet<u64> = held
        .filter_map(|fd| fs::read_link(fd.path()).ok())
        .filter_map(|link| link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok())
        .collect();
    listening.intersection(&held).copied().collect()
}

#[test]
fn each_thread_has_a_socket_of_its_own() {
    if !crate::program::is_lb() {
        return; // haproxy has one per thread group
    }
    for count in [1, 2, 8] {
        let place = Place::new();
        let running = start(&place, &format!(" nbthread {count}"));
        let named = || tasks(running.pid()).iter().filter(|task| task["Name"].starts_with("lb/")).count();
        assert!(eventually(LIMIT, || named() == count), "{} of {count}", named());
        assert_eq!(listeners(&place, running.pid()).len(), count);
    }
}

#[test]
fn threads_run_where_they_are_mapped() {
    let place = Place::new();
    let running = start(&place, " nbthread 2\n cpu-map 1/1-2 0");
    let bound = || tasks(running.pid()).iter().filter(|task| task["Cpus_allowed_list"] == "0").count();
    assert!(eventually(LIMIT, || bound() >= 2), "{}", bound());
}
