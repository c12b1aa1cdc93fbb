//! Each proxy by itself: listening addresses, timeouts, cookies, options that need HTTP.

use crate::model::{Config, Mode, Proxy, ProxyKind};
use crate::{Diagnostic, Severity};

/// What is missing from proxies or does not fit their mode.
pub(super) fn check(config: &Config) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for proxy in config.proxies.iter().filter(|proxy| !proxy.disabled) {
        listening(proxy, &mut findings);
        certificates(proxy, &mut findings);
        timeouts(proxy, &mut findings);
        modes(proxy, &mut findings);
    }
    findings
}

fn finding(severity: Severity, proxy: &Proxy, message: String, help: Option<&str>) -> Diagnostic {
    Diagnostic {
        severity,
        place: Some(proxy.place.clone()),
        span: None,
        message,
        help: help.map(str::to_owned),
    }
}

fn kind(proxy: &Proxy) -> &'static str {
    match proxy.kind {
        ProxyKind::Frontend => "frontend",
        ProxyKind::Backend => "backend",
        ProxyKind::Listen => "proxy",
    }
}

fn listening(proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    if proxy.kind.is_frontend() && proxy.binds.is_empty() {
        let message = format!(
            "{} '{}' has no 'bind' directive. Please declare it as a backend if this was intended.",
            kind(proxy),
            proxy.name
        );
        findings.push(finding(Severity::Warning, proxy, message, None));
    }
}

fn certificates(proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    if proxy.others.iter().any(|other| other.0 == "ssl-f-use") {
        return;
    }
    let sources = ["crt", "crt-list", "default-crt", "generate-certificates"];
    for bind in proxy.binds.iter().filter(|bind| bind.options.ssl) {
        if bind.options.others.iter().any(|other| sources.contains(&other.0)) {
            continue;
        }
        let text = bind.addresses.iter().map(|address| address.1.as_str()).collect::<Vec<_>>().join(",");
        let message = format!(
            "Proxy '{}': no SSL certificate specified for bind '{text}' at [{}] (use 'crt').",
            proxy.name, bind.place
        );
        let place = Some(bind.place.clone());
        findings.push(Diagnostic { severity: Severity::Alert, place, span: None, message, help: None });
    }
}

fn timeouts(proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    let timeouts = &proxy.timeouts;
    let client = proxy.kind.is_frontend() && timeouts.client.is_none() && !proxy.binds.is_empty();
    let servers = !proxy.servers.is_empty() || proxy.dispatch.is_some();
    let server =
        proxy.kind.is_backend() && servers && (timeouts.connect.is_none() || timeouts.server.is_none());
    if client || server {
        let message = format!(
            "missing timeouts for {} '{}'.\n   | While not properly invalid, you will certainly encounter various problems\n   | with such a configuration. To fix this, please ensure that all following\n   | timeouts are set to a non-zero value: 'client', 'connect', 'server'.",
            kind(proxy),
            proxy.name
        );
        findings.push(finding(
            Severity::Warning,
            proxy,
            message,
            Some("add `timeout client`, `timeout connect` and `timeout server`"),
        ));
    }
}

fn modes(proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    if proxy.mode == Mode::Http {
        return;
    }
    let title = format!("{} '{}'", kind(proxy), proxy.name);
    let mut ignored = |what: &str| {
        let message = format!("{what} will be ignored for {title} (needs 'mode http').");
        findings.push(finding(Severity::Warning, proxy, message, Some("add `mode http`")));
    };
    if proxy.kind.is_backend() && proxy.cookie.is_some() {
        ignored("'cookie' statement");
    }
    if proxy.kind.is_frontend() && proxy.monitor_uri.is_some() {
        ignored("'monitor-uri' statement");
    }
    if proxy.options.forwardfor.is_some() {
        ignored("'option forwardfor'");
    }
    let rules = [
        ("'http-request'", &proxy.http_request),
        ("'http-response'", &proxy.http_response),
        ("'http-after-response'", &proxy.http_after_response),
        ("'redirect'", &proxy.redirects),
    ];
    for (name, list) in rules {
        if !list.is_empty() {
            let message = format!("{name} rules ignored for {title} as they require HTTP mode.");
            findings.push(finding(Severity::Warning, proxy, message, Some("add `mode http`")));
        }
    }
}
