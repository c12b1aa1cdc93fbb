//! An exchange without sockets, from a configuration and the bytes of a request.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crate::compile::{Options, Plan, compile};
use crate::exchange::{Exchange, Session, Times};
use crate::http::Request;
use crate::http::h1::{Connection, Parsed, parse_request, parse_response};
use crate::proxy::Frontend;
use crate::sample::Vars;
use haproxy_cfg_parser::{Diagnostic, Severity, Source, SystemWorld, parse};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, UNIX_EPOCH};

/// Options of a process with one thread.
pub(crate) fn options(previous: Option<&Plan>) -> Options<'_> {
    static WORLD: LazyLock<SystemWorld> = LazyLock::new(SystemWorld::default);
    Options { threads: 1, maxconn: 100, world: &*WORLD, previous, held: &[] }
}

/// Compiles a configuration over the plan that runs; all errors when there is one.
pub(crate) fn plan(text: &str, previous: Option<&Plan>) -> Result<Plan, Vec<Diagnostic>> {
    let (config, mut findings) = parse(&[Source::new("test.cfg", text)], &SystemWorld::default());
    findings.retain(|finding| finding.severity == Severity::Alert);
    if !findings.is_empty() {
        return Err(findings);
    }
    compile(&Arc::new(config), &options(previous)).map(|(plan, _)| plan)
}

/// The first frontend of a configuration; all errors when there is one.
pub(crate) fn frontend(text: &str) -> Result<Arc<Frontend>, Vec<Diagnostic>> {
    // Expressions ask the plan for other proxies as long as the process lives.
    Ok(Arc::clone(Box::leak(Box::new(plan(text, None)?)).frontends.first().unwrap()))
}

/// The frontend `f` of `mode http` with these lines.
pub(crate) fn http_frontend(lines: &str) -> Arc<Frontend> {
    let text = format!(
        "defaults\n mode http\n timeout client 2s\n timeout server 2s\n timeout connect 2s\nlisten f\n bind 127.0.0.1:80\n{lines}\n"
    );
    frontend(&text).unwrap_or_else(|findings| panic!("{lines}\n{findings:#?}"))
}

/// An exchange of a client 127.0.0.1:1234 that reached 127.0.0.1:80 at 2023-11-14 22:13:20.123 UTC.
pub(crate) fn exchange(frontend: Arc<Frontend>, head: &[u8]) -> Exchange {
    let (now, wall) = (Instant::now(), UNIX_EPOCH + Duration::from_millis(1_700_000_000_123));
    let mut request = Request::default();
    if !head.is_empty() {
        let parsed = parse_request(head, 101, &mut request, &mut Connection::default());
        assert!(matches!(parsed, Parsed::Complete(_)), "{parsed:?}");
    }
    let session = Session {
        src: "127.0.0.1:1234".parse().ok(),
        dst: "127.0.0.1:80".parse().ok(),
        listener: frontend.listeners.first().unwrap().upgrade().unwrap(),
        accepted_at: wall,
        accepted: now,
        vars: Vars::default(),
        expects: Default::default(),
        proxied: None,
        last_rule: None,
        socket: std::sync::Weak::new(),
        ends: ("127.0.0.1:1234".parse().ok(), "127.0.0.1:80".parse().ok()),
        requests: 1,
    };
    Exchange { request, ..Exchange::new(Box::new(session), frontend, Times::begin(now, wall)) }
}

/// Gives an exchange a response.
pub(crate) fn respond(exchange: &mut Exchange, head: &[u8]) {
    let method = exchange.request.method;
    let parsed = parse_response(head, 101, method, &mut exchange.response, &mut Connection::default());
    assert!(matches!(parsed, Parsed::Complete(_)), "{parsed:?}");
}
