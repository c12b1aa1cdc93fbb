//! The real program from outside: its files, and what it forwards.
#![allow(clippy::unwrap_used)]

use lb_harness::{Answer, Launch, Proxy, Script, Server, ask, loopback};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

fn start(api: SocketAddr) -> (Proxy, SocketAddr) {
    let addr = loopback::free_port().unwrap();
    let launch = Launch::server(env!("CARGO_BIN_EXE_lb-example-web")).listening_on(addr);
    let launch =
        launch.arg("--listen").arg(addr.to_string()).arg("--api").arg(api.to_string()).arg("--name").arg("w");
    (launch.start().unwrap(), addr)
}

fn get(addr: SocketAddr, path: &str, headers: &[&str]) -> Answer {
    ask(addr, &format!("GET {path}"), headers, "").unwrap()
}

#[test]
fn files_come_typed_in_parts_compressed_and_only_when_changed() {
    let (_web, addr) = start(loopback::free_port().unwrap());
    let page = get(addr, "/", &[]);
    assert_eq!(
        (page.status, page.header("content-type"), page.header("x-web")),
        (200, Some("text/html"), Some("w"))
    );
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    let since = format!("If-Modified-Since: {}", page.header("last-modified").unwrap());
    assert_eq!(get(addr, "/", &[&since]).status, 304);

    let script = get(addr, "/notebook.js", &[]);
    assert_eq!(
        (script.header("content-type"), script.header("content-encoding")),
        (Some("text/javascript"), None)
    );
    let part = get(addr, "/notebook.js", &["Range: bytes=10-19"]);
    assert_eq!((part.status, part.body.as_slice()), (206, &script.body[10..20]));
    let packed = get(addr, "/notebook.js", &["Accept-Encoding: gzip"]);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.body.len() < script.body.len());

    for path in ["/absent", "/../Cargo.toml", "/%2e%2e/Cargo.toml"] {
        assert_eq!(get(addr, path, &[]).status, 404, "{path}");
    }
    assert_eq!(get(addr, "/whoami", &[]).text(), "w\n");
    assert_eq!(get(addr, "/health", &[]).text(), "up\n");
}

#[test]
fn the_compressed_files_are_those_beside_them() {
    let site = Path::new(env!("CARGO_MANIFEST_DIR")).join("site");
    for name in ["notebook.js", "style.css"] {
        let Ok(unpacked) = Command::new("gzip").arg("-dc").arg(site.join(format!("{name}.gz"))).output()
        else {
            eprintln!("skipped: gzip is not installed");
            return;
        };
        assert!(
            unpacked.stdout == std::fs::read(site.join(name)).unwrap(),
            "gzip -9nk examples/web/site/{name}"
        );
    }
}

#[test]
fn the_api_is_asked_elsewhere_and_its_answer_passes_through() {
    let answer =
        b"HTTP/1.1 409 Conflict\r\nX-App: a\r\nConnection: X-Hop\r\nX-Hop: 1\r\nContent-Length: 2\r\n\r\n{}";
    let api = Server::start(Script::answer(answer)).unwrap();
    let (_web, addr) = start(api.addr());
    let headers = ["X-Request-ID: 7", "Connection: X-Mine", "X-Mine: 1"];
    let answer = ask(addr, "PUT /api/notes/1?a=b%20c", &headers, "body").unwrap();
    assert_eq!((answer.status, answer.text()), (409, "{}".into()));
    assert_eq!(
        (answer.header("x-app"), answer.header("x-web"), answer.header("x-hop")),
        (Some("a"), Some("w"), None)
    );
    let request = String::from_utf8_lossy(&api.heard()[0].bytes).into_owned();
    assert!(
        request.starts_with("PUT /api/notes/1?a=b%20c HTTP/1.1\r\n") && request.ends_with("\r\n\r\nbody"),
        "{request}"
    );
    assert!(request.contains("x-request-id: 7\r\n") && !request.contains("x-mine"), "{request}");
}

#[test]
fn without_the_application_the_answer_says_so() {
    let (_web, addr) = start(loopback::free_port().unwrap());
    let answer = get(addr, "/api/notes", &[]);
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    assert!(answer.text().starts_with(r#"{"error":{"code":"unavailable""#), "{}", answer.text());
    assert_eq!(get(addr, "/", &[]).status, 200);
}
