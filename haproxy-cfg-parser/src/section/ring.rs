//! `ring` sections (manual 3.9).

use super::modifier::Modifier;
use super::other::expects;
use super::{log, server};
use crate::model::{Ring, ServerLine};
use crate::parse::{Args, Cx};
use crate::value::{self, TimeError};
use crate::{Diagnostic, Severity};
use std::time::Duration;

/// Size of a ring that says nothing: that of a buffer.
const SIZE: u64 = 16_384;

pub(crate) fn open(cx: &mut Cx<'_>, name: &str) {
    let place = cx.place.clone();
    cx.config.rings.push(Ring { name: name.to_owned(), place, ..Ring::default() });
}

fn change(cx: &mut Cx<'_>, with: impl FnOnce(&mut Ring)) {
    if let Some(ring) = cx.config.rings.last_mut() {
        with(ring);
    }
}

/// `size BYTES`: it only grows.
pub(crate) fn size(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    let Some(size) = bytes(cx, args) else { return };
    let Some(ring) = cx.config.rings.last_mut() else { return };
    let current = ring.size.unwrap_or(SIZE);
    if size >= current {
        ring.size = Some(size);
        return;
    }
    let name = ring.name.clone();
    let text = format!(
        "ignoring new size '{size}' that is smaller than current size '{current}' for ring '{name}'."
    );
    cx.warn(args, 1, text);
}

/// `maxlen BYTES`.
pub(crate) fn maxlen(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    if let Some(length) = bytes(cx, args) {
        change(cx, |ring| ring.maxlen = Some(length));
    }
}

fn bytes(cx: &mut Cx<'_>, args: &Args<'_>) -> Option<u64> {
    let size = value::size(args.get(1)).ok().filter(|size| *size > 0);
    if size.is_none() {
        cx.wrong(args, 1, format!("invalid size '{}' for new sink buffer.", args.get(1)));
    }
    size
}

/// `format NAME`.
pub(crate) fn format(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    match log::framing(args.get(1)) {
        Some(format) => change(cx, |ring| ring.format = Some(format)),
        None => cx.wrong(args, 1, format!("unknown format '{}'.", args.get(1))),
    }
}

/// `description TEXT`.
pub(crate) fn description(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    if expects(cx, args, "missing ring description text.") {
        let text = args.rest(1).join(" ");
        change(cx, |ring| ring.description = Some(text));
    }
}

/// `backing-file FILE`.
pub(crate) fn backing_file(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    if expects(cx, args, "'backing-file' expects a file name as argument.") {
        let file = args.get(1).to_owned();
        change(cx, |ring| ring.backing_file = Some(file));
    }
}

/// `timeout connect|server TIME`.
pub(crate) fn timeout(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    let (name, text) = (args.get(1), args.get(2));
    // HAProxy passes over others.
    if !matches!(name, "connect" | "server") {
        return;
    }
    if text.is_empty() {
        cx.wrong(args, 1, format!("'timeout {name}' expects <time> as argument."));
        return;
    }
    let here = cx.here();
    let most = Duration::from_millis(i32::MAX as u64);
    match value::time(text, "ms") {
        Err(TimeError::Unexpected(c)) => {
            let text = format!("{here}: unexpected character '{c}' in argument to <timeout {name}>.");
            cx.alert_word(args, 2, text);
        }
        Ok(time) if time <= most => change(cx, |ring| match name {
            "connect" => ring.connect = Some(time),
            _ => ring.server = Some(time),
        }),
        Ok(_) | Err(TimeError::Overflow) => {
            let text = format!(
                "{here}: timer overflow in argument <{text}> to <timeout {name}>, maximum value is 2147483647 ms (~24.8 days)."
            );
            cx.alert_word(args, 2, text);
        }
    }
}

/// `server NAME ADDRESS OPTIONS`.
pub(crate) fn server(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    let name = args.get(1);
    if args.get(2).is_empty() {
        let place = cx.place.to_string();
        let text = format!("[{place}] : 'server' expects <name> and <addr>[:<port>] as arguments.");
        cx.alert_word(args, 0, text);
        return;
    }
    let Some(ring) = cx.config.rings.last() else { return };
    let owner = ring.name.clone();
    if let Some(first) = cx.named_before("server of a ring", &format!("{owner}/{name}")) {
        let text = format!(
            "backend '{owner}', another server named '{name}' was already defined at line {}, please use distinct names.",
            first.line
        );
        cx.wrong(args, 1, text);
        return;
    }
    let template = ServerLine::blank(cx.place.clone());
    if let Some(server) = server::at_once(cx, args, &owner, &template) {
        change(cx, |ring| ring.servers.push(server));
    }
}

/// Lines that do not fit, and servers without timeouts.
pub(crate) fn check(cx: &Cx<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for ring in cx.config.rings.iter().filter(|ring| !cx.broken.contains(&ring.place)) {
        let mut warn = |message, help: &str| {
            let place = Some(ring.place.clone());
            let help = Some(help.to_owned());
            findings.push(Diagnostic { severity: Severity::Warning, place, span: None, message, help });
        };
        if !ring.servers.is_empty() && (ring.connect.is_none() || ring.server.is_none()) {
            let text = super::proxy::timeout::missing("backend", &ring.name);
            warn(text, "add `timeout connect` and `timeout server`");
        }
        let size = ring.size.unwrap_or(SIZE);
        if let Some(length) = ring.maxlen.filter(|length| *length > size) {
            let name = &ring.name;
            let text =
                format!("ring '{name}' event max length '{length}' exceeds size, forced to size '{size}'.");
            warn(text, "raise `size` before `maxlen`");
        }
    }
    findings
}
