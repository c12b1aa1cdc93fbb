//! `log-forward` sections (manual 3.10).

use super::modifier::Modifier;
use super::{bind, log};
use crate::model::{Address, Bind, BindOptions, LogForward, LogTarget};
use crate::parse::{Args, Cx};
use crate::tables::keywords::bind as table;
use crate::value::{self, TimeError};
use crate::{Diagnostic, Severity, suggest};

/// What `option host` may do with the host's name (manual 3.10).
const HOSTS: [&str; 4] = ["append", "fill", "keep", "replace"];

/// Options of a `bind` line that a UDP socket has, too.
const DATAGRAM: [&str; 4] = ["interface", "name", "namespace", "transparent"];

pub(crate) fn open(cx: &mut Cx<'_>, name: &str) {
    if let Some((kind, place)) = cx.proxies.get(name).and_then(|known| known.first()) {
        let message = format!(
            "Parsing [{}]: log forward section '{name}' has the same name as {} '{name}' declared at {place}.",
            cx.place,
            crate::check::kind(*kind)
        );
        cx.alert(message);
    }
    let place = cx.place.clone();
    cx.config.log_forwards.push(LogForward { name: name.to_owned(), place, ..LogForward::default() });
}

fn change(cx: &mut Cx<'_>, with: impl FnOnce(&mut LogForward)) {
    if let Some(section) = cx.config.log_forwards.last_mut() {
        with(section);
    }
}

/// `maxconn COUNT`, `backlog COUNT`.
pub(crate) fn count(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    let word = args.get(0);
    if args.get(1).is_empty() {
        cx.wrong(args, 0, format!("'{word}' expects an integer argument."));
    } else if !cx.too_many(args, 1) {
        let number = value::lenient_integer(args.get(1)).max(0) as u64;
        change(cx, |section| match word {
            "maxconn" => section.maxconn = Some(number),
            _ => section.backlog = Some(u32::try_from(number).unwrap_or(u32::MAX)),
        });
    }
}

/// `bind ADDRESS OPTIONS`: TCP. HAProxy passes over one without an address.
pub(crate) fn bind(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    let text = args.get(1);
    if text.is_empty() {
        return;
    }
    let Some(addresses) = bind::addresses(cx, args, &format!("'bind {text}'"), text) else { return };
    let mut options = BindOptions::default();
    bind::options(cx, args, 2, &format!("'bind {text}' in section 'log-forward'"), &mut options);
    let place = cx.place.clone();
    change(cx, |section| section.binds.push(Bind { addresses, options, place }));
}

/// `dgram-bind ADDRESS OPTIONS`: UDP.
pub(crate) fn datagrams(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    let text = args.get(1);
    if text.is_empty() {
        return;
    }
    let mut addresses = Vec::new();
    for part in text.split(',') {
        let wrong = match value::address(part, &cx.env) {
            _ if part.starts_with("tcp") && part.contains('@') => {
                format!("stream-type address not acceptable in '{part}'")
            }
            Ok(Address::Inet { ports: (0, 0), .. }) => format!("missing port specification in '{part}'"),
            Ok(address) => {
                addresses.push((address, part.to_owned()));
                continue;
            }
            Err(error) => error.to_string(),
        };
        cx.wrong(args, 1, format!("'dgram-bind {text}' : {wrong}"));
        return;
    }
    let mut options = BindOptions::default();
    let mut index = 2;
    while args.has(index) {
        let word = args.get(index);
        let row = table::ROWS.iter().find(|row| row.name == word && DATAGRAM.contains(&row.name));
        let Some(row) = row else {
            let best = suggest::closest(word, table::ROWS.iter().map(|row| row.name));
            let hint = best.map_or_else(|| ".".to_owned(), |best| format!("; did you mean '{best}' maybe ?"));
            cx.wrong(args, index, format!("unknown keyword '{word}' in 'log-forward' section{hint}"));
            return;
        };
        if let Err(reason) = (row.parse)(cx, &mut options, row.name, args.get(index + 1)) {
            cx.wrong(args, index, reason);
            return;
        }
        index += 1 + row.args;
    }
    let place = cx.place.clone();
    change(cx, |section| section.datagrams.push(Bind { addresses, options, place }));
}

/// `timeout client TIME`.
pub(crate) fn timeout(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    let (name, text) = (args.get(1), args.get(2));
    if name != "client" {
        cx.wrong(args, 1, format!("unknown keyword 'timeout {name}' in log-forward section."));
        return;
    }
    if text.is_empty() {
        cx.wrong(args, 1, "missing timeout client value.");
        return;
    }
    match value::time(text, "ms") {
        Ok(time) => change(cx, |section| section.client = Some(time)),
        Err(TimeError::Overflow) => {
            cx.wrong(args, 2, format!("timer overflow in argument '{text}' to 'timeout client'."));
        }
        Err(TimeError::Unexpected(c)) => {
            cx.wrong(args, 2, format!("unexpected character '{c}' in 'timeout client'."));
        }
    }
}

/// `log ADDRESS FACILITY ...`.
pub(crate) fn log(cx: &mut Cx<'_>, modifier: &mut Modifier, args: &Args<'_>) {
    let section = cx.config.log_forwards.last_mut();
    let mut logs: Vec<LogTarget> =
        section.map(|section| std::mem::take(&mut section.logs)).unwrap_or_default();
    log::line(cx, &mut logs, args, *modifier, false);
    change(cx, |section| section.logs = logs);
}

/// `option NAME`.
pub(crate) fn option(cx: &mut Cx<'_>, modifier: &mut Modifier, args: &Args<'_>) {
    let on = *modifier == Modifier::Set;
    match (args.get(1), args.get(2)) {
        ("dont-parse-log", "") => change(cx, |section| section.dont_parse_log = on),
        ("assume-rfc6587-ntf", "") => change(cx, |section| section.assume_rfc6587_ntf = on),
        ("host", how) if HOSTS.contains(&how) => {
            let how = how.to_owned();
            change(cx, |section| section.host = on.then_some(how));
        }
        ("host", how) => {
            cx.wrong(args, 2, format!("'option host' expects {}, not '{how}'.", HOSTS.join(", ")))
        }
        ("dont-parse-log" | "assume-rfc6587-ntf", _) => {
            cx.too_many_for(args, 2, 1);
        }
        (name, _) => cx.wrong(args, 1, format!("unknown option '{name}' in log-forward section.")),
    }
}

/// Sections that nothing can reach.
pub(crate) fn check(cx: &Cx<'_>) -> Vec<Diagnostic> {
    let deaf = cx.config.log_forwards.iter().filter(|section| {
        section.binds.is_empty() && section.datagrams.is_empty() && !cx.broken.contains(&section.place)
    });
    let finding = |section: &LogForward| Diagnostic {
        severity: Severity::Warning,
        place: Some(section.place.clone()),
        span: None,
        message: format!(
            "frontend '{}' has no 'bind' directive. Please declare it as a backend if this was intended.",
            section.name
        ),
        help: Some("add `bind` or `dgram-bind` with an address".to_owned()),
    };
    deaf.map(finding).collect()
}
