//! `mailers` sections (manual 3.6).

use crate::model::{Address, Class, Host, Mailers};
use crate::parse::{Args, Cx};
use crate::{Diagnostic, Severity, value};
use std::collections::HashSet;

/// Opens a section; false, and an error, if it has no usable name.
pub(super) fn open(cx: &mut Cx<'_>, args: &Args<'_>) -> bool {
    let name = args.get(1);
    if name.is_empty() {
        cx.wrong(args, 0, "missing name for mailers section.");
        return false;
    }
    if let Some(c) = value::not_in_name(name) {
        cx.wrong(args, 1, format!("character '{c}' is not permitted in 'mailers' name '{name}'."));
        return false;
    }
    if let Some(place) = cx.named_before("mailers", name) {
        cx.alert_word(
            args,
            1,
            format!("Parsing [{}]: mailers section '{name}' has the same name as another mailers section declared at {place}.", cx.place),
        );
    }
    cx.named.insert(("mailers", name.to_owned()));
    let place = cx.place.clone();
    cx.config.mailers.push(Mailers { name: name.into(), place, ..Mailers::default() });
    true
}

/// One line of the section that was opened last.
pub(super) fn line(cx: &mut Cx<'_>, args: &Args<'_>) {
    match args.get(0) {
        "mailer" => {
            cx.uses(Class::Keyword, "mailer");
            mailer(cx, args);
        }
        "timeout" => {
            cx.uses(Class::Keyword, "timeout");
            timeout(cx, args);
        }
        word => {
            let best = crate::suggest::closest(word, ["mailer", "timeout"]);
            super::other::unknown(cx, args, "mailers", best);
        }
    }
}

fn mailer(cx: &mut Cx<'_>, args: &Args<'_>) {
    let (name, text) = (args.get(1), args.get(2));
    if text.is_empty() {
        cx.wrong(args, 0, "'mailer' expects <name> and <addr>[:<port>] as arguments.");
        return;
    }
    match value::address(text, &cx.env) {
        Ok(Address::Inet { ports: (0, 0), .. }) => {
            cx.wrong(args, 2, format!("'mailer {name}' : missing port specification in '{text}'"));
        }
        Ok(Address::Inet { host: Host::Name(host), .. }) if !cx.resolves(&host) => {
            cx.wrong(args, 2, format!("'mailer {name}' : invalid address: '{host}' in '{text}'"));
        }
        Ok(address) => {
            let place = cx.place.clone();
            if let Some(section) = cx.config.mailers.last_mut() {
                section.servers.push((name.into(), address, place));
            }
        }
        Err(error) => cx.wrong(args, 2, format!("'mailer {name}' : {error}")),
    }
}

fn timeout(cx: &mut Cx<'_>, args: &Args<'_>) {
    if args.get(1) != "mail" {
        cx.wrong(args, 1, format!("'timeout' supports 'mail' (got '{}').", args.get(1)));
        return;
    }
    if args.get(2).is_empty() {
        cx.wrong(args, 1, "'timeout mail' expects <time> as argument.");
        return;
    }
    match cx.time(args, 2, "ms", "<timeout mail>") {
        Some(time) if time.is_zero() => cx.wrong(args, 2, "invalid value 0 for <timeout mail>"),
        Some(time) => {
            if let Some(section) = cx.config.mailers.last_mut() {
                section.timeout = Some(time);
            }
        }
        None => {}
    }
}

/// Sections that no proxy sends alerts by.
pub(crate) fn check(cx: &Cx<'_>) -> Vec<Diagnostic> {
    let alerts = cx.config.proxies.iter().filter(|proxy| !proxy.disabled).map(|proxy| &proxy.email_alert);
    let complete = alerts.filter(|alert| alert.from.is_some() && alert.to.is_some());
    let used: HashSet<&str> = complete.filter_map(|alert| Some(alert.mailers.as_ref()?.0.as_str())).collect();
    let idle = cx
        .config
        .mailers
        .iter()
        .filter(|mailers| !used.contains(mailers.name.as_str()) && !cx.broken.contains(&mailers.place));
    let finding = |mailers: &Mailers| Diagnostic {
        severity: Severity::Warning,
        place: Some(mailers.place.clone()),
        span: None,
        message: format!("Removing incomplete section 'mailers {}'.", mailers.name),
        help: Some("name it by `email-alert mailers` of a proxy".to_owned()),
    };
    idle.map(finding).collect()
}
