//! Names that rules and servers refer to: backends, servers, tables, resolvers.

use crate::model::{ActionArg, ErrorPage, FormatPart, HttpErrors, Place, Proxy, ProxyKind, ServerLine};
use crate::parse::Cx;
use crate::{Diagnostic, Severity};
use std::collections::HashMap;
use std::sync::Arc;

/// Names defined nowhere.
pub(super) fn check(cx: &Cx<'_>) -> Vec<Diagnostic> {
    let config = &cx.config;
    let mut findings = Vec::new();
    let backends: HashMap<&str, &Proxy> = config
        .proxies
        .iter()
        .filter(|proxy| proxy.kind.is_backend())
        .map(|proxy| (proxy.name.as_str(), proxy))
        .collect();
    for proxy in &config.proxies {
        if proxy.kind.is_frontend() && !proxy.disabled {
            targets(proxy, &backends, &mut findings);
        }
        if !proxy.disabled {
            servers(proxy, &mut findings);
            references(cx, proxy, &backends, &mut findings);
            tracked(cx, proxy, &mut findings);
            captures(proxy, &mut findings);
            caches(cx, proxy, &mut findings);
            error_pages(cx, proxy, &mut findings);
        }
    }
    findings
}

pub(super) fn alert(place: &Place, message: String) -> Diagnostic {
    Diagnostic { severity: Severity::Alert, place: Some(place.clone()), span: None, message, help: None }
}

pub(crate) fn kind(kind: ProxyKind) -> &'static str {
    match kind {
        ProxyKind::Frontend => "frontend",
        ProxyKind::Backend => "backend",
        ProxyKind::Listen => "proxy",
    }
}

fn targets(proxy: &Proxy, backends: &HashMap<&str, &Proxy>, findings: &mut Vec<Diagnostic>) {
    let mut target = |name: &str, keyword: &str, place: &Place| {
        match backends.get(name) {
            None => {
                let message = format!("Proxy '{}': unable to find required {keyword}: '{name}'.", proxy.name);
                findings.push(alert(place, message));
            }
            Some(backend) if backend.mode != proxy.mode && !proxy.disabled => {
                let mode = |mode| match mode {
                    crate::model::Mode::Tcp => "tcp",
                    crate::model::Mode::Http => "http",
                    crate::model::Mode::Other(name) => name,
                };
                // A TCP frontend may hand a connection over to an HTTP backend.
                if mode(proxy.mode) == "tcp" && mode(backend.mode) == "http" {
                    return;
                }
                let how = if keyword == "default_backend" {
                    "as its default backend"
                } else {
                    "in a 'use_backend' rule"
                };
                let message = format!(
                    "{} {} '{}' ({}) tries to use incompatible {} {} '{}' ({}) {how} (see 'mode').",
                    mode(proxy.mode),
                    kind(proxy.kind),
                    proxy.name,
                    proxy.place,
                    mode(backend.mode),
                    kind(backend.kind),
                    backend.name,
                    backend.place
                );
                findings.push(alert(place, message));
            }
            Some(_) => {}
        }
    };
    if let Some((name, place)) = &proxy.default_backend {
        target(name, "default_backend", place);
    }
    for rule in &proxy.use_backend {
        if rule.target.parts.iter().all(|part| matches!(part, FormatPart::Text(_))) {
            let name: String = rule
                .target
                .parts
                .iter()
                .map(|part| if let FormatPart::Text(text) = part { text.as_str() } else { "" })
                .collect();
            target(&name, "use_backend", &rule.place);
        }
    }
}

/// Servers that `use-server` names.
fn servers(proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    for rule in &proxy.use_server {
        let [FormatPart::Text(name)] = &rule.target.parts[..] else { continue };
        let exists = proxy.servers.iter().any(|server| {
            server.name == *name
                || server.template.is_some_and(|(low, high)| {
                    let number =
                        name.strip_prefix(server.name.as_str()).and_then(|digits| digits.parse().ok());
                    number.is_some_and(|number| (low..=high).contains(&number))
                })
        });
        if !exists {
            let title = format!("{} '{}'", kind(proxy.kind), proxy.name);
            findings.push(alert(
                &rule.place,
                format!("{title} : unable to find server '{name}' referenced in a 'use-server' rule."),
            ));
        }
    }
}

/// What servers name: resolvers, and servers to track.
fn references(cx: &Cx<'_>, proxy: &Proxy, backends: &HashMap<&str, &Proxy>, findings: &mut Vec<Diagnostic>) {
    for server in &proxy.servers {
        if let Some(name) = &server.resolve.resolvers
            && name != "default"
            && !cx.named.contains(&("resolvers", name.clone()))
        {
            for name_of in server.names() {
                let message = format!(
                    "{} '{}', server '{name_of}': unable to find required resolvers '{name}'",
                    kind(proxy.kind),
                    proxy.name,
                );
                findings.push(alert(&server.place, message));
            }
        }
        let Some(name) = &server.check.track else { continue };
        let (backend, tracked) = match name.split_once('/') {
            Some((backend, tracked)) => (backends.get(backend).copied(), tracked),
            None => (Some(proxy), name.as_str()),
        };
        let title = format!("[{}] : 'server {}/{}'", server.place, proxy.name, server.name);
        let Some(backend) = backend else {
            let missing = name.split_once('/').map_or(name.as_str(), |parts| parts.0);
            let message = format!("{title} : unable to find required proxy '{missing}' for tracking.");
            findings.push(alert(&server.place, message));
            continue;
        };
        let found = |other: &Arc<ServerLine>| other.name == tracked || other.template.is_some();
        if !backend.servers.iter().any(found) {
            let message = format!("{title} : unable to find required server '{name}' for tracking.");
            findings.push(alert(&server.place, message));
        }
    }
}

/// Tables that `track-sc` and `stick` name.
fn tracked(cx: &Cx<'_>, proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    let exists = |table: &str| cx.named.contains(&("table", table.to_owned()));
    let lists = [
        &proxy.tcp_request_connection,
        &proxy.tcp_request_session,
        &proxy.tcp_request_content,
        &proxy.http_request,
        &proxy.http_response,
    ];
    for rule in lists.into_iter().flatten().filter(|rule| rule.action.name == "track-sc") {
        let number = match rule.action.args.first() {
            Some(ActionArg::Int(number)) => *number,
            _ => continue,
        };
        let table = rule.action.args.iter().find_map(|arg| match arg {
            ActionArg::Keyed("table", Some(value)) => match &**value {
                ActionArg::Str(table) => Some(table.as_str()),
                _ => None,
            },
            _ => None,
        });
        let table = table.unwrap_or(&proxy.name);
        if !exists(table) {
            let name = &proxy.name;
            let message =
                format!("Proxy '{name}': unable to find table '{table}' referenced by track-sc{number}.");
            findings.push(alert(&rule.place, message));
        }
    }
    for (keyword, words, place) in &proxy.others {
        if let ("stick-table", Some(at)) = (*keyword, words.iter().position(|word| word == "peers")) {
            let peers = words.get(at + 1).cloned().unwrap_or_default();
            if !cx.named.contains(&("peers", peers.clone())) {
                findings.push(alert(
                    place,
                    format!("Proxy '{}': unable to find sync peers '{peers}'.", proxy.name),
                ));
            }
        }
        if keyword.starts_with("stick ") {
            let named = words.iter().position(|word| word == "table").and_then(|at| words.get(at + 1));
            let table = named.map_or(proxy.name.as_str(), String::as_str);
            if !exists(table) {
                findings.push(alert(
                    place,
                    format!("Proxy '{}': unable to find stick-table '{table}'.", proxy.name),
                ));
            }
        }
    }
}

/// Slots that `capture ... id` names.
fn captures(proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    if !proxy.kind.is_frontend() {
        return;
    }
    let lists = [
        ("http-request", &proxy.http_request, proxy.request_slots.len()),
        ("http-response", &proxy.http_response, proxy.response_slots.len()),
    ];
    for (keyword, rules, slots) in lists {
        for rule in rules.iter().filter(|rule| rule.action.name == "capture") {
            let id = rule.action.args.iter().find_map(|arg| match arg {
                ActionArg::Keyed("id", Some(value)) => match **value {
                    ActionArg::Int(id) => Some(id),
                    _ => None,
                },
                _ => None,
            });
            if let Some(id) = id.filter(|id| usize::try_from(*id).is_ok_and(|id| id >= slots)) {
                let name = &proxy.name;
                let text = format!(
                    "Proxy '{name}': unable to find capture id '{id}' referenced by {keyword} capture rule."
                );
                findings.push(alert(&rule.place, text));
            }
        }
    }
}

/// `http-errors` sections that proxies and rules name, and statuses that they lack.
fn error_pages(cx: &Cx<'_>, proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    let owner = &proxy.name;
    let set = |name: &str| cx.config.http_errors.iter().find(|set| set.name == name);
    let has = |set: &HttpErrors, status: i64| set.files.iter().any(|file| i64::from(file.status) == status);
    for page in &proxy.error_pages {
        let ErrorPage::Section { name, statuses, place } = page else { continue };
        let Some(set) = set(name) else {
            let text = format!("proxy '{owner}': unknown http-errors section '{name}' (at {place}).");
            findings.push(alert(place, text));
            continue;
        };
        for status in statuses.iter().filter(|status| !has(set, i64::from(**status))) {
            let text = format!(
                "config: proxy '{owner}' : status '{status}' not declared in http-errors section '{name}' (at {place})."
            );
            findings.push(Diagnostic { severity: Severity::Warning, ..alert(place, text) });
        }
    }
    let rules = proxy.http_request.iter().chain(&proxy.http_response).chain(&proxy.http_after_response);
    for rule in rules {
        let keyed = |key: &str| {
            rule.action.args.iter().find_map(|arg| match arg {
                ActionArg::Keyed(name, Some(value)) if *name == key => Some(&**value),
                _ => None,
            })
        };
        let Some(ActionArg::Str(name)) = keyed("errorfiles") else { continue };
        let Some(set) = set(name) else {
            let text = format!(
                "Proxy '{owner}': unknown http-errors section '{name}' referenced by an http reply ."
            );
            findings.push(alert(&rule.place, text));
            continue;
        };
        let usual = match rule.action.name {
            "return" => 200,
            "tarpit" => 500,
            _ if proxy.http_request.iter().any(|other| std::ptr::eq(other, rule)) => 403,
            _ => 502,
        };
        let status = match keyed("status").or_else(|| keyed("deny_status")) {
            Some(ActionArg::Int(status)) => *status,
            _ => usual,
        };
        if !has(set, status) {
            let text = format!(
                "Proxy '{owner}': status '{status}' referenced by an http reply not declared in http-errors section '{name}'."
            );
            findings.push(Diagnostic { severity: Severity::Warning, ..alert(&rule.place, text) });
        }
    }
}

/// Caches that `cache-use` and `cache-store` name.
fn caches(cx: &Cx<'_>, proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    for rule in proxy.http_request.iter().chain(&proxy.http_response) {
        let ("cache-use" | "cache-store", Some(ActionArg::Str(name))) =
            (rule.action.name, rule.action.args.first())
        else {
            continue;
        };
        if !cx.named.contains(&("cache", name.clone())) {
            let title = format!("{} '{}'", kind(proxy.kind), proxy.name);
            let text = format!(
                "config: {title}: unable to find the cache '{name}' referenced by the filter 'cache'."
            );
            findings.push(alert(&rule.place, text));
        }
    }
}
