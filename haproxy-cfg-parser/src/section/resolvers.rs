//! `resolvers` sections (manual 5.3.2).

use crate::Severity;
use crate::model::{Address, Host, Nameserver, Resolvers};
use crate::parse::{Args, Cx};
use crate::suggest;
use crate::tables::keywords::resolvers as table;
use crate::value::{self, TimeError};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

/// The section that stands for the system's own resolver, and exists where no file defines it.
const DEFAULT: &str = "default";
/// Where the system says which name servers it asks.
const RESOLV_CONF: &str = "/etc/resolv.conf";
/// The longest time that fits into HAProxy's timers.
const LONGEST: Duration = Duration::from_millis(i32::MAX as u64);

/// Opens a section; false, and an error, if it has no usable name.
pub(super) fn open(cx: &mut Cx<'_>, args: &Args<'_>) -> bool {
    let name = args.get(1);
    if name.is_empty() {
        cx.wrong(args, 0, "missing name for resolvers section.");
        return false;
    }
    if let Some(c) = value::not_in_name(name) {
        cx.wrong(args, 1, format!("character '{c}' is not permitted in 'resolvers' name '{name}'."));
        return false;
    }
    if let Some(other) = cx.config.resolvers.iter().find(|known| known.name == name) {
        let (place, there) = (cx.place.clone(), other.place.clone());
        let text = format!(
            "Parsing [{place}]: resolvers '{name}' has same name as another resolvers (declared at {there})."
        );
        cx.alert_word(args, 1, text);
        return false;
    }
    cx.named.insert(("resolvers", name.to_owned()));
    let place = cx.place.clone();
    cx.config.resolvers.push(Resolvers::new(name, place));
    true
}

/// One line of the section that was opened last.
pub(super) fn line(cx: &mut Cx<'_>, args: &Args<'_>) {
    let word = args.get(0);
    match table::ROWS.iter().find(|row| row.name == word) {
        Some(row) => {
            cx.uses(crate::model::Class::Keyword, row.name);
            (row.parse)(cx, &mut (), args);
        }
        None => {
            let best = suggest::closest(word, table::ROWS.iter().map(|row| row.name));
            super::other::unknown(cx, args, "resolvers", best);
        }
    }
}

/// After the last file: the built-in section, and a word about sections without name servers.
pub(super) fn finish(cx: &mut Cx<'_>) {
    // Where a line was wrong, that it is missing says nothing new.
    let sound = cx.errors() == 0;
    for section in &cx.config.resolvers.clone() {
        if sound && section.nameservers.is_empty() {
            let text =
                format!("resolvers '{}' [{}] has no nameservers configured!", section.name, section.place);
            cx.place = section.place.clone();
            cx.report(Severity::Warning, None, text);
        }
    }
    if cx.config.resolvers.iter().all(|section| section.name != DEFAULT) {
        let mut section = Resolvers::new(DEFAULT, cx.place.clone());
        // Nobody asked for it, so it is no error when the system has none.
        add_system_nameservers(cx, &mut section);
        if !section.nameservers.is_empty() {
            cx.config.resolvers.push(section);
        }
    }
}

/// `nameserver NAME ADDRESS:PORT`.
pub(crate) fn nameserver(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    let (name, text) = (args.get(1), args.get(2));
    if text.is_empty() {
        cx.wrong(args, 0, "'nameserver' expects <name> and <addr>[:<port>] as arguments.");
        return;
    }
    if let Some(c) = value::not_in_name(name) {
        cx.wrong(args, 1, format!("character '{c}' is not permitted in server name '{name}'."));
        return;
    }
    let place = cx.place.clone();
    let key = ("nameserver", format!("{} {name}", cx.config.resolvers.len()));
    let known = cx.named_at.get(&key).cloned();
    if let Some(there) = known {
        let text = format!(
            "Parsing [{place}]: nameserver '{name}' has same name as another nameserver (declared at {there})."
        );
        cx.alert_word(args, 1, text);
        return;
    }
    match address(text, cx) {
        Ok(address) => {
            cx.named_at.insert(key, place.clone());
            if let Some(section) = cx.config.resolvers.last_mut() {
                section.nameservers.push(Nameserver { name: name.into(), address, place });
            }
        }
        Err(reason) => cx.wrong(args, 2, format!("'nameserver {name}' : {reason}")),
    }
}

fn address(text: &str, cx: &Cx<'_>) -> Result<SocketAddr, String> {
    // lb asks over UDP only; an answer that does not fit is asked for again with another name server.
    if text.starts_with("tcp") {
        return Err(format!("lb asks name servers over UDP only so far; write the UDP address of '{text}'."));
    }
    let ip = |host: &Host| match host {
        Host::Ip(ip) => Some(*ip),
        _ => None,
    };
    match value::address(text, &cx.env) {
        Ok(Address::Inet { ports: (0, 0), .. }) => Err(format!("missing port specification in '{text}'")),
        Ok(Address::Inet { host, ports, offset: None }) if ports.0 == ports.1 => match ip(&host) {
            Some(ip) => Ok(SocketAddr::new(ip, ports.0)),
            None => {
                let shown = text.rsplit_once(':').map_or(text, |(host, _)| host);
                Err(format!("invalid address: '{shown}' in '{text}'\n"))
            }
        },
        Ok(_) => Err(format!("invalid address: '{text}' in '{text}'\n")),
        Err(error) => Err(error.to_string()),
    }
}

/// `parse-resolv-conf`.
pub(crate) fn resolv_conf(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    let Some(mut section) = cx.config.resolvers.pop() else { return };
    match add_system_nameservers(cx, &mut section) {
        None => cx.wrong(args, 0, format!("failed to open {RESOLV_CONF}.")),
        Some(0) => {
            let text = format!("parsing [{RESOLV_CONF}]: no nameserver found.");
            cx.report(Severity::Warning, args.span(0), text);
        }
        Some(_) => {}
    }
    let number = cx.config.resolvers.len() + 1;
    for server in &section.nameservers {
        let key = ("nameserver", format!("{number} {}", server.name));
        cx.named_at.entry(key).or_insert_with(|| server.place.clone());
    }
    cx.config.resolvers.push(section);
}

/// Adds the system's name servers under their addresses as names; how many, or none when the file can't be read.
fn add_system_nameservers(cx: &Cx<'_>, section: &mut Resolvers) -> Option<usize> {
    let content = cx.world.read(Path::new(RESOLV_CONF)).ok()?;
    let before = section.nameservers.len();
    for (number, line) in String::from_utf8_lossy(&content).lines().enumerate() {
        let mut words = line.split_whitespace();
        if words.next() != Some("nameserver") {
            continue;
        }
        let Some(name) = words.next() else { continue };
        let Ok(ip) = name.parse::<IpAddr>() else { continue };
        if section.nameservers.iter().any(|known| known.name == name) {
            continue;
        }
        let place = crate::model::Place {
            file: RESOLV_CONF.into(),
            line: u32::try_from(number + 1).unwrap_or(u32::MAX),
        };
        let address = SocketAddr::new(ip, 53);
        section.nameservers.push(Nameserver { name: name.into(), address, place });
    }
    Some(section.nameservers.len() - before)
}

/// `resolve_retries N`.
pub(crate) fn retries(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if !args.has(1) {
        cx.wrong(args, 0, "'resolve_retries' expects <nb> as argument.");
        return;
    }
    let count = value::lenient_integer(args.get(1)).clamp(0, i64::from(u32::MAX));
    if let Some(section) = cx.config.resolvers.last_mut() {
        section.retries = u32::try_from(count).unwrap_or(u32::MAX);
    }
}

/// `accepted_payload_size N`.
pub(crate) fn payload(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if !args.has(1) {
        cx.wrong(args, 0, "'accepted_payload_size' expects <nb> as argument.");
        return;
    }
    let text = args.get(1);
    match text.parse::<u16>().ok().filter(|size| *size >= 12) {
        Some(size) => {
            if let Some(section) = cx.config.resolvers.last_mut() {
                section.payload = size;
            }
        }
        None => {
            let reason =
                format!("'accepted_payload_size' must be between 12 and 65535 inclusive (was {text}).");
            cx.wrong(args, 1, reason);
        }
    }
}

/// `hold KIND TIME`.
pub(crate) fn hold(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if !args.has(2) {
        cx.wrong(args, 0, "'hold' expects an <event> and a <time> as arguments.");
        cx.alert("<event> can be either 'valid', 'nx', 'refused', 'timeout', or 'other'".into());
        return;
    }
    let Some(mut hold) = cx.config.resolvers.last().map(|section| section.hold) else { return };
    let kind = args.get(1);
    let slot = match kind {
        "nx" => &mut hold.nx,
        "other" => &mut hold.other,
        "refused" => &mut hold.refused,
        "timeout" => &mut hold.timeout,
        "valid" => &mut hold.valid,
        "obsolete" => &mut hold.obsolete,
        _ => {
            let text = format!(
                "'hold' unknown <event>: '{kind}', expects either 'nx', 'timeout', 'valid', 'obsolete' or 'other'."
            );
            cx.wrong(args, 1, text);
            return;
        }
    };
    let Some(time) = delay(cx, args, 2, kind, "hold") else { return };
    *slot = time;
    if let Some(section) = cx.config.resolvers.last_mut() {
        section.hold = hold;
    }
}

/// `timeout resolve|retry TIME`.
pub(crate) fn timeout(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    let kind = args.get(1);
    match kind {
        "" => cx.wrong(args, 0, "'timeout' expects 'retry' or 'resolve' and <time> as arguments."),
        "resolve" | "retry" if !args.has(2) => {
            cx.wrong(args, 1, format!("'timeout {kind}' expects <time> as argument."));
        }
        "resolve" | "retry" => {
            let Some(time) = delay(cx, args, 2, kind, &format!("timeout {kind}")) else { return };
            let Some(section) = cx.config.resolvers.last_mut() else { return };
            *(if kind == "retry" { &mut section.retry } else { &mut section.interval }) = time;
        }
        _ => {
            let text =
                format!("'timeout' expects 'retry' or 'resolve' and <time> as arguments got '{kind}'.");
            cx.wrong(args, 1, text);
        }
    }
}

/// A time in milliseconds, with HAProxy's errors.
fn delay(cx: &mut Cx<'_>, args: &Args<'_>, index: usize, kind: &str, what: &str) -> Option<Duration> {
    let here = cx.here();
    match value::time(args.get(index), "ms") {
        Ok(time) if time <= LONGEST => Some(time),
        Ok(_) | Err(TimeError::Overflow) => {
            let text = format!(
                "{here}: timer overflow in argument <{kind}> to <{what}>, maximum value is 2147483647 ms (~24.8 days)."
            );
            cx.alert_word(args, index, text);
            None
        }
        Err(TimeError::Unexpected(c)) => {
            cx.alert_word(
                args,
                index,
                format!("{here}: unexpected character '{c}' in argument to <{what}>."),
            );
            None
        }
    }
}
