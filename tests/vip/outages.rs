//! How long a client has no answer, and for how long two answer.

use crate::fault::{ALL, Fault};
use crate::site::{A_WHILE, Mover, Site};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

/// Rounds of each fault; `LB_VIP_ROUNDS` where a figure is wanted.
fn rounds() -> Option<usize> {
    std::env::var("LB_VIP_ROUNDS").ok()?.parse().ok()
}

/// What rounds of one fault have shown, in milliseconds.
#[derive(Debug, Default)]
struct Figures {
    outages: Vec<u128>,
    dual: Vec<u128>,
}

impl Figures {
    fn row(&mut self, mover: &str, fault: Fault) -> String {
        self.outages.sort_unstable();
        let (count, dual) = (self.outages.len(), self.dual.iter().max().copied().unwrap_or(0));
        let [min, median, max] = [0, count / 2, count - 1].map(|index| self.outages[index]);
        format!("| {mover} | {} | {min}/{median}/{max} | {dual} |", fault.name())
    }
}

/// Lets each fault befall the holder so many times.
fn measure(name: &str, shown: &str, mover: Mover, rounds: usize, strict: bool) -> Option<Vec<String>> {
    let mut site = Site::start(name, mover)?;
    let mut rows = Vec::new();
    for fault in ALL {
        let mut figures = Figures::default();
        for _ in 0..rounds {
            let (seen, first, second) = site.watch(|site, host| fault.begin(site, host));
            if strict && let Some(second) = second {
                assert!(seen.claimants() >= 2, "{fault:?}: {} answered ARP", seen.claimants());
                assert_eq!(seen.dual(), Duration::ZERO, "{fault:?}: {first} and {second} answer");
                let names: Vec<_> = seen.answers.iter().map(|(_, by)| by.as_str()).collect();
                let moved = names.iter().rposition(|name| *name == Site::name(first));
                let begun = names.iter().position(|name| *name == Site::name(second));
                assert!(moved < begun, "{fault:?}: {names:?}");
            }
            figures.outages.push(seen.outage().as_millis());
            figures.dual.push(seen.dual().as_millis());
            fault.end(&mut site, first);
            // A node that starts keeps silent first.
            sleep(A_WHILE * 4);
        }
        let row = figures.row(shown, fault);
        eprintln!("{row}");
        rows.push(row);
    }
    Some(rows)
}

#[test]
fn another_answers_and_never_two() {
    let patient = Mover::Lb { patient: true, arguments: &[], more: "" };
    measure("o", "lb, 500 ms 1 s", patient, rounds().map_or(2, |_| 1), true);
}

#[test]
#[ignore = "takes minutes; `just bench-vip` runs it"]
fn outages() {
    let rounds = rounds().unwrap_or(2);
    let mut rows = Vec::new();
    let lb = Mover::Lb { patient: false, arguments: &[], more: "" };
    rows.extend(measure("l", "lb", lb, rounds, true).unwrap_or_default());
    if Command::new("keepalived").arg("-v").output().is_ok() {
        for (name, interval) in [("k", "1"), ("q", "0.1")] {
            let shown = format!("keepalived, advert {interval} s");
            let measured = measure(name, &shown, Mover::Keepalived(interval), rounds, false);
            rows.extend(measured.unwrap_or_default());
        }
    } else {
        eprintln!("keepalived is not installed");
    }
    println!("| | fault | outage in ms, min/median/max of {rounds} | two answer, ms |\n|---|---|---|---|");
    rows.iter().for_each(|row| println!("{row}"));
}
