//! Each proxy by itself: listening addresses, timeouts, cookies, options that need HTTP.

use crate::model::{Mode, Options, Proxy, ProxyKind};
use crate::parse::Cx;
use crate::section::proxy::timeout;
use crate::{Diagnostic, Severity};
use std::collections::HashMap;

/// What is missing from proxies or does not fit their mode.
pub(super) fn check(cx: &Cx<'_>) -> Vec<Diagnostic> {
    let config = &cx.config;
    let mut findings = Vec::new();
    let mut late: HashMap<usize, Vec<&Diagnostic>> = HashMap::new();
    for (of, finding) in &cx.late {
        late.entry(*of).or_default().push(finding);
    }
    for (index, proxy) in config.proxies.iter().enumerate().filter(|(_, proxy)| !proxy.disabled) {
        if !cx.unbound.contains(&proxy.name) {
            listening(proxy, &mut findings);
        }
        certificates(proxy, &mut findings);
        findings.extend(late.remove(&index).unwrap_or_default().into_iter().cloned());
        timeouts(proxy, &mut findings);
        logs(cx, proxy, &mut findings);
        unused(cx, proxy, &mut findings);
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
        let message = timeout::missing(kind(proxy), &proxy.name);
        findings.push(finding(
            Severity::Warning,
            proxy,
            message,
            Some("add `timeout client`, `timeout connect` and `timeout server`"),
        ));
    }
}

/// Tells whether an option is on.
type IsOn = fn(&Options) -> bool;

/// Options that act on HTTP only, by name and how to tell whether they are on.
const HTTP_OPTIONS: &[(&str, bool, IsOn)] = &[
    ("http-ignore-probes", true, |options| options.http_ignore_probes),
    ("http-use-proxy-header", true, |options| options.http_use_proxy_header),
    ("http-pretend-keepalive", false, |options| options.http_pretend_keepalive),
    ("prefer-last-server", false, |options| options.prefer_last_server),
];

/// What needs HTTP in a proxy that speaks something else.
fn modes(proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    if proxy.mode == Mode::Http {
        return;
    }
    let title = format!("{} '{}'", kind(proxy), proxy.name);
    let (front, back) = (proxy.kind.is_frontend(), proxy.kind.is_backend());
    let captures = proxy.capture_cookie.is_some();
    let layer_7 = proxy
        .balance
        .as_ref()
        .is_some_and(|balance| matches!(balance.algorithm, "uri" | "url_param" | "hdr"));
    let needs = "(needs 'mode http')";
    let requires = "as it requires HTTP mode.";
    let mut texts = vec![
        (back && proxy.cookie.is_some(), format!("cookie will be ignored for {title} {needs}.")),
        (front && proxy.monitor_uri.is_some(), format!("monitor-uri will be ignored for {title} {needs}.")),
        (
            back && layer_7,
            format!("Layer 7 hash not possible for {title} {needs}. Falling back to round robin."),
        ),
        (front && captures, format!("'capture' statement ignored for {title} {requires}")),
        (proxy.stats.is_some(), format!("'stats' statement ignored for {title} {requires}")),
        (proxy.options.forwardfor.is_some(), format!("'option forwardfor' ignored for {title} {requires}")),
        (proxy.options.originalto.is_some(), format!("'option originalto' ignored for {title} {requires}")),
    ];
    let rules = [
        ("http-request", &proxy.http_request),
        ("http-response", &proxy.http_response),
        ("http-after-response", &proxy.http_after_response),
        ("redirect", &proxy.redirects),
    ];
    for (name, list) in rules {
        texts.push((
            !list.is_empty(),
            format!("'{name}' rules ignored for {title} as they require HTTP mode."),
        ));
    }
    for (name, frontend, is_on) in HTTP_OPTIONS {
        let acts = if *frontend { front } else { back };
        texts
            .push((acts && is_on(&proxy.options), format!("'option {name}' ignored for {title} {requires}")));
    }
    for (_, text) in texts.into_iter().filter(|(found, _)| *found) {
        findings.push(finding(Severity::Warning, proxy, text, Some("add `mode http`")));
    }
}

/// What a proxy says and does not use.
fn unused(cx: &Cx<'_>, proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    let (title, back) = (format!("{} '{}'", kind(proxy), proxy.name), proxy.kind.is_backend());
    if back && proxy.dispatch.is_some() && proxy.balance.is_some() {
        let text = format!("dispatch address of {title} will be ignored in balance mode.");
        findings.push(finding(Severity::Warning, proxy, text, None));
    }
    let global = proxy.load_server_state.as_deref() == Some("global");
    if back && global && cx.config.global.server_state_file.is_none() {
        let text = format!(
            "{title} configured to load server state file from global section 'server-state-file' directive. Unfortunately, 'server-state-file' is not set!"
        );
        findings.push(finding(Severity::Warning, proxy, text, None));
    }
}

/// A log format without anywhere to log.
fn logs(cx: &Cx<'_>, proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    // `log global` stands for the targets of `global`, which may have none.
    let nowhere =
        proxy.logs.iter().all(|target| target.address.is_none() && cx.config.global.logs.is_empty());
    let options = &proxy.options;
    let format =
        proxy.log_format.is_some() || options.httplog.is_some() || options.tcplog || options.httpslog;
    if proxy.kind.is_frontend() && format && nowhere {
        let text =
            format!("log format ignored for {} '{}' since it has no log address.", kind(proxy), proxy.name);
        findings.push(finding(Severity::Warning, proxy, text, Some("add `log global`")));
    }
}
