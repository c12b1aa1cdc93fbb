//! Host names of servers, which must have an address when the process starts (manual 5.2 "init-addr").

use super::names::{alert, kind};
use crate::model::{Address, Host, Proxy, ServerLine};
use crate::parse::Cx;
use crate::{Diagnostic, Severity};
use std::collections::HashMap;

/// Servers whose names have no address.
pub(super) fn check(cx: &Cx<'_>) -> Vec<Diagnostic> {
    let mut asked: HashMap<&str, bool> = HashMap::new();
    let mut findings = Vec::new();
    for proxy in cx.config.proxies.iter().filter(|proxy| !proxy.disabled) {
        for server in &proxy.servers {
            let Address::Inet { host: Host::Name(host), .. } = &server.address else { continue };
            // A name of a service is for the name servers alone.
            let service = host.starts_with('_') && server.resolve.resolvers.is_some();
            if service || may_wait(server) || *asked.entry(host).or_insert_with(|| cx.resolves(host)) {
                continue;
            }
            findings.push(unresolved(proxy, server, host));
        }
    }
    if !findings.is_empty() {
        let message = "Failed to initialize server(s) addr.".to_owned();
        findings.push(Diagnostic { severity: Severity::Alert, place: None, span: None, message, help: None });
    }
    findings
}

/// `init-addr` names something that needs no resolver.
fn may_wait(server: &ServerLine) -> bool {
    let methods = server.init_addr.as_deref().unwrap_or_default();
    methods.split(',').any(|method| !matches!(method, "" | "libc" | "last"))
}

fn unresolved(proxy: &Proxy, server: &ServerLine, host: &str) -> Diagnostic {
    let name = match server.template {
        Some((first, _)) => format!("{}{first}", server.name),
        None => server.name.clone(),
    };
    let message =
        format!("[{}] : 'server {}/{name}' : could not resolve address '{host}'.", server.place, proxy.name);
    let help = format!("`init-addr none` lets the server of {} '{}' wait", kind(proxy.kind), proxy.name);
    Diagnostic { help: Some(help), ..alert(&server.place, message) }
}
