//! Expressions against what haproxy gave for them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crate::rule::Verdict;
use crate::testing::{exchange, frontend, http_frontend};

const RECORD: &str = include_str!("testdata/expressions-2.6.12.tsv");

const REQUEST: &[u8] = b"GET /a/b.html?u=1&v=two%20x&u=2&w&=z&e= HTTP/1.1\r\n\
    Host: Example.COM:8080\r\nX-List: a, b,,c\r\nX-List: d\r\nX-Quote: \"q,r\", s\r\nX-Empty:\r\nX-Num: 42abc\r\n\
    X-Neg: -7\r\nX-Ip: 10.1.2.3, 192.168.0.1:80, [2001:db8::1]:443, 2001:db8::2\r\n\
    X-Mixed: Hello World%20+x\r\nCookie: a=1; b=two; a=3; JSESSIONID=s1~abc\r\nCookie: c=\"quo ted\"; d=\r\n\
    User-Agent: curl/8\r\nAuthorization: Basic YWxpY2U6c2VjcmV0\r\nX-Json: a\"b\\c/d\te<\xe9>\r\nX-B64: aGVsbG8=\r\n\
    X-Csv: one,two;three||four\r\nX-Date: 1700000000\r\nContent-Length: 0\r\n\r\n";

/// The text of `%[expr]` in a body.
fn evaluate(expr: &str) -> Vec<u8> {
    let escaped = expr.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
    let frontend = http_frontend(&format!(
        " http-request return status 200 content-type text/plain lf-string \"<%[{escaped}]>\""
    ));
    let mut exchange = exchange(frontend.clone(), REQUEST);
    match frontend.rules.http_request.run(&mut exchange) {
        Verdict::Reply(reply) => reply.message.body.to_vec(),
        other => panic!("{expr}: {other:?}"),
    }
}

fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        if *first == b'\\' {
            let digits = std::str::from_utf8(&tail[1..3]).unwrap();
            out.push(u8::from_str_radix(digits, 16).unwrap());
            rest = &tail[3..];
        } else {
            out.push(*first);
            rest = tail;
        }
    }
    out
}

#[test]
fn values_are_haproxys() {
    let mut wrong = Vec::new();
    for line in RECORD.lines().filter(|line| !line.starts_with('#')) {
        let (expr, expected) = line.split_once('\t').unwrap();
        let expected = [b"<", unescape(expected).as_slice(), b">"].concat();
        let found = std::panic::catch_unwind(|| evaluate(expr)).unwrap_or_else(|_| b"panicked".to_vec());
        if found != expected {
            wrong.push(format!(
                "{expr}: {} instead of {}",
                String::from_utf8_lossy(&found),
                String::from_utf8_lossy(&expected)
            ));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn parts_of_a_token_are_decoded() {
    let token = "eyJhbGciOiJub25lIn0.eyJhIjpbMSwyXX0.";
    assert_eq!(evaluate(&format!("str({token}),jwt_header_query")), br#"<{"alg":"none"}>"#);
    assert_eq!(evaluate(&format!("str({token}),jwt_payload_query")), br#"<{"a":[1,2]}>"#);
    assert_eq!(evaluate(&format!("str({token}),jwt_payload_query('$.a')")), b"<[1,2]>");
}

#[test]
fn other_sections_are_asked() {
    let text = "defaults\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\nfrontend f\n bind 127.0.0.1:80\n http-request return content-type a/b lf-string \"%[nbsrv(b)] %[str(b),nbsrv] %[srv_is_up(b/s1)] %[be_conn(b)] %[queue(b)] %[avg_queue(b)] %[connslots(b)] %[srv_iweight(b/s2)] %[fe_conn] %[str(x),fe_exists]\"\nbackend b\n server s1 127.0.0.1:1 maxconn 5 maxqueue 7\n server s2 127.0.0.1:2 weight 3 disabled\n";
    let frontend = frontend(text).unwrap();
    let Verdict::Reply(reply) = frontend.rules.http_request.run(&mut exchange(frontend.clone(), REQUEST))
    else {
        panic!("no reply");
    };
    assert_eq!(String::from_utf8_lossy(&reply.message.body), "1 1 1 0 0 0 12 3 0 0");
}

#[test]
fn what_is_not_there_is_refused() {
    for (lines, reason) in [
        (" http-request set-header x %[status]", "not available here"),
        (" http-request set-header x %[str(a),add(x)]", "invalid arg"),
        (" log-format %[path]\n log stdout local0", "not available here"),
    ] {
        let text = format!("listen f\n mode http\n bind 127.0.0.1:80\n{lines}\n");
        let findings = frontend(&text).expect_err(lines);
        assert!(findings.iter().any(|finding| finding.message.contains(reason)), "{lines}: {findings:#?}");
    }
}
