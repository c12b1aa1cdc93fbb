//! Statistics beside Debian's haproxy after the same 10,000 mixed requests: `show stat` column by column, the exporters field by
//! field, and the names that the common dashboard asks for.
#![allow(clippy::unwrap_used)]

mod stand;

use lb_harness::debian;
use stand::Stand;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn lb() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_lb"))
}

fn haproxy() -> Option<PathBuf> {
    let found = debian::HAPROXY.find();
    if found.is_none() {
        assert!(!debian::demanded(), "haproxy is missing");
        println!("haproxy is missing: nothing to compare with");
    }
    found
}

/// Columns that tell times, or rates of the last second.
const TIMED: &[&str] = &[
    "check_desc",
    "check_duration",
    "conn_rate_max",
    "conn_rate",
    "ctime",
    "ctime_max",
    "downtime",
    "lastchg",
    "last_chk",
    "lastsess",
    "qtime",
    "qtime_max",
    "rate",
    "rate_max",
    "req_rate",
    "req_rate_max",
    "rtime",
    "rtime_max",
    "ttime",
    "ttime_max",
];

/// Columns of what lb does its own way, and why.
const OWN: &[(&str, &str)] = &[
    ("addr", "each run has its own"),
    ("bin", "lb counts bytes as they came, haproxy 2.6 its own form of the message"),
    ("idle_conn_cur", "idle connections are pooled otherwise"),
    ("safe_conn_cur", "idle connections are pooled otherwise"),
    ("used_conn_cur", "idle connections are pooled otherwise"),
    ("need_conn_est", "idle connections are pooled otherwise"),
    ("srv_icur", "idle connections are pooled otherwise"),
    ("connect", "idle connections are pooled otherwise"),
    ("reuse", "idle connections are pooled otherwise"),
    ("chkfail", "how many checks there were depends on time"),
];

/// True for peaks of sessions that may differ by how many are still ending when the next one begins: clients come one by
/// one here, so neither program sees more than those that end late beside it.
fn peaks_agree(found: f64, expected: f64) -> bool {
    (found == 0.0) == (expected == 0.0) && (found - expected).abs() <= 2.0
}

fn both_peaks(found: Option<&str>, expected: &str) -> bool {
    let read = |text: &str| text.parse().ok();
    found.and_then(read).zip(read(expected)).is_some_and(|(found, expected)| peaks_agree(found, expected))
}

#[test]
fn columns_are_haproxys() {
    let Some(haproxy) = haproxy() else { return };
    let rows = |program: &Path| {
        let stand = Stand::start(program);
        stand.traffic();
        stand.columns()
    };
    let (theirs, ours) = (rows(&haproxy), rows(lb()));
    let names = |rows: &BTreeMap<String, _>| rows.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&theirs), names(&ours));
    let mut wrong = Vec::new();
    for (name, row) in &theirs {
        for (column, expected) in row {
            let own = OWN.iter().any(|(known, _)| known == column)
                || column.starts_with("h1_")
                || column.starts_with("h2_");
            let found = ours[name].get(column).map(String::as_str);
            // A counter of what there is none of may be left out.
            let same = found == Some(expected)
                || (found.is_none_or(str::is_empty) && expected == "0")
                || (column == "smax" && both_peaks(found, expected));
            if !own && !TIMED.contains(&column.as_str()) && !same {
                wrong.push(format!("{name} {column}: {found:?}, haproxy: {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Parts of the names of samples that tell times, rates, or what [`OWN`] explains.
const NOT_COMPARED: &[&str] = &[
    "_time_",
    "_rate",
    "seconds",
    "idle_connections",
    "safe_",
    "used_connections",
    "need_connections",
    "unsafe_",
    "connection_attempts",
    "connection_reuses",
    "bytes_in",
    "check_failures",
    "haproxy_process_",
    "build_info",
];

#[test]
fn exporters_agree() {
    let Some(haproxy) = haproxy() else { return };
    let samples = |program: &Path| {
        let stand = Stand::start(program);
        stand.traffic();
        stand.samples()
    };
    let (theirs, ours) = (samples(&haproxy), samples(lb()));
    let mut wrong = Vec::new();
    for (name, expected) in &theirs {
        let compared = !NOT_COMPARED.iter().any(|part| name.contains(part));
        match ours.get(name) {
            None if !name.contains("build_info") => wrong.push(format!("{name} is missing")),
            Some(found) if name.contains("_max_sessions") && peaks_agree(*found, *expected) => {}
            Some(found) if compared && found != expected && !(found.is_nan() && expected.is_nan()) => {
                wrong.push(format!("{name}: {found}, haproxy: {expected}"));
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Names that the common dashboard asks for, with those that move when traffic comes.
const DASHBOARD: &str = include_str!("dashboard.txt");

#[test]
fn the_dashboard_finds_its_names_and_sees_them_move() {
    let stand = Stand::start(lb());
    let before = stand.samples();
    stand.traffic();
    let after = stand.samples();
    let of = |samples: &BTreeMap<String, f64>, name: &str| -> Vec<f64> {
        let named = samples.iter().filter(|(known, _)| known.split('{').next() == Some(name));
        named.map(|(_, value)| *value).collect()
    };
    let mut wrong = Vec::new();
    for line in DASHBOARD.lines().filter(|line| !line.starts_with('#')) {
        let (name, moves) = line.strip_prefix("+ ").map_or((line, false), |name| (name, true));
        let (was, is) = (of(&before, name), of(&after, name));
        if is.is_empty() {
            wrong.push(format!("{name} is missing"));
        } else if moves && was == is {
            wrong.push(format!("{name} does not move: {is:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
