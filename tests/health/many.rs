//! Many servers that are checked: what that costs, and how it is spread over the interval.

use super::{Done, programs};
use lb_harness::cpu::Usage;
use lb_harness::{Launch, loopback};
use std::error::Error;
use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Time between two checks of a server.
const INTERVAL: Duration = Duration::from_secs(2);
/// Parts of the interval that are looked at.
const PARTS: usize = 20;

#[test]
fn a_few_hundred() -> Done {
    // So little takes but a few ticks of the clock: what is asked is that it is nothing like as much again.
    let (ours, theirs) = compare(300, 2)?;
    assert!(
        ours.cpu <= theirs.cpu * 3 + Duration::from_millis(150),
        "{ours:?}, where haproxy has {theirs:?}"
    );
    Ok(())
}

#[test]
#[ignore = "takes a minute: `just health`"]
fn five_thousand() -> Done {
    let mut ratios = Vec::new();
    for _ in 0..5 {
        let (ours, theirs) = compare(5000, 2)?;
        ratios.push(ours.cpu.as_secs_f64() / theirs.cpu.as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    println!("CPU time of checks by haproxy's: {ratios:.2?}, the median to be at most 1");
    assert!(ratios[ratios.len() / 2] <= 1.0, "{ratios:.2?}");
    Ok(())
}

/// What checks cost, and what came of them.
#[derive(Debug)]
struct Found {
    cpu: Duration,
    checks: usize,
    /// The part of the interval with the most checks, over the mean.
    peak: f64,
}

/// lb, and haproxy; lb alone counts as both.
fn compare(servers: usize, intervals: u32) -> Result<(Found, Found), Box<dyn Error>> {
    let (haproxy, lb) = programs();
    let theirs = measure(haproxy.as_deref().unwrap_or(&lb), servers, intervals)?;
    let ours = measure(&lb, servers, intervals)?;
    println!("{servers} servers: haproxy {theirs:?}\nlb {ours:?}");
    let expected = servers * intervals as usize;
    assert!(ours.checks * 10 >= expected * 7, "{} checks, where {expected} are due", ours.checks);
    assert!(ours.peak < 3.0_f64.max(theirs.peak * 1.5), "not spread: {ours:?}, where haproxy has {theirs:?}");
    Ok((ours, theirs))
}

fn measure(program: &Path, servers: usize, intervals: u32) -> Result<Found, Box<dyn Error>> {
    let listener = TcpListener::bind((loopback::own_address(), 0))?;
    let at = listener.local_addr()?;
    let times = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&times);
    // It waits for connections to the end of the process.
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            seen.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
            let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
            let _ = stream.read(&mut [0; 16]);
        }
    });
    let front = loopback::free_port()?;
    let mut config = format!(
        "global\n nbthread 1\n maxconn 1000\n\
         defaults\n mode tcp\n balance roundrobin\n timeout connect 2s\n timeout client 5s\n timeout server 5s\n\
         frontend f\n bind {front}\n\
         backend b\n option tcp-check\n tcp-check send x\n default-server inter {}ms\n",
        INTERVAL.as_millis()
    );
    for server in 0..servers {
        config.push_str(&format!(" server s{server} {at} check\n"));
    }
    let proxy = Launch::new(program).config(&config).listening_on(front).start()?;
    // The first interval has the start in it.
    thread::sleep(INTERVAL);
    let (from, before) = (Instant::now(), Usage::of_tree(proxy.pid())?);
    thread::sleep(INTERVAL * intervals);
    let cpu = Usage::of_tree(proxy.pid())?.total() - before.total();
    let mut parts = [0_usize; PARTS];
    for time in times.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        if let Some(since) = time.checked_duration_since(from).filter(|since| *since < INTERVAL * intervals) {
            let part = since.as_millis() % INTERVAL.as_millis() * PARTS as u128 / INTERVAL.as_millis();
            parts[part as usize] += 1;
        }
    }
    let checks: usize = parts.iter().sum();
    let most = parts.iter().copied().max().unwrap_or_default();
    Ok(Found { cpu, checks, peak: most as f64 * PARTS as f64 / checks.max(1) as f64 })
}
