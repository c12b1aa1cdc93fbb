#![allow(clippy::unwrap_used)]

use super::*;
use crate::exchange::Times;
use crate::stats::tests::{plan, process};
use crate::stats::{COLUMNS, FIELDS};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime};

fn scrape(query: &str) -> String {
    let source = Source { plan: plan(), process: process(), query: Query::parse(query).unwrap() };
    scrape_from(&Arc::new(source))
}

fn scrape_from(source: &Arc<Source>) -> String {
    let mut pieces = Scrape { source: Arc::clone(source), families: family::all(), added: Vec::new() };
    let (mut text, mut piece) = (String::new(), String::new());
    loop {
        piece.clear();
        let more = pieces.next(&mut piece);
        text.push_str(&piece);
        if !more {
            return text;
        }
    }
}

/// Names and types of what a scrape printed.
fn types(text: &str) -> BTreeMap<&str, &str> {
    text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect()
}

/// Of things that this plan has none of, and of health checks, which its servers do not have.
fn is_unused(name: &str) -> bool {
    name.starts_with("resolver_")
        || name.starts_with("sticktable_")
        || ["server_check_code", "server_check_duration_seconds", "server_check_status"].contains(&name)
}

#[test]
fn names_and_types_are_haproxys() {
    let text = scrape("");
    let ours = types(&text);
    let theirs = include_str!("testdata/names.txt").lines().filter_map(|line| line.split_once(' '));
    let mut known = BTreeSet::new();
    for (name, kind) in theirs {
        let full = format!("haproxy_{name}");
        match ours.get(full.as_str()) {
            Some(ours) => assert_eq!(*ours, kind, "{name}"),
            None => assert!(is_unused(name), "{name} is missing"),
        }
        known.insert(full);
    }
    for name in ours.keys().filter(|name| !name.starts_with("lb_")) {
        assert!(known.contains(*name), "{name} is none of HAProxy's");
    }
}

#[test]
fn dashboards_find_what_they_ask_for() {
    let text = scrape("");
    let ours = types(&text);
    for name in include_str!("testdata/dashboard.txt").lines() {
        let short = name.strip_prefix("haproxy_").unwrap();
        assert!(ours.contains_key(name) || is_unused(short), "{name}");
    }
}

#[test]
fn sources_exist() {
    for metric in metric::METRICS {
        assert!(COLUMNS.iter().any(|column| column.name == metric.column), "{}", metric.name);
    }
    for fact in metric::FACTS {
        if let metric::From::Field(name) = fact.source {
            assert!(FIELDS.iter().any(|field| field.name == name), "{name}");
        }
    }
    let source = Arc::new(Source { plan: plan(), process: process(), query: Query::default() });
    for family in family::all() {
        assert_eq!(family.with(&source).desc().len(), 1, "{}", family.name());
    }
}

#[test]
fn labels_and_values_are_haproxys() {
    let text = scrape("");
    for line in [
        "haproxy_server_status{proxy=\"be\",server=\"s1\",state=\"UP\"} 1",
        "haproxy_server_status{proxy=\"be\",server=\"s3\",state=\"MAINT\"} 1",
        "haproxy_backend_status{proxy=\"be\",state=\"UP\"} 1",
        "haproxy_backend_agg_server_status{proxy=\"be\",state=\"MAINT\"} 1",
        "haproxy_frontend_http_responses_total{proxy=\"fe\",code=\"other\"} 0",
        "haproxy_server_limit_sessions{proxy=\"be\",server=\"s1\"} 10",
        "haproxy_server_limit_sessions{proxy=\"be\",server=\"s2\"} NaN",
        "haproxy_server_last_session_seconds{proxy=\"be\",server=\"s1\"} -1",
        "haproxy_server_downtime_seconds_total{proxy=\"be\",server=\"s2\"} NaN",
        "haproxy_process_node{node=\"n1\"} 1",
        "haproxy_process_build_info{version=\"3.5-test\"} 1",
        "lb_server_total_time_seconds_count{proxy=\"be\",server=\"s1\"} 0",
        "lb_backend_queue_time_seconds_bucket{proxy=\"be\",le=\"+Inf\"} 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}

#[test]
fn queries_choose() {
    assert!(Query::parse("scope=foo").is_none());
    assert_eq!(scrape("scope="), "");
    assert_eq!(scrape("scope=listener"), "");
    assert_eq!(types(&scrape("scope=*")), types(&scrape("foo=bar")));
    let text = scrape("scope=%73erver&no-maint");
    assert!(text.contains("server=\"s1\"") && !text.contains("server=\"s3\"") && !text.contains("_process_"));
    let text = scrape("metrics=haproxy_process_nbthread,backend_active_servers");
    assert_eq!(types(&text).len(), 2);
    assert!(!scrape("metrics=-haproxy_server_status").contains("haproxy_server_status"));
}

#[test]
fn times_fall_into_buckets() {
    let plan = plan();
    let now = Instant::now();
    let mut times = Times::begin(now, SystemTime::now());
    (times.request, times.dequeued) = (Some(now), Some(now + Duration::from_micros(300)));
    let server = plan.backends.load()[0].servers.load()[0].clone();
    let latency = server.counters.mine().latency.get_or_init(Box::default);
    latency.record(&times, now + Duration::from_secs(20));
    let query = Query::parse("scope=server").unwrap();
    let text = scrape_from(&Arc::new(Source { plan, process: process(), query }));
    let labels = "proxy=\"be\",server=\"s1\"";
    for line in [
        format!("lb_server_queue_time_seconds_bucket{{{labels},le=\"0.00025\"}} 0"),
        format!("lb_server_queue_time_seconds_bucket{{{labels},le=\"0.0005\"}} 1"),
        format!("lb_server_queue_time_seconds_sum{{{labels}}} 0.0003"),
        format!("lb_server_connect_time_seconds_count{{{labels}}} 0"),
        format!("lb_server_total_time_seconds_bucket{{{labels},le=\"10\"}} 0"),
        format!("lb_server_total_time_seconds_bucket{{{labels},le=\"+Inf\"}} 1"),
        format!("lb_server_total_time_seconds_sum{{{labels}}} 20"),
    ] {
        assert!(text.lines().any(|found| found == line), "{line}");
    }
}
