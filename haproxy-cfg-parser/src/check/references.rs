//! What arguments of fetches and converters name: backends, servers, tables, userlists.

use super::names::has_server;
use crate::model::{Arg, Place, Proxy};
use crate::parse::{Args, Cx};
use crate::tables::{Param, Signature};
use crate::{Diagnostic, Severity};
use std::collections::HashMap;

/// An argument that names something, to be looked up when all lines were read.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    param: Param,
    /// Empty: the proxy itself.
    name: String,
    index: usize,
    keyword: &'static str,
    /// The fetch that starts its expression, unless it is an argument of the fetch itself.
    fetch: Option<&'static str>,
    /// What the expression belongs to, e.g. `log-format string`; empty: an ACL.
    setting: &'static str,
    /// The proxy or defaults section that it stands in.
    proxy: String,
    in_defaults: bool,
    place: Place,
}

/// What expressions of a line belong to, in HAProxy's words; empty where it takes them for an ACL's.
pub(crate) fn setting(keyword: &str, args: &Args<'_>) -> &'static str {
    let words = keyword.split(' ').count();
    let action = args.get(words);
    match keyword {
        "http-request" if action.starts_with("track-sc") || action == "capture" => "",
        "http-request" | "http-response" | "redirect" if keyword == "redirect" || action == "redirect" => {
            "redirect format string"
        }
        "http-request" => "http-request expression",
        "http-response" | "http-after-response" => "http-response response",
        "tcp-request content" if action.starts_with("track-sc") => "tracking rule",
        "tcp-request content" if action == "capture" => "capture rule",
        "tcp-request connection" => "tcp-request connection expression",
        "tcp-request session" => "tcp-request session expression",
        "tcp-request content" => "tcp-request content expression",
        "tcp-response content" => "tcp-response content expression",
        "http-check set-var" | "tcp-check set-var" => "tcp-check expression",
        "http-error" => "http-error directive",
        "log-format" => "log-format string",
        "log-format-sd" => "log-format-sd string",
        "unique-id-format" => "unique-id-format string",
        "use_backend" => "use_backend expression",
        "use-server" | "balance" => "use-server or balance expression",
        _ if keyword.starts_with("stick ") => "stick rule",
        "server" | "server-template" | "default-server" => "server directive",
        _ if keyword.starts_with("http-check ") || keyword.starts_with("tcp-check ") => "server directive",
        _ => "",
    }
}

/// Notes the arguments of a call that name something. `fetch` starts the expression of a converter.
pub(crate) fn note(
    cx: &mut Cx<'_>,
    setting: &'static str,
    fetch: Option<&'static str>,
    keyword: &'static str,
    signature: &Signature,
    args: &[Arg],
) {
    let is_rule = |setting: &str| setting.starts_with("http-re") || setting.starts_with("tcp-re");
    let in_defaults = !cx.defaults.is_empty();
    // What else defaults sections have is looked up where it is used, and `global` has no proxy.
    if cx.proxy.is_empty() && !(in_defaults && is_rule(cx.setting)) {
        return;
    }
    for (index, param) in signature.params.iter().enumerate() {
        let named = matches!(
            param,
            Param::Backend | Param::Frontend | Param::Server | Param::Table | Param::Userlist
        );
        let name = match args.get(index) {
            _ if !named => continue,
            Some(Arg::Str(name)) => name.clone(),
            // `sc0_conn_cnt()` takes the table of the counter.
            _ if index >= signature.required => continue,
            _ => String::new(),
        };
        let proxy = if in_defaults { &cx.defaults } else { &cx.proxy }.clone();
        let place = cx.place.clone();
        let param = *param;
        let reference = Reference { param, name, index, keyword, fetch, setting, proxy, in_defaults, place };
        cx.references.push(reference);
    }
}

/// The references that lead nowhere, by the proxy that they stand in; those of defaults sections by an empty name.
pub(super) fn check<'c>(cx: &'c Cx<'_>) -> HashMap<&'c str, Vec<Diagnostic>> {
    let mut proxies: HashMap<&str, Vec<&Proxy>> = HashMap::new();
    for proxy in &cx.config.proxies {
        proxies.entry(proxy.name.as_str()).or_default().push(proxy);
    }
    let mut findings: HashMap<&str, Vec<Diagnostic>> = HashMap::new();
    for reference in &cx.references {
        if let Some(finding) = missing(cx, reference, &proxies) {
            let owner = if reference.in_defaults { "" } else { &reference.proxy };
            findings.entry(owner).or_default().push(finding);
        }
    }
    findings
}

fn missing(cx: &Cx<'_>, reference: &Reference, proxies: &HashMap<&str, Vec<&Proxy>>) -> Option<Diagnostic> {
    // A defaults section is of the kind of those who start from it; what nobody uses, nobody judges.
    let heirs = cx.heirs.get(&reference.proxy).filter(|_| reference.in_defaults);
    if reference.in_defaults && heirs.is_none() {
        return None;
    }
    let name = if reference.name.is_empty() { reference.proxy.as_str() } else { reference.name.as_str() };
    let side = |name: &str, has: fn(&Proxy) -> bool| {
        proxies.get(name).into_iter().flatten().copied().find(|proxy| has(proxy))
    };
    let mut comma = "";
    let number = reference.index + 1;
    let implied = reference.name.is_empty();
    let unnamed = match reference.param {
        Param::Server if reference.in_defaults && !reference.name.contains('/') => Some("backend"),
        Param::Table if reference.in_defaults && implied => Some("table"),
        _ => None,
    };
    if let Some(what) = unnamed {
        return Some(finding(reference, format!("{what} name must be set in arg {number} of")));
    }
    let what = match reference.param {
        Param::Backend if implied && heirs.is_some_and(|heirs| heirs.backend) => return None,
        Param::Frontend if implied && heirs.is_some_and(|heirs| heirs.frontend) => return None,
        Param::Backend if implied && side(name, |proxy| proxy.kind.is_backend()).is_none() => {
            return Some(incapable(reference, "backend"));
        }
        Param::Frontend if implied && side(name, |proxy| proxy.kind.is_frontend()).is_none() => {
            return Some(incapable(reference, "frontend"));
        }
        Param::Backend if side(name, |proxy| proxy.kind.is_backend()).is_none() => {
            format!("backend '{name}'")
        }
        Param::Frontend if side(name, |proxy| proxy.kind.is_frontend()).is_none() => {
            format!("frontend '{name}'")
        }
        Param::Table if !cx.named.contains(&("table", name.to_owned())) => format!("table '{name}'"),
        Param::Userlist if reference.name.is_empty() => {
            return Some(finding(reference, format!("missing userlist name in arg {number} of")));
        }
        Param::Userlist if !cx.named_at.contains_key(&("userlist", name.to_owned())) => {
            format!("userlist '{name}'")
        }
        Param::Server => {
            let (backend, server) =
                reference.name.split_once('/').unwrap_or((&reference.proxy, &reference.name));
            let own = |proxy: &Proxy| proxy.kind.is_backend() || proxy.name == reference.proxy;
            match proxies.get(backend).into_iter().flatten().copied().find(|proxy| own(proxy)) {
                None => format!("proxy '{backend}'"),
                Some(proxy) if has_server(proxy, server) => return None,
                Some(_) => {
                    comma = ",";
                    format!("server '{server}' in proxy '{backend}'")
                }
            }
        }
        _ => return None,
    };
    Some(finding(reference, format!("unable to find {what}{comma} referenced in arg {number} of")))
}

/// The proxy itself is meant, and is of the other kind.
fn incapable(reference: &Reference, side: &str) -> Diagnostic {
    let Reference { proxy, index, .. } = reference;
    let mut finding = finding(reference, format!("proxy '{proxy}', referenced in arg {} of", index + 1));
    finding.message.pop();
    finding.message.push_str(&format!(", has not {side} capability."));
    finding
}

fn finding(reference: &Reference, text: String) -> Diagnostic {
    let Reference { place, keyword, fetch, setting, proxy, .. } = reference;
    let (kind, setting) = match *setting {
        "" => ("ACL keyword", String::new()),
        setting => ("sample fetch keyword", format!(" in {setting}")),
    };
    let whose = match fetch {
        Some(fetch) => format!("conversion keyword '{keyword}' for {kind} '{fetch}'"),
        None => format!("{kind} '{keyword}'"),
    };
    let message = format!("parsing [{place}]: {text} {whose}{setting} in proxy '{proxy}'.");
    Diagnostic { severity: Severity::Alert, place: Some(place.clone()), span: None, message, help: None }
}
