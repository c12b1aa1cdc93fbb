//! Hours in the life of a cluster, in minutes: faults of all kinds, one on top of the other, under traffic.

use crate::client::Client;
use crate::fault::{ALL, Fault};
use crate::outages::setting;
use crate::site::{A_WHILE, Mover, Site, random};
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// No data-dir and no process grows larger.
const DATA: u64 = 64 << 20;
const MEMORY: u64 = 256 << 20;

#[test]
#[ignore = "takes minutes; `just soak` runs it"]
fn three_nodes() {
    soak("t", 3);
}

#[test]
#[ignore = "takes minutes; `just soak` runs it"]
fn five_nodes() {
    soak("u", 5);
}

fn below(limit: u32) -> u32 {
    random() % limit
}

fn soak(name: &str, hosts: usize) {
    let length = Duration::from_secs(setting("LB_VIP_SECONDS").unwrap_or(60) as u64);
    let lb = Mover::Lb { patient: false, arguments: &[], more: "", front: "" };
    let Some(mut site) = Site::start_some(name, lb, hosts) else { return };
    let faults: Vec<Fault> = ALL.into_iter().filter(|fault| fault.missing().is_none()).collect();
    let begun = Instant::now();
    let (mut suffered, mut sizes) = (0, Vec::new());
    while begun.elapsed() < length {
        let client = Client::start(&site.world, true);
        let stretch = Instant::now();
        while stretch.elapsed() < Duration::from_secs(60) && begun.elapsed() < length {
            let fault = faults[below(u32::try_from(faults.len()).unwrap()) as usize];
            // Mostly the holder, which has most to lose.
            let holder = site.holder();
            let host = if below(3) == 0 { below(u32::try_from(hosts).unwrap()) as usize } else { holder };
            fault.begin(&mut site, host, suffered);
            sleep(Duration::from_millis(below(3000).into()));
            if below(4) == 0 {
                // What an operator does at the wrong moment.
                let _ = site.command(below(u32::try_from(hosts).unwrap()) as usize, "cluster step-down");
            }
            fault.end(&mut site, host);
            suffered += 1;
            sleep(Duration::from_millis(below(1500).into()));
        }
        // Within five times the longest wait for a leader, and what a node keeps silent after its start, somebody holds.
        let healed = Instant::now();
        site.holder();
        let back = healed.elapsed();
        sleep(A_WHILE);
        let seen = client.stop();
        assert_eq!(seen.claims.dual(), Duration::ZERO, "{}", site.all_said());
        let size = (0..hosts).map(|host| data(&site, host)).max().unwrap_or(0);
        let memory = (0..hosts).filter_map(|host| memory(site.process(host)?)).max().unwrap_or(0);
        println!(
            "{suffered} faults, {:?}: back after {back:?}, data-dir {size}, memory {memory}",
            begun.elapsed()
        );
        assert!(size < DATA && memory < MEMORY);
        sizes.push((size, memory));
    }
    assert_terms(&site.all_said());
    println!("{hosts} nodes, {suffered} faults in {:?}: {sizes:?}", begun.elapsed());
}

/// Nobody held in a term in which another did.
fn assert_terms(said: &str) {
    let mut holders: HashMap<&str, usize> = HashMap::new();
    for line in said.lines().filter(|line| line.contains("this node holds the virtual addresses, term ")) {
        let process = line.split(['(', ')']).nth(1).unwrap_or_default();
        let term = line.rsplit("term ").next().unwrap_or_default();
        let holder: usize = process.parse().unwrap();
        assert_eq!(*holders.entry(term).or_insert(holder), holder, "term {term}\n{said}");
    }
    assert!(!holders.is_empty());
}

/// What a node has on its disk.
fn data(site: &Site, host: usize) -> u64 {
    size(&site.world.path(&format!("{}.data", Site::name(host))))
}

fn size(path: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(path) else { return fs::metadata(path).map_or(0, |file| file.len()) };
    entries.flatten().map(|entry| size(&entry.path())).sum()
}

/// What a process has in memory.
fn memory(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib << 10)
}
