//! What does not fit the mode of a proxy.

use super::names::alert;
use super::proxies::{finding, title};
use crate::model::{FormatPart, LogFormat, Mode, Options, Place, Proxy};
use crate::tables::format;
use crate::{Diagnostic, Severity};

/// Tells whether an option is on.
type IsOn = fn(&Options) -> bool;

/// Options that act on HTTP only: name, whether it is the frontend's, and how to tell whether it is on.
const HTTP_OPTIONS: &[(&str, bool, IsOn)] = &[
    ("checkcache", false, |options| options.others.iter().any(|other| other.0 == "option checkcache")),
    ("http-ignore-probes", true, |options| options.http_ignore_probes),
    ("prefer-last-server", false, |options| options.prefer_last_server),
    ("http-use-proxy-header", true, |options| options.http_use_proxy_header),
    ("http-pretend-keepalive", false, |options| options.http_pretend_keepalive),
];

/// Warns of each text whose condition is met.
fn warn<const N: usize>(proxy: &Proxy, texts: [(bool, String); N], findings: &mut Vec<Diagnostic>) {
    for (_, text) in texts.into_iter().filter(|(met, _)| *met) {
        findings.push(finding(Severity::Warning, proxy, text, Some("add `mode http`")));
    }
}

/// Keywords of HTTP that a proxy without it passes over.
pub(super) fn ignored(proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    if proxy.mode == Mode::Http {
        return;
    }
    let (front, back) = (proxy.kind.is_frontend(), proxy.kind.is_backend());
    let balance = proxy.balance.as_ref();
    let layer_7 = balance.is_some_and(|balance| matches!(balance.algorithm, "uri" | "url_param" | "hdr"));
    let (title, needs) = (title(proxy), "(needs 'mode http').");
    let texts = [
        (back && proxy.cookie.is_some(), format!("cookie will be ignored for {title} {needs}")),
        (front && proxy.monitor_uri.is_some(), format!("monitor-uri will be ignored for {title} {needs}")),
        (
            back && layer_7,
            format!("Layer 7 hash not possible for {title} {needs} Falling back to round robin."),
        ),
    ];
    warn(proxy, texts, findings);
}

/// Rules, options and formats of HTTP in a proxy without it.
pub(super) fn unfit(proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    if proxy.mode == Mode::Http {
        return;
    }
    formats(proxy, findings);
    let title = title(proxy);
    let (front, back) = (proxy.kind.is_frontend(), proxy.kind.is_backend());
    let requires = "as it requires HTTP mode.";
    let rules = |name: &str, list: &[_]| {
        (!list.is_empty(), format!("'{name}' rules ignored for {title} as they require HTTP mode."))
    };
    let texts = [
        (proxy.stats.is_some(), format!("'stats' statement ignored for {title} {requires}")),
        (
            front && proxy.capture_cookie.is_some(),
            format!("'capture' statement ignored for {title} {requires}"),
        ),
        rules("http-request", &proxy.http_request),
        rules("http-response", &proxy.http_response),
        rules("http-after-response", &proxy.http_after_response),
        rules("redirect", &proxy.redirects),
        (proxy.options.forwardfor.is_some(), format!("'option forwardfor' ignored for {title} {requires}")),
        (proxy.options.originalto.is_some(), format!("'option originalto' ignored for {title} {requires}")),
    ];
    warn(proxy, texts, findings);
    for (name, frontend, is_on) in HTTP_OPTIONS {
        let acts = if *frontend { front } else { back };
        let text = format!("'option {name}' ignored for {title} {requires}");
        warn(proxy, [(acts && is_on(&proxy.options), text)], findings);
    }
    for server in proxy.servers.iter().filter(|server| back && server.cookie.is_some()) {
        let text =
            format!("{title} : ignoring cookie for server '{}' as HTTP mode is disabled.", server.name);
        warn(proxy, [(true, text)], findings);
    }
}

/// Log formats that print what only HTTP has.
fn formats(proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    if !proxy.kind.is_frontend() {
        return;
    }
    let formats: [(&str, &Option<(LogFormat, Place)>); 3] = [
        ("log-format", &proxy.log_format),
        ("log-format-sd", &proxy.log_format_sd),
        ("unique-id", &proxy.unique_id_format),
    ];
    for (keyword, format, place) in formats.into_iter().filter_map(|(keyword, format)| {
        let (format, place) = format.as_ref()?;
        Some((keyword, format, place))
    }) {
        let reserved = format.parts.iter().find_map(|part| match part {
            FormatPart::Alias { name, .. } if format::alias(name).is_some_and(|alias| alias.1) => Some(name),
            _ => None,
        });
        if let Some(name) = reserved {
            let text = format!(
                "Parsing [{place}]: failed to parse {keyword} : format variable '{name}' is reserved for HTTP mode."
            );
            let help = Some("add `mode http`, or leave the variable out".to_owned());
            findings.push(Diagnostic { help, ..alert(place, text) });
        }
    }
}

/// `proto` of listening addresses and servers.
pub(super) fn protocols(proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    let usable = |name: &str, listens: bool| match proxy.mode {
        Mode::Http => matches!(name, "h1" | "h2" | "quic") || name == "fcgi" && !listens || name == "spop",
        Mode::Tcp => name == "none",
        Mode::Other(_) => true,
    };
    let named = |others: &[(&'static str, Vec<String>)]| {
        let proto = others.iter().rev().find(|other| other.0 == "proto")?;
        proto.1.first().cloned()
    };
    let title = title(proxy);
    for bind in &proxy.binds {
        if let Some(name) = named(&bind.options.others).filter(|name| !usable(name, true)) {
            let text = bind.addresses.iter().map(|address| address.1.as_str()).collect::<Vec<_>>().join(",");
            let text = format!(
                "{title} : MUX protocol '{name}' is not usable for 'bind {text}' at [{}].",
                bind.place
            );
            findings.push(alert(&bind.place, text));
        }
    }
    for server in proxy.servers.iter().filter(|_| proxy.kind.is_backend()) {
        if let Some(name) = named(&server.others).filter(|name| !usable(name, false)) {
            let text = format!(
                "{title} : MUX protocol '{name}' is not usable for server '{}' at [{}].",
                server.name, server.place
            );
            findings.push(alert(&server.place, text));
        }
    }
}
