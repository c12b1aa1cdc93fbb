//! Reloads and handovers under a steady load: what clients see, what they cost, and what they leave behind.
//!
//! The plain run takes a small dose; `just reloads` the whole, with 5,000 requests per second, and prints its measurements.
#![allow(clippy::unwrap_used)]

mod handover;
mod load;
mod site;

use load::{Load, Pace};
use site::{Footprint, Site};
use std::time::{Duration, Instant};

/// How a run of reloads is dosed.
struct Dose {
    rate: usize,
    reloads: usize,
    /// Backends beside the one that answers.
    backends: usize,
    /// Between two reloads.
    pause: Duration,
    /// Before and after all reloads: the load without any.
    steady: Duration,
}

/// What came of it.
struct Measured {
    /// 99 of 100 answers came within, without reloads ...
    steady: Duration,
    /// ... and of those that were due while one went on.
    during: Duration,
    /// After each reload.
    footprints: Vec<Footprint>,
}

/// The middle one of what resident memory was after some reloads: where freed pieces lie changes it from one to the next.
fn memory(footprints: &[Footprint]) -> u64 {
    let mut all: Vec<u64> = footprints.iter().map(|footprint| footprint.memory).collect();
    all.sort_unstable();
    all[all.len() / 2]
}

/// Reloads while clients ask; not one request fails, and no process is left.
fn reload_under_load(dose: &Dose) -> Measured {
    let site = Site::start(dose.backends);
    let before = site.processes();
    let load = Load::start(Pace { to: site.front, keeping: 8, closing: 4, rate: dose.rate });
    std::thread::sleep(dose.steady);
    let began = Instant::now();
    let mut spans = Vec::new();
    let mut footprints = Vec::new();
    for number in 1..=dose.reloads {
        site.write(number);
        let from = Instant::now();
        site.reload();
        spans.push((from, Instant::now()));
        std::thread::sleep(dose.pause);
        footprints.push(site.footprint());
    }
    let ended = Instant::now();
    std::thread::sleep(dose.steady);
    let answered = load.answered();
    let outcome = load.finish();
    let failures = &outcome.failures;
    assert!(
        failures.is_empty(),
        "{} of {answered} failed: {:?}",
        failures.len(),
        &failures[..failures.len().min(9)]
    );
    assert!(answered > 0);
    assert_eq!(site.processes(), before, "processes");
    let within = |at: Instant| spans.iter().any(|(from, to)| (*from..=*to).contains(&at));
    let steady = outcome.p99(|at| at < began || at > ended);
    let during = outcome.p99(within);
    let reloading: Duration = spans.iter().map(|(from, to)| *to - *from).sum();
    let per_second = answered as f64 / (ended - began + 2 * dose.steady).as_secs_f64();
    println!(
        "{} reloads with {} backends, {answered} requests ({per_second:.0}/s): p99 {steady:?}, during reloads {during:?}; \
         {:?} each; memory {:?} kB",
        dose.reloads,
        dose.backends,
        reloading / u32::try_from(dose.reloads).unwrap(),
        footprints.iter().map(|footprint| footprint.memory).collect::<Vec<_>>(),
    );
    Measured { steady, during, footprints }
}

#[test]
fn no_request_fails_and_nothing_is_left() {
    let dose = Dose {
        rate: 400,
        reloads: 20,
        backends: 30,
        pause: Duration::from_millis(10),
        steady: Duration::from_millis(300),
    };
    let footprints = reload_under_load(&dose).footprints;
    let (early, late) = (footprints[9], footprints[19]);
    assert!(late.sockets <= early.sockets + 8, "{early:?}, then {late:?}");
}

#[test]
#[ignore = "takes a minute and the whole machine: `just reloads`"]
fn a_hundred_reloads_leave_no_memory_behind() {
    let dose = Dose {
        rate: 5_000,
        reloads: 100,
        backends: 1_000,
        pause: Duration::from_millis(100),
        steady: Duration::from_secs(3),
    };
    let footprints = reload_under_load(&dose).footprints;
    let (before, after) = (memory(&footprints[9..40]), memory(&footprints[69..]));
    assert!(after <= before * 105 / 100, "{before} kB, then {after} kB");
    let (early, late) = (footprints[9], footprints[99]);
    assert!(late.sockets <= early.sockets + 8, "{early:?}, then {late:?}");
}

#[test]
#[ignore = "takes a minute and the whole machine: `just reloads`"]
fn ten_thousand_backends_are_read_beside_the_traffic() {
    let dose = Dose {
        rate: 5_000,
        reloads: 10,
        backends: 10_000,
        pause: Duration::from_secs(1),
        steady: Duration::from_secs(10),
    };
    let Measured { steady, during, .. } = reload_under_load(&dose);
    assert!(during <= 2 * steady, "{during:?} during a reload, {steady:?} without");
}
