//! What only the whole configuration shows: names that nothing defines, modes that do not fit.

mod hosts;
mod modes;
mod names;
mod proxies;
pub(crate) mod references;
mod servers;
mod tls;
mod users;

pub(crate) use names::kind;

use crate::Diagnostic;
use crate::parse::Cx;
use crate::section::{acme, cache, fcgi_app, log_forward, mailers, peers, program, ring};

/// When a finding about a proxy is told that was made while its lines were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Turn {
    /// A log option that does not fit the mode.
    LogOption,
    /// `http-check` rules that nothing turns on.
    HttpCheck,
    /// `tcp-check` rules that nothing turns on.
    TcpCheck,
    /// Two servers of one name.
    Servers,
}

/// Checks the configuration that was read.
pub(crate) fn check(cx: &mut Cx<'_>) {
    let findings = [
        proxies::check(cx),
        peers::check(cx),
        of_servers(cx),
        fcgi_app::check(cx),
        after_all(cx),
        users::check(cx),
        cache::check(cx),
        hosts::check(cx),
        log_forward::check(cx),
        mailers::check(cx),
        ring::check(cx),
        program::check(cx),
        acme::check(cx),
    ];
    for finding in findings.into_iter().flatten() {
        cx.push(finding);
    }
}

/// What servers name and whom they follow.
fn of_servers(cx: &Cx<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let proxies = cx.config.proxies.iter().filter(|proxy| !proxy.disabled);
    proxies.clone().for_each(|proxy| names::resolvers(cx, proxy, &mut findings));
    let backends: Vec<_> = proxies.filter(|proxy| proxy.kind.is_backend()).collect();
    servers::tracking(&backends, &mut findings);
    findings
}

/// Ports of checks, and error pages.
fn after_all(cx: &Cx<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for proxy in cx.config.proxies.iter().filter(|proxy| !proxy.disabled) {
        for server in proxy.servers.iter().filter(|_| proxy.kind.is_backend()) {
            servers::ports(proxy, server, &mut findings);
        }
        names::error_pages(cx, proxy, &mut findings);
    }
    findings
}
