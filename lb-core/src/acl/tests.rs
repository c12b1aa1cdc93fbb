//! Conditions against what haproxy found.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crate::rule::Verdict;
use crate::testing::{exchange, http_frontend};

const RECORD: &str = include_str!("testdata/conditions-2.6.12.tsv");

fn holds(condition: &str, value: &str) -> bool {
    let frontend = http_frontend(&format!(" http-request deny if {condition}"));
    let header = if value == "-" { String::new() } else { format!("x: {value}\r\n") };
    let head = format!("GET /p/q?x HTTP/1.1\r\nhost: a\r\n{header}\r\n");
    let mut exchange = exchange(frontend.clone(), head.as_bytes());
    matches!(frontend.rules.http_request.run(&mut exchange), Verdict::Reply(_))
}

#[test]
fn conditions_hold_as_in_haproxy() {
    let mut wrong = Vec::new();
    for line in RECORD.lines().filter(|line| !line.starts_with('#')) {
        let [condition, value, expected] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let found = std::panic::catch_unwind(|| holds(condition, value));
        if found.as_ref().ok() != Some(&(expected == "Y")) {
            wrong.push(format!("{condition} on {value}: {:?}", found.ok()));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn named_ones_and_unless() {
    for (lines, denied) in [
        (" acl a path /x\n acl a path /p/q\n http-request deny if a", true),
        (" acl a path /x\n http-request deny unless a", true),
        (" http-request deny if METH_GET !TRUE or HTTP_1.1 LOCALHOST", true),
        (" http-request deny if METH_POST || FALSE", false),
        (" acl a path_beg /p\n acl b hdr(host) -i A\n http-request deny if a b", true),
    ] {
        let frontend = http_frontend(lines);
        let mut exchange = exchange(frontend.clone(), b"GET /p/q HTTP/1.1\r\nhost: a\r\n\r\n");
        let verdict = frontend.rules.http_request.run(&mut exchange);
        assert_eq!(matches!(verdict, Verdict::Reply(_)), denied, "{lines}");
    }
}
