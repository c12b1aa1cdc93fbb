//! The wire record: what client and server see of raw HTTP/1 messages, ordinary, malformed and ambiguous.
//!
//! `records/` holds the cases, written down from Debian's haproxy; [`format`] says how to read them. The tests
//! replay each case against lb and want the same bytes, the same connection ends, the same log fields.
//!
//! | environment | what `cargo test --release --test wire` does more |
//! |---|---|
//! | `LB_WIRE_CHECK_ORACLE=1` | fails unless haproxy is there and still gives the record |
//! | `LB_WIRE_RECORD=1` | writes the record anew from haproxy; `=new`: only for cases that have none |
//! | `LB_WIRE_CASE=text` | runs only the cases whose name contains the text, pending ones too |
//! | `LB_WIRE_DIFFS=file` | writes the differences of lb into this file |
//! | `LB_WIRE_MUTANTS=number` | makes so many new cases out of the old by chance, and compares haproxy and lb on them |
//! | `LB_WIRE_SEED=number` | chance begins here; without it, at the time |
//! | `LB_PROGRAM=path` | takes this lb instead of the one just built |
//! | `HAPROXY_PROGRAM=path` | takes this haproxy instead of /usr/sbin/haproxy |
//!
//! `pending.txt` names the cases that lb does not match yet. A case that is not named there must match. The name `%B` there
//! says that the byte counts of log lines are not compared yet.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod case;
mod format;
mod mutants;
mod outcome;
mod pending;
mod play;
mod records;
mod report;

use case::Side;
use play::Program;
use records::Records;
use std::{env, path::PathBuf};

/// Debian's haproxy, or what `HAPROXY_PROGRAM` names.
fn oracle() -> PathBuf {
    env::var_os("HAPROXY_PROGRAM").unwrap_or_else(|| "/usr/sbin/haproxy".into()).into()
}

/// The program under test, or what `LB_PROGRAM` names.
fn lb() -> PathBuf {
    env::var_os("LB_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_lb").into()).into()
}

fn switch(name: &str) -> bool {
    env::var(name).is_ok_and(|value| !value.is_empty() && value != "0")
}

#[test]
fn lb_does_what_the_record_says() {
    if switch("LB_WIRE_RECORD") {
        return;
    }
    let records = Records::load();
    let pending = pending::Pending::load(&records);
    let program = lb();
    let lb = Program { side: Side::Lb, path: &program, quiet: play::RECORD_QUIET };
    let results = lb.play(&records, &records.chosen(), &|name| pending.contains(name));
    let report = report::Report::new(Side::Lb, records.cases(), &results, !pending.log_bytes());
    if let Some(path) = env::var_os("LB_WIRE_DIFFS") {
        std::fs::write(path, report.text(|_| true)).expect("writing the file that LB_WIRE_DIFFS names");
    }
    let listed = |name: &str| pending.contains(name) && !switch("LB_WIRE_CASE");
    println!("{}", report.summary());
    for name in report.matching().filter(|name| pending.contains(name)) {
        println!("hint: {name} matches now: take it out of tests/wire/pending.txt");
    }
    let failed = report.text(|name| !listed(name));
    assert!(failed.is_empty(), "\n{failed}");
}

#[test]
fn haproxy_still_gives_the_record() {
    let record = switch("LB_WIRE_RECORD");
    let check = switch("LB_WIRE_CHECK_ORACLE") && !record;
    if !record && !check {
        println!("skipped: set LB_WIRE_CHECK_ORACLE=1 to compare the record with haproxy");
        return;
    }
    let program = oracle();
    let version =
        play::haproxy_version(&program).expect("haproxy must be there to check or write the record");
    let mut records = Records::load();
    if record && env::var("LB_WIRE_RECORD").as_deref() != Ok("new") {
        records.forget();
    }
    let chosen = records.chosen().into_iter().filter(|case| check || case.record.is_none());
    let chosen: Vec<&case::Case> = chosen.collect();
    let haproxy = Program { side: Side::Oracle, path: &program, quiet: play::RECORD_QUIET };
    let results = haproxy.play(&records, &chosen, &|_| false);
    if record {
        records.write(&results, &version);
        return;
    }
    let report = report::Report::new(Side::Oracle, records.cases(), &results, true);
    println!("haproxy {version}: {}", report.summary());
    let failed = report.text(|_| true);
    assert!(failed.is_empty(), "haproxy {version} does not do what the record says\n{failed}");
}

#[test]
fn lb_and_haproxy_agree_on_mutants() {
    let Some(number) = env::var("LB_WIRE_MUTANTS").ok().and_then(|text| text.parse().ok()) else {
        println!("skipped: set LB_WIRE_MUTANTS to the number of cases to make");
        return;
    };
    let differences = mutants::differences(&Records::load(), &oracle(), &lb(), number, mutants::seed());
    assert!(differences.is_empty(), "\n{differences}");
}

#[test]
fn the_record_has_no_gaps() {
    let records = Records::load();
    for case in records.cases() {
        assert!(switch("LB_WIRE_RECORD") || case.record.is_some(), "{} has no record", case.name);
        assert!(!case.doc.is_empty(), "{} has no line that says what it is about", case.name);
        assert!(records.config(&case.config).is_some(), "{}: no configs/{}.cfg", case.name, case.config);
    }
}

#[test]
fn the_record_is_written_as_it_is_read() {
    for file in Records::load().files() {
        let text = std::fs::read_to_string(&file.path).unwrap();
        assert_eq!(format::render(file), text, "{}", file.path.display());
    }
}
