//! What servers say of each other and of their checks: numbers, tracking, ports, mailers.

use super::names::{alert, kind};
use crate::model::{Address, CheckAction, CheckKind, CheckStep, Host, Place, Proxy, ServerLine};
use crate::parse::Cx;
use crate::{Diagnostic, Severity};
use std::collections::HashMap;

fn title(proxy: &Proxy, server: &ServerLine) -> String {
    format!("[{}] : 'server {}/{}'", server.place, proxy.name, server.name)
}

/// True for an address that has a port where it needs one.
fn has_port(address: &Address) -> bool {
    !matches!(address, Address::Inet { ports: (0, 0), offset: None, .. })
}

/// No address of a host: HAProxy asks nothing more of such a server.
fn is_anywhere(address: &Address) -> bool {
    match address {
        Address::Inet { host: Host::Ip(ip), .. } => ip.is_unspecified(),
        Address::Inet { host: Host::Any | Host::AnyV4 | Host::AnyV6, .. } => true,
        _ => false,
    }
}

/// Checks need a port: the server's, their own, or that of each `connect`.
pub(super) fn ports(proxy: &Proxy, server: &ServerLine, findings: &mut Vec<Diagnostic>) {
    let check = &server.check;
    let own = check.port.is_some_and(|port| port != 0) || check.addr.as_ref().is_some_and(has_port);
    // A name of a service brings its port.
    let service = server.address_text.starts_with('_') && server.resolve.resolvers.is_some();
    if !check.enabled
        || check.track.is_some()
        || own
        || service
        || has_port(&server.address)
        || is_anywhere(&server.address)
    {
        return;
    }
    let steps = match proxy.checks.kind {
        CheckKind::Tcp => &proxy.checks.tcp[..],
        CheckKind::Http(_) => &proxy.checks.http[..],
        _ => &[],
    };
    let starts = steps.iter().find(|step| !matches!(step.action, CheckAction::Comment(_)));
    let connects_first = starts.is_some_and(|step| matches!(step.action, CheckAction::Connect(_)));
    let knows_port = |step: &CheckStep| match &step.action {
        CheckAction::Connect(connect) => {
            let address = connect.address.as_ref();
            connect.port.is_some() || connect.port_expr.is_some() || address.is_some_and(has_port)
        }
        _ => true,
    };
    if connects_first && steps.iter().all(knows_port) {
        return;
    }
    // A check of steps connects first even where no line says so.
    let plain = matches!(proxy.checks.kind, CheckKind::Connect | CheckKind::External);
    let scripted = !plain && (!steps.is_empty() || !matches!(proxy.checks.kind, CheckKind::Tcp));
    let rule = if scripted { " nor tcp_check rule 'connect' with port information" } else { "" };
    let (title, name) = (format!("{} '{}'", kind(proxy.kind), proxy.name), &server.name);
    let text = format!("config: {title}: server '{name}' has neither service port nor check port{rule}.");
    findings.push(Diagnostic {
        help: Some("give the server a port, or `port` for its checks".to_owned()),
        ..alert(&server.place, text)
    });
}

/// `track`: no checks of its own, something to follow, and no circle.
pub(super) fn tracking(proxies: &[&Proxy], findings: &mut Vec<Diagnostic>) {
    type Key<'a> = (&'a str, &'a str);
    let mut servers: HashMap<Key<'_>, &ServerLine> = HashMap::new();
    for proxy in proxies {
        let plain = proxy.servers.iter().filter(|server| server.template.is_none());
        servers.extend(plain.map(|server| ((proxy.name.as_str(), server.name.as_str()), &**server)));
    }
    let mut follows: HashMap<Key<'_>, Key<'_>> = HashMap::new();
    for proxy in proxies {
        for server in &proxy.servers {
            let Some(track) = &server.check.track else { continue };
            let own = (proxy.name.as_str(), server.name.as_str());
            let target = track.split_once('/').unwrap_or((proxy.name.as_str(), track));
            // A name that is not there is said elsewhere, and one of a template's is found when it runs.
            let Some(tracked) = servers.get(&target) else { continue };
            let (backend, name) = target;
            let check = &tracked.check;
            let mut end = target;
            // No longer than there are servers, should a circle not pass here.
            for _ in 0..follows.len() {
                match follows.get(&end) {
                    Some(next) if end != own => end = *next,
                    _ => break,
                }
            }
            let reason = if !check.enabled && !check.agent.enabled && check.track.is_none() {
                format!(
                    "unable to use {backend}/{name} for tracking as it does not have any check nor agent enabled."
                )
            } else if end == own {
                format!(
                    "unable to track {backend}/{name} as it belongs to a tracking chain looping back to {}/{}.",
                    end.0, end.1
                )
            } else {
                follows.insert(own, target);
                continue;
            };
            findings.push(alert(&server.place, format!("{} : {reason}", title(proxy, server))));
        }
    }
}

/// `email-alert`: all of it or nothing, unless a line was wrong and the section is not `whole`.
pub(super) fn mailers(cx: &Cx<'_>, proxy: &Proxy, whole: bool, findings: &mut Vec<Diagnostic>) {
    let mail = &proxy.email_alert;
    let (Some((name, place)), true, true) = (&mail.mailers, mail.from.is_some(), mail.to.is_some()) else {
        let named = mail.mailers.is_some() || mail.from.is_some() || mail.to.is_some();
        if whole && (named || mail.level.is_some() || mail.myhostname.is_some()) {
            let title = format!("{} '{}'", kind(proxy.kind), proxy.name);
            let text = format!(
                "'email-alert' will be ignored for {title} (the presence any of 'email-alert from', 'email-alert level' 'email-alert mailers', 'email-alert myhostname', or 'email-alert to' requires each of 'email-alert from', 'email-alert mailers' and 'email-alert to' to be present)."
            );
            findings.push(warning(&proxy.place, text));
        }
        return;
    };
    if !cx.named.contains(&("mailers", name.clone())) {
        findings.push(alert(place, format!("Proxy '{}': unable to find mailers '{name}'.", proxy.name)));
    }
}

/// A warning about a proxy.
fn warning(place: &Place, message: String) -> Diagnostic {
    Diagnostic { severity: Severity::Warning, ..alert(place, message) }
}
