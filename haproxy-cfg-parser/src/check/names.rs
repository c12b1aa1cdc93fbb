//! Names that rules and servers refer to: backends, servers, tables, resolvers.

use crate::model::{ActionArg, ErrorPage, FormatPart, HttpErrors, Place, Proxy, ProxyKind, Rule, ServerLine};
use crate::parse::Cx;
use crate::{Diagnostic, Severity};
use std::collections::HashMap;
use std::sync::Arc;

/// Backends by name.
pub(super) type Backends<'c> = HashMap<&'c str, &'c Proxy>;

/// The backends of a configuration.
pub(super) fn backends<'c>(cx: &'c Cx<'_>) -> Backends<'c> {
    let backends = cx.config.proxies.iter().filter(|proxy| proxy.kind.is_backend());
    backends.map(|proxy| (proxy.name.as_str(), proxy)).collect()
}

/// What the rules of a proxy name that is defined nowhere.
pub(super) fn check(cx: &Cx<'_>, proxy: &Proxy, backends: &Backends<'_>, findings: &mut Vec<Diagnostic>) {
    if proxy.kind.is_frontend() {
        targets(proxy, backends, findings);
    }
    servers(proxy, findings);
    tables(cx, proxy, findings);
    resolvers_of_rules(cx, proxy, findings);
    captures(proxy, findings);
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

fn targets(proxy: &Proxy, backends: &Backends<'_>, findings: &mut Vec<Diagnostic>) {
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
        if !has_server(proxy, name) {
            let title = format!("{} '{}'", kind(proxy.kind), proxy.name);
            findings.push(alert(
                &rule.place,
                format!("{title} : unable to find server '{name}' referenced in a 'use-server' rule."),
            ));
        }
    }
}

/// True if a proxy has the server, by its own name or by a template's.
pub(super) fn has_server(proxy: &Proxy, name: &str) -> bool {
    proxy.servers.iter().any(|server| match server.template {
        None => server.name == name,
        Some((low, high)) => name
            .strip_prefix(server.name.as_str())
            .and_then(|digits| digits.parse().ok())
            .is_some_and(|number| (low..=high).contains(&number)),
    })
}

/// Sections of name servers that servers name.
pub(super) fn resolvers(cx: &Cx<'_>, proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    for server in &proxy.servers {
        let Some(name) = &server.resolve.resolvers else { continue };
        if name == "default" || cx.named.contains(&("resolvers", name.clone())) {
            continue;
        }
        let title = format!("{} '{}'", kind(proxy.kind), proxy.name);
        for server_name in server.names() {
            let message =
                format!("{title}, server '{server_name}': unable to find required resolvers '{name}'");
            findings.push(alert(&server.place, message));
        }
    }
}

/// Sections of name servers that `do-resolve` names.
fn resolvers_of_rules(cx: &Cx<'_>, proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    let rules = proxy.tcp_request_content.iter().chain(&proxy.http_request);
    for rule in rules.filter(|rule| rule.action.name == "do-resolve") {
        let Some(ActionArg::Str(name)) = rule.action.args.get(1) else { continue };
        if name != "default" && !cx.named.contains(&("resolvers", name.clone())) {
            let owner = &proxy.name;
            let text =
                format!("Proxy '{owner}': Can't find resolvers section '{name}' for do-resolve action.");
            findings.push(alert(&rule.place, text));
        }
    }
}

/// Servers that servers track.
pub(super) fn tracked(proxy: &Proxy, backends: &Backends<'_>, findings: &mut Vec<Diagnostic>) {
    for server in &proxy.servers {
        let Some(name) = &server.check.track else { continue };
        let (owner, tracked) = match name.split_once('/') {
            Some((owner, tracked)) => (backends.get(owner).copied().ok_or(owner), tracked),
            None => (Ok(proxy), name.as_str()),
        };
        let what = match owner {
            Err(missing) => format!("proxy '{missing}'"),
            Ok(owner) => {
                let found = |other: &Arc<ServerLine>| other.name == tracked || other.template.is_some();
                if owner.servers.iter().any(found) {
                    continue;
                }
                format!("server '{tracked}'")
            }
        };
        let title = format!("[{}] : 'server {}/{}'", server.place, proxy.name, server.name);
        let text = format!("{title} : unable to find required {what} for tracking.");
        findings.push(alert(&server.place, text));
    }
}

/// Tables that `stick` and `track-sc` name, and peers that a table names.
fn tables(cx: &Cx<'_>, proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    let exists = |table: &str| cx.named.contains(&("table", table.to_owned()));
    let owner = &proxy.name;
    for (_, words, place) in proxy.others.iter().filter(|(keyword, ..)| keyword.starts_with("stick ")) {
        let table = word_after(words, "table").unwrap_or(owner);
        if !exists(table) {
            let text = format!("Proxy '{owner}': unable to find stick-table '{table}'.");
            findings.push(alert(place, text));
        }
    }
    let lists = [
        &proxy.tcp_request_connection,
        &proxy.tcp_request_session,
        &proxy.tcp_request_content,
        &proxy.http_request,
        &proxy.http_response,
    ];
    for rule in lists.into_iter().flatten().filter(|rule| rule.action.name == "track-sc") {
        let Some(ActionArg::Int(number)) = rule.action.args.first() else { continue };
        let table = match keyed(rule, "table") {
            Some(ActionArg::Str(table)) => table,
            _ => owner,
        };
        if !exists(table) {
            let text =
                format!("Proxy '{owner}': unable to find table '{table}' referenced by track-sc{number}.");
            findings.push(alert(&rule.place, text));
        }
    }
    for (_, words, place) in proxy.others.iter().filter(|(keyword, ..)| *keyword == "stick-table") {
        let Some(peers) = word_after(words, "peers") else { continue };
        if !cx.named.contains(&("peers", peers.to_owned())) {
            let text = format!("Proxy '{owner}': unable to find sync peers '{peers}'.");
            findings.push(alert(place, text));
        }
    }
}

/// The word after `key`.
fn word_after<'w>(words: &'w [String], key: &str) -> Option<&'w str> {
    let at = words.iter().position(|word| word == key)?;
    words.get(at + 1).map(String::as_str)
}

/// The value of an action's argument `key`.
fn keyed<'r>(rule: &'r Rule, key: &str) -> Option<&'r ActionArg> {
    rule.action.args.iter().find_map(|arg| arg.keyed(key))
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
            let Some(ActionArg::Int(id)) = keyed(rule, "id") else { continue };
            if usize::try_from(*id).is_ok_and(|id| id >= slots) {
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
pub(super) fn error_pages(cx: &Cx<'_>, proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
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
        let Some(ActionArg::Str(name)) = keyed(rule, "errorfiles") else { continue };
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
        let status = match keyed(rule, "status").or_else(|| keyed(rule, "deny_status")) {
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

/// Caches that `cache-use`, `cache-store` and filters name.
pub(super) fn caches(cx: &Cx<'_>, proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    let title = format!("{} '{}'", kind(proxy.kind), proxy.name);
    let mut named = |name: &str, place: &Place| {
        if !cx.named.contains(&("cache", name.to_owned())) {
            let text = format!(
                "config: {title}: unable to find the cache '{name}' referenced by the filter 'cache'."
            );
            findings.push(alert(place, text));
        }
    };
    for rule in proxy.http_request.iter().chain(&proxy.http_response) {
        if let ("cache-use" | "cache-store", Some(ActionArg::Str(name))) =
            (rule.action.name, rule.action.args.first())
        {
            named(name, &rule.place);
        }
    }
    for (keyword, words, place) in &proxy.others {
        if let ("filter cache", Some(name)) = (*keyword, words.first()) {
            named(name, place);
        }
    }
}
