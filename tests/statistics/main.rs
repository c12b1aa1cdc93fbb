//! Statistics beside Debian's haproxy after the same 10,000 mixed requests: `show stat` column by column, the exporters field by
//! field, and the names that the common dashboard asks for.
#![allow(clippy::unwrap_used)]

mod stand;

use lb_harness::debian;
use stand::Stand;
use std::collections::{BTreeMap, BTreeSet};
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

/// Columns that are not compared, and why; the rest is equal to the last digit.
const UNLIKE: &Unlike = &[
    ("addr", "each run has its own"),
    ("bin", BYTES),
    ("check_duration", TIME),
    ("conn_rate", RATE),
    ("conn_rate_max", RATE),
    ("ctime", TIME),
    ("ctime_max", TIME),
    ("downtime", TIME),
    ("h1_bytes_in", CODEC),
    ("h1_bytes_out", CODEC),
    ("h1_open_connections", CODEC),
    ("h1_total_connections", CODEC),
    ("h1_total_streams", CODEC),
    ("idle_conn_cur", POOL),
    ("lastchg", TIME),
    ("lastsess", TIME),
    ("need_conn_est", POOL),
    ("qtime", TIME),
    ("qtime_max", TIME),
    ("rate", RATE),
    ("rate_max", RATE),
    ("req_rate", RATE),
    ("req_rate_max", RATE),
    ("rtime", TIME),
    ("rtime_max", TIME),
    ("safe_conn_cur", POOL),
    ("srv_icur", POOL),
    ("ttime", TIME),
    ("ttime_max", TIME),
];

const TIME: &str = "it tells times";
const RATE: &str = "it tells how much came in one second";
const CODEC: &str = "lb does not count connections and bytes by their codec";
const POOL: &str = "a thread of lb keeps as many idle connections as it lately had in use at once";

type Unlike = [(&'static str, &'static str)];

fn is_unlike(list: &Unlike, name: &str) -> bool {
    list.iter().any(|(known, _)| *known == name)
}

/// Names of a list that haproxy does not have.
fn stale<'a>(list: &Unlike, theirs: impl Iterator<Item = &'a str>) -> Vec<String> {
    let theirs: BTreeSet<&str> = theirs.collect();
    let gone = list.iter().filter(|(name, _)| !theirs.contains(name));
    gone.map(|(name, _)| format!("haproxy has no {name}")).collect()
}

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
    let columns = theirs.values().flat_map(|row| row.keys().map(String::as_str));
    let mut wrong = stale(UNLIKE, columns);
    for (name, row) in &theirs {
        for (column, expected) in row {
            let found = ours[name].get(column).map(String::as_str);
            // A counter of what there is none of may be left out.
            let same = found == Some(expected)
                || (found.is_none_or(str::is_empty) && expected == "0")
                || (column == "smax" && both_peaks(found, expected));
            if !same && !is_unlike(UNLIKE, column) {
                wrong.push(format!("{name} {column}: {found:?}, haproxy: {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Metrics that are not compared, and why.
const UNLIKE_METRICS: &Unlike = &[
    ("haproxy_process_uptime_seconds", TIME),
    ("haproxy_process_start_time_seconds", TIME),
    ("haproxy_process_idle_time_percent", TIME),
    ("haproxy_process_current_connection_rate", RATE),
    ("haproxy_process_max_connection_rate", RATE),
    ("haproxy_process_current_session_rate", RATE),
    ("haproxy_process_max_session_rate", RATE),
    ("haproxy_process_bytes_out_rate", RATE),
    ("haproxy_process_bytes_out_total", "haproxy counts what goes to servers and operators, too"),
    ("haproxy_process_build_info", "each has its version"),
    ("haproxy_process_connections_total", "haproxy counts checks and commands, too"),
    ("haproxy_process_requests_total", "haproxy counts commands, too"),
    ("haproxy_process_current_tasks", "the programs have different tasks"),
    ("haproxy_process_max_fds", "haproxy asks the system for what it needs, lb takes what there is"),
    ("haproxy_process_max_sockets", "haproxy asks the system for what it needs, lb takes what there is"),
    ("haproxy_process_max_pipes", "haproxy allows for none where the file splices nothing"),
    ("haproxy_process_pool_allocated_bytes", "lb has no pools of memory"),
    ("haproxy_process_pool_used_bytes", "lb has no pools of memory"),
    ("haproxy_process_current_zlib_memory", "Debian's haproxy is built without zlib"),
    ("haproxy_process_max_zlib_memory", "Debian's haproxy is built without zlib"),
    ("haproxy_frontend_bytes_in_total", BYTES),
    ("haproxy_frontend_max_session_rate", RATE),
    ("haproxy_frontend_http_requests_rate_max", RATE),
    ("haproxy_frontend_connections_rate_max", RATE),
    ("haproxy_backend_bytes_in_total", BYTES),
    ("haproxy_backend_max_session_rate", RATE),
    ("haproxy_backend_check_last_change_seconds", TIME),
    ("haproxy_backend_downtime_seconds_total", TIME),
    ("haproxy_backend_last_session_seconds", TIME),
    ("haproxy_backend_queue_time_average_seconds", TIME),
    ("haproxy_backend_connect_time_average_seconds", TIME),
    ("haproxy_backend_response_time_average_seconds", TIME),
    ("haproxy_backend_total_time_average_seconds", TIME),
    ("haproxy_backend_max_queue_time_seconds", TIME),
    ("haproxy_backend_max_connect_time_seconds", TIME),
    ("haproxy_backend_max_response_time_seconds", TIME),
    ("haproxy_backend_max_total_time_seconds", TIME),
    ("haproxy_server_bytes_in_total", BYTES),
    ("haproxy_server_max_session_rate", RATE),
    ("haproxy_server_check_last_change_seconds", TIME),
    ("haproxy_server_downtime_seconds_total", TIME),
    ("haproxy_server_last_session_seconds", TIME),
    ("haproxy_server_queue_time_average_seconds", TIME),
    ("haproxy_server_connect_time_average_seconds", TIME),
    ("haproxy_server_response_time_average_seconds", TIME),
    ("haproxy_server_total_time_average_seconds", TIME),
    ("haproxy_server_max_queue_time_seconds", TIME),
    ("haproxy_server_max_connect_time_seconds", TIME),
    ("haproxy_server_max_response_time_seconds", TIME),
    ("haproxy_server_max_total_time_seconds", TIME),
    ("haproxy_server_check_duration_seconds", TIME),
    ("haproxy_server_idle_connections_current", POOL),
    ("haproxy_server_safe_idle_connections_current", POOL),
    ("haproxy_server_unsafe_idle_connections_current", POOL),
    ("haproxy_server_need_connections_current", POOL),
];

const BYTES: &str = "lb counts bytes as they came, haproxy 2.6 its own form of the message";

fn metric(sample: &str) -> &str {
    sample.split('{').next().unwrap()
}

#[test]
fn exporters_agree() {
    let Some(haproxy) = haproxy() else { return };
    let samples = |program: &Path| {
        let stand = Stand::start(program);
        stand.traffic();
        stand.samples()
    };
    let (theirs, ours) = (samples(&haproxy), samples(lb()));
    let mut wrong = stale(UNLIKE_METRICS, theirs.keys().map(|name| metric(name)));
    for (name, expected) in &theirs {
        let of = metric(name);
        let compared = !is_unlike(UNLIKE_METRICS, of);
        match ours.get(name) {
            None if of != "haproxy_process_build_info" => wrong.push(format!("{name} is missing")),
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
