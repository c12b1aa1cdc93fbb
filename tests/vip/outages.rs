//! How long a client has no answer, and for how long two answer.

use crate::fault::{ALL, Fault};
use crate::site::{Mover, Site};
use std::process::Command;
use std::time::Duration;

/// Faults of the daily dose.
const FEW: [Fault; 9] = [
    Fault::Crash,
    Fault::Stop,
    Fault::LinkDown,
    Fault::DataDown,
    Fault::Partition,
    Fault::Isolation,
    Fault::OneWay,
    Fault::Flush,
    Fault::Terminate,
];

/// A number from the environment.
pub(crate) fn setting(name: &str) -> Option<usize> {
    std::env::var(name).ok()?.parse().ok()
}

/// What rounds of one fault have shown, in milliseconds.
#[derive(Debug, Default)]
struct Figures {
    http: Vec<u128>,
    udp: Vec<u128>,
    after: Vec<u128>,
    dual: Vec<u128>,
}

/// Minimum, median and maximum.
fn spread(all: &mut [u128]) -> String {
    all.sort_unstable();
    let [min, median, max] = [0, all.len() / 2, all.len() - 1].map(|index| all[index]);
    format!("{min}/{median}/{max}")
}

impl Figures {
    fn row(&mut self, mover: &str, fault: Fault) -> String {
        let [http, udp, after] = [&mut self.http, &mut self.udp, &mut self.after].map(|all| spread(all));
        let dual = self.dual.iter().max().copied().unwrap_or(0);
        format!("| {mover} | {} | {http} | {udp} | {after} | {dual} |", fault.name())
    }
}

/// Lets each fault befall the holder so many times.
fn measure(name: &str, shown: &str, mover: Mover, rounds: usize, faults: &[Fault]) -> Option<Vec<String>> {
    let mut site = Site::start(name, mover)?;
    let mut rows = Vec::new();
    for fault in faults {
        if let Some(why) = fault.missing() {
            eprintln!("skipped: {}: {why}", fault.name());
            continue;
        }
        let mut figures = Figures::default();
        for round in 0..rounds {
            let episode = site.suffer(*fault, round);
            let seen = &episode.seen;
            let dual = seen.claims.dual();
            if site.is_lb() {
                let (first, claimants) = (episode.first, seen.claims.claimants());
                assert_eq!(dual, Duration::ZERO, "{fault:?} of {first}: two answer\n{}", site.all_said());
                let least = if fault.stays().is_some() { 1 } else { 2 };
                assert!(claimants.iter().all(|count| *count >= least), "{fault:?}: {claimants:?} were heard");
                if let Some(second) = episode.second.filter(|_| fault.stays().is_none()) {
                    assert_order(seen.answers.iter(), first, second);
                    let late = seen.claims.relapse();
                    assert_eq!(
                        late,
                        Duration::ZERO,
                        "{fault:?} of {first}: it answers again\n{}",
                        site.all_said()
                    );
                }
            }
            figures.http.push(seen.outage(episode.begun, episode.healed).as_millis());
            figures.udp.push(seen.silence(episode.begun, episode.healed).as_millis());
            figures.after.push(seen.outage(episode.healed, seen.ended()).as_millis());
            figures.dual.push(dual.as_millis());
        }
        let row = figures.row(shown, *fault);
        eprintln!("{row}");
        rows.push(row);
    }
    Some(rows)
}

/// Nothing that was asked after another had answered was answered by the first.
fn assert_order<'a>(
    answers: impl Iterator<Item = &'a Vec<(std::time::Instant, String)>>,
    first: usize,
    second: usize,
) {
    for answers in answers {
        let names: Vec<_> = answers.iter().map(|(_, by)| by.as_str()).collect();
        let last = names.iter().rposition(|name| *name == Site::name(first));
        let begun = names.iter().position(|name| *name == Site::name(second));
        assert!(last < begun, "{names:?}");
    }
}

#[test]
fn another_answers_and_never_two() {
    let patient = Mover::Lb { patient: true, arguments: &[], more: "", front: "" };
    measure("o", "lb, 500 ms 1 s", patient, 2, &FEW);
}

#[test]
#[ignore = "takes minutes; `just bench-vip` runs it"]
fn outages() {
    let rounds = setting("LB_VIP_ROUNDS").unwrap_or(2);
    let wanted = std::env::var("LB_VIP_FAULTS").unwrap_or_default();
    for name in wanted.split(',').filter(|name| !name.is_empty()) {
        assert!(ALL.iter().any(|fault| fault.name() == name), "LB_VIP_FAULTS: there is no '{name}'");
    }
    let is_wanted = |fault: &&Fault| wanted.is_empty() || wanted.split(',').any(|name| name == fault.name());
    let faults: Vec<_> = ALL.iter().filter(is_wanted).copied().collect();
    let mut rows = Vec::new();
    let lb = Mover::Lb { patient: false, arguments: &[], more: "", front: "" };
    rows.extend(measure("l", "lb", lb, rounds, &faults).unwrap_or_default());
    let rounds_beside = setting("LB_VIP_BESIDE").unwrap_or(rounds.min(5));
    if rounds_beside == 0 {
        eprintln!("keepalived is left out");
    } else if Command::new("keepalived").arg("-v").output().is_ok() {
        let faults: Vec<_> = faults.into_iter().filter(|fault| fault.concerns_keepalived()).collect();
        for (name, interval) in [("k", "1"), ("q", "0.1")] {
            let shown = format!("keepalived, advert {interval} s");
            let measured = measure(name, &shown, Mover::Keepalived(interval), rounds_beside, &faults);
            rows.extend(measured.unwrap_or_default());
        }
    } else {
        eprintln!("keepalived is not installed");
    }
    println!("{rounds} rounds of lb, {rounds_beside} of keepalived; minimum/median/maximum in ms");
    println!(
        "| | fault | no answer by HTTP | by UDP | by HTTP after healing | two answer |\n|---|---|---|---|---|---|"
    );
    rows.iter().for_each(|row| println!("{row}"));
}
