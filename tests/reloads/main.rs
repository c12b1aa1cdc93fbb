//! Reloads and handovers under a steady load: what clients see, what they cost, and what they leave behind.
//!
//! The plain run takes a small dose; `just reloads` the whole, with 5,000 requests per second, and prints its measurements.
#![allow(clippy::unwrap_used)]

mod handover;
mod load;
mod site;

use load::{Load, Pace};
use site::{Footprint, Site};
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

/// How a run of reloads is dosed.
struct Dose {
    rate: usize,
    reloads: usize,
    /// Backends beside the one that answers.
    backends: usize,
    /// Memory is measured.
    frugal: bool,
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
    /// After so many reloads each.
    footprints: Vec<(usize, Footprint)>,
}

impl Measured {
    /// The most that was resident after some of the reloads: where freed pieces lie changes it by a tenth from one to the next.
    fn memory(&self, reloads: RangeInclusive<usize>) -> u64 {
        let within = self.footprints.iter().filter(|(number, _)| reloads.contains(number));
        within.map(|(_, footprint)| footprint.memory).max().unwrap()
    }

    /// Descriptors that no client or server has, after ten reloads and after the last.
    fn sockets(&self) -> (usize, usize) {
        let early = self.footprints.iter().find(|(number, _)| *number >= 10).unwrap();
        (early.1.sockets, self.footprints.last().unwrap().1.sockets)
    }
}

/// Reloads while clients ask; not one request fails, and no process is left.
fn reload_under_load(dose: &Dose) -> Measured {
    let site = Site::start(dose.backends, dose.frugal);
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
        // To take it waits for former configurations to go, of which there are several between two.
        if number % 3 == 0 || number == dose.reloads {
            footprints.push((number, site.footprint()));
        }
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
        footprints.iter().map(|(_, footprint)| footprint.memory).collect::<Vec<_>>(),
    );
    Measured { steady, during, footprints }
}

#[test]
fn no_request_fails_and_nothing_is_left() {
    let dose = Dose {
        rate: 400,
        reloads: 20,
        backends: 30,
        frugal: false,
        pause: Duration::from_millis(10),
        steady: Duration::from_millis(300),
    };
    let (early, late) = reload_under_load(&dose).sockets();
    assert!(late <= early + 8, "{early} sockets, then {late}");
}

#[test]
#[ignore = "takes a minute and the whole machine: `just reloads`"]
fn a_hundred_reloads_leave_no_memory_behind() {
    let dose = Dose {
        rate: 5_000,
        reloads: 100,
        backends: 1_000,
        frugal: true,
        pause: Duration::from_millis(100),
        steady: Duration::from_secs(3),
    };
    let measured = reload_under_load(&dose);
    let (before, after) = (measured.memory(10..=40), measured.memory(70..=100));
    assert!(after <= before * 105 / 100, "{before} kB, then {after} kB");
    let (early, late) = measured.sockets();
    assert!(late <= early + 8, "{early} sockets, then {late}");
}

#[test]
#[ignore = "takes a minute and the whole machine: `just reloads`"]
fn ten_thousand_backends_are_read_beside_the_traffic() {
    let dose = Dose {
        rate: 5_000,
        reloads: 10,
        backends: 10_000,
        frugal: false,
        pause: Duration::from_secs(1),
        steady: Duration::from_secs(10),
    };
    let Measured { steady, during, .. } = reload_under_load(&dose);
    assert!(during <= 2 * steady, "{during:?} during a reload, {steady:?} without");
}
