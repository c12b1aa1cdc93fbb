//! One-word mutations of real configurations: does the parser judge them as Debian's haproxy does?
//!
//! `cargo test -p haproxy-cfg-parser --test mutation -- CORPUS [COUNT [SEED]]`, where CORPUS is a folder of cases,
//! `cases/NAME/haproxy.cfg`, each with the files that it needs and maybe an `env` of `NAME=value` lines. The corpus is not part
//! of the project; without it, or without haproxy, there is nothing to do. The same seed makes the same mutations.
//!
//! Prints every difference with its reason, then totals. Fails below 97 % equal verdicts, or when a difference has no reason.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod case;
mod mutate;
mod reason;
mod verdict;

use case::Case;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

/// Parts of a thousand that must be equal.
const WANTED: usize = 970;

fn main() -> ExitCode {
    // Other runners of tests ask for a list first; there is nothing in it.
    if std::env::args().any(|word| word == "--list") {
        return ExitCode::SUCCESS;
    }
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let [corpus, rest @ ..] = &arguments[..] else {
        println!("mutation: skipped, no corpus named");
        return ExitCode::SUCCESS;
    };
    let Some(oracle) = verdict::oracle() else {
        println!("mutation: skipped, no haproxy here");
        return ExitCode::SUCCESS;
    };
    let number = |index: usize, usual| rest.get(index).map_or(usual, |text| text.parse().expect("a number"));
    let (count, seed) = (number(0, 2000), number(1, 1));
    let scratch = tempfile::tempdir().unwrap();
    let cases: Vec<Case> = case::load(Path::new(corpus), scratch.path())
        .into_iter()
        .filter(|case| verdict::by_oracle(&oracle, case, &case.text).accepted)
        .collect();
    assert!(!cases.is_empty(), "no case of {corpus} is accepted by haproxy");

    let mut chance = mutate::Chance(seed);
    let (mut equal, mut unexplained) = (0, 0);
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for index in 0..count as usize {
        let case = &cases[chance.below(cases.len())];
        let mutation = mutate::mutate(&case.text, index, &mut chance);
        let theirs = verdict::by_oracle(&oracle, case, &mutation.text);
        let ours = verdict::by_parser(case, &mutation.text);
        if theirs.accepted == ours.accepted {
            equal += 1;
            continue;
        }
        let reason = reason::of(&theirs, &ours);
        unexplained += usize::from(reason.is_none());
        let reason = reason.unwrap_or("UNEXPLAINED");
        *reasons.entry(reason).or_default() += 1;
        println!("{}:{} {}", case.name, mutation.line, mutation.kind);
        println!("  was     {}\n  is      {}", mutation.before.trim(), mutation.after.trim());
        println!("  haproxy {}\n  lb      {}\n  reason  {reason}", theirs, ours);
    }
    for (reason, count) in &reasons {
        println!("{count:6} {reason}");
    }
    let count = count as usize;
    println!(
        "mutation: {equal} of {count} verdicts equal ({:.1} %), {unexplained} of {} differences without a reason",
        equal as f64 * 100.0 / count as f64,
        count - equal
    );
    if equal * 1000 >= count * WANTED && unexplained == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
