//! Rules from configuration text to what becomes of a request.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::Verdict;
use crate::exchange::Exchange;
use crate::testing::{exchange, http_frontend, respond};

const REQUEST: &[u8] = b"GET /p/q?x=1 HTTP/1.1\r\nhost: h.com:81\r\nx-a: one, two\r\n\r\n";

fn run(lines: &str) -> (Verdict, Exchange) {
    let frontend = http_frontend(lines);
    let mut exchange = exchange(frontend.clone(), REQUEST);
    let verdict = frontend.rules.http_request.run(&mut exchange);
    (verdict, exchange)
}

/// Status line, headers and body of an answer, and its termination flags.
fn answer(lines: &str) -> String {
    let (verdict, _) = run(lines);
    let (Verdict::Reply(reply) | Verdict::Tarpit(reply)) = verdict else { return format!("{verdict:?}") };
    let message = &reply.message;
    let mut text = format!(
        "{}{} {} {}",
        reply.cause as u8 as char,
        reply.phase as u8 as char,
        message.status,
        String::from_utf8_lossy(&message.reason)
    );
    for (name, value) in &message.headers {
        text += &format!("|{}: {}", String::from_utf8_lossy(name.name()), String::from_utf8_lossy(value));
    }
    text
}

/// Recorded from haproxy 2.6.12.
#[test]
fn answers_are_haproxys() {
    for (rule, expected) in [
        ("redirect location /a code 301", "LR 301 Moved Permanently|content-length: 0|location: /a"),
        ("redirect location /a", "LR 302 Found|content-length: 0|location: /a|cache-control: no-cache"),
        (
            "redirect prefix https://x code 303",
            "LR 303 See Other|content-length: 0|location: https://x/p/q?x=1|cache-control: no-cache",
        ),
        (
            "redirect prefix / code 307",
            "LR 307 Temporary Redirect|content-length: 0|location: /p/q?x=1|cache-control: no-cache",
        ),
        (
            "redirect scheme https code 308 drop-query",
            "LR 308 Permanent Redirect|content-length: 0|location: https://h.com:81/p/q",
        ),
        (
            "redirect prefix http://z drop-query append-slash code 301",
            "LR 301 Moved Permanently|content-length: 0|location: http://z/p/q/",
        ),
        (
            "redirect location /%[path]/%ci clear-cookie S=",
            "LR 302 Found|content-length: 0|location: //p/q/127.0.0.1|cache-control: no-cache|set-cookie: S=; path=/; Max-Age=0;",
        ),
        ("redirect location %[var(txn.x)] ignore-empty", "Continue"),
        ("return", "LR 200 OK|content-length: 0"),
        ("return status 204", "LR 204 No Content"),
        (
            "return status 404 hdr x %ci content-type a/b lf-string \"%[path] %[var(txn.z)]\"",
            "LR 404 Not Found|x: 127.0.0.1|content-length: 5|content-type: a/b",
        ),
        ("deny", "PR 403 Forbidden|content-length: 93|cache-control: no-cache|content-type: text/html"),
        (
            "deny status 429 content-type text/plain string no",
            "PR 429 Too Many Requests|content-length: 2|content-type: text/plain",
        ),
        ("deny status 403 hdr a b", "PR 403 Forbidden|a: b|content-length: 0"),
        (
            "deny deny_status 429",
            "PR 429 Too Many Requests|content-length: 117|cache-control: no-cache|content-type: text/html",
        ),
        ("deny status 429", "PR 429 Too Many Requests|content-length: 0"),
        (
            "auth realm my\\ realm",
            "LR 401 Unauthorized|content-length: 112|cache-control: no-cache|content-type: text/html|www-authenticate: Basic realm=\"my realm\"",
        ),
        (
            "auth",
            "LR 401 Unauthorized|content-length: 112|cache-control: no-cache|content-type: text/html|www-authenticate: Basic realm=\"f\"",
        ),
        (
            "tarpit",
            "PT 500 Internal Server Error|content-length: 97|cache-control: no-cache|content-type: text/html",
        ),
        ("reject", "Reject"),
        ("silent-drop", "SilentDrop { ttl: 1 }"),
        ("silent-drop rst-ttl 7", "SilentDrop { ttl: 7 }"),
        ("allow", "Accept"),
    ] {
        assert_eq!(answer(&format!(" http-request {rule}")), expected, "{rule}");
    }
}

#[test]
fn requests_are_rewritten() {
    for (rule, expected) in [
        ("set-path /n", "/n?x=1"),
        ("set-pathq /n", "/n"),
        ("set-query a=b", "/p/q?a=b"),
        ("set-uri http://o/z", "http://o/z"),
        ("replace-path /p(.*) /new\\1/end", "/new/q/end?x=1"),
        ("replace-pathq ^([^?]*) \\1/%[path]", "/p/q//p/q"),
        ("replace-uri (.*) /u\\1", "/u/p/q?x=1"),
        ("replace-path /nothing /x", "/p/q?x=1"),
    ] {
        let (_, exchange) = run(&format!(" http-request {rule}"));
        assert_eq!(String::from_utf8_lossy(exchange.request.target()), expected, "{rule}");
    }
}

#[test]
fn headers_are_changed() {
    for (rules, expected) in [
        ("set-header X-B %[path]", "host: h.com:81\r\nx-a: one, two\r\nx-b: /p/q\r\n"),
        ("add-header X-A three", "host: h.com:81\r\nx-a: one, two\r\nx-a: three\r\n"),
        ("del-header x-a", "host: h.com:81\r\n"),
        ("del-header X- -m beg", "host: h.com:81\r\n"),
        ("replace-header x-a (.*),(.*) <\\2:\\1>", "host: h.com:81\r\nx-a: < two:one>\r\n"),
        ("replace-value x-a o(.) <\\1>", "host: h.com:81\r\nx-a: <n>, two\r\n"),
        (
            "set-var(txn.v) path,length\n http-request set-header n %[var(txn.v),add(1)]",
            "host: h.com:81\r\nx-a: one, two\r\nn: 5\r\n",
        ),
        (
            "set-var-fmt(txn.v) a%[method]\n http-request set-header n %[var(txn.v)]",
            "host: h.com:81\r\nx-a: one, two\r\nn: aGET\r\n",
        ),
        (
            "set-header X-B %[str(a),set-var(req.z)]\n http-request set-header x-b %[var(req.z)] if { var(req.z) -m found }",
            "host: h.com:81\r\nx-a: one, two\r\nx-b: a\r\n",
        ),
    ] {
        let (_, exchange) = run(&format!(" http-request {rules}"));
        let mut out = Vec::new();
        exchange.request.headers.write_lines(&mut out);
        assert_eq!(String::from_utf8_lossy(&out), expected, "{rules}");
    }
}

/// Recorded from haproxy 2.6.12.
#[test]
fn variables_are_set_on_conditions() {
    for (old, condition, new, expected) in [
        ("str(old)", "ifexists", "int(9)", "9"),
        ("str(old)", "ifnotexists", "int(9)", "old"),
        ("str(old)", "ifempty", "int(9)", "old"),
        ("str(old)", "ifempty", "str()", ""),
        ("str(old)", "ifnotempty", "str()", "old"),
        ("bool(0)", "ifset", "int(9)", "9"),
        ("bool(0)", "ifnotset", "int(9)", "0"),
        ("int(5)", "ifgt", "int(9)", "5"),
        ("int(5)", "ifgt", "int(1)", "1"),
        ("int(5)", "iflt", "int(1)", "5"),
        ("int(5)", "iflt", "str()", ""),
        ("var(txn.none)", "ifgt", "int(1)", "1"),
        ("var(txn.none)", "ifset", "int(1)", ""),
    ] {
        let rules = format!(
            " http-request set-var(txn.a) {old}\n http-request set-var(txn.a,{condition}) {new}\n http-request set-header n %[var(txn.a)]"
        );
        let (_, exchange) = run(&rules);
        let value = exchange.request.headers.iter().find(|(name, _)| *name == b"n").map(|(_, value)| value);
        assert_eq!(value, Some(expected.as_bytes()), "{old} {condition} {new}");
    }
}

#[test]
fn responses_are_changed() {
    let frontend = http_frontend(
        " http-response set-header S %[status] if { res.hdr(server) -m sub ngin }\n http-response del-header server\n http-response set-status 418\n http-after-response add-header A %[res.hdr(s)]",
    );
    let mut exchange = exchange(frontend.clone(), REQUEST);
    respond(&mut exchange, b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n");
    assert!(matches!(frontend.rules.http_response.run(&mut exchange), Verdict::Continue));
    assert!(matches!(frontend.rules.http_after_response.run(&mut exchange), Verdict::Continue));
    let mut out = Vec::new();
    exchange.response.headers.write_lines(&mut out);
    assert_eq!(String::from_utf8_lossy(&out), "content-length: 0\r\ns: 200\r\na: 200\r\n");
    assert_eq!((exchange.response.status, exchange.response.reason()), (418, &b"I'm a teapot"[..]));
}

#[test]
fn users_are_known_by_their_passwords() {
    let users = " http-request auth unless { http_auth(u) }\n http-request set-header g yes if { http_auth_group(u) staff }\nuserlist u\n group staff users alice\n user alice insecure-password secret\n user bob password $5$rounds=1000$salt$V0MtQXsRpGXUZNgMs7bvxk8EuTkwmMFyVIpzdAzJIy1\n";
    let frontend = http_frontend(users);
    // alice:secret, alice:wrong, none.
    for (line, lets_in) in [("YWxpY2U6c2VjcmV0", true), ("YWxpY2U6d3Jvbmc=", false), ("", false)] {
        let head = format!("GET / HTTP/1.1\r\nhost: a\r\nauthorization: Basic {line}\r\n\r\n");
        let mut exchange = exchange(frontend.clone(), head.as_bytes());
        let verdict = frontend.rules.http_request.run(&mut exchange);
        assert_eq!(matches!(verdict, Verdict::Continue), lets_in, "{line}");
        assert_eq!(exchange.request.headers.iter().any(|(name, _)| name == b"g"), lets_in);
    }
}
