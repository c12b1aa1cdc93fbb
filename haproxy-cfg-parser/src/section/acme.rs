//! `acme` sections (manual 3.13).

use super::modifier::Modifier;
use super::other::expects;
use crate::model::Acme;
use crate::parse::{Args, Cx};
use crate::{Diagnostic, Severity};

const CHALLENGES: [&str; 3] = ["dns-01", "dns-persist-01", "http-01"];
const KEYTYPES: [&str; 2] = ["ECDSA", "RSA"];

pub(crate) fn open(cx: &mut Cx<'_>, name: &str) {
    let place = cx.place.clone();
    cx.config.acmes.push(Acme { name: name.to_owned(), place, ..Acme::default() });
}

fn change(cx: &mut Cx<'_>, with: impl FnOnce(&mut Acme)) {
    if let Some(acme) = cx.config.acmes.last_mut() {
        with(acme);
    }
}

/// Reads the line's only argument.
fn word<'a>(cx: &mut Cx<'_>, args: &Args<'a>) -> Option<&'a str> {
    let name = args.get(0);
    let good = expects(cx, args, &format!("'{name}' expects an argument.")) && !cx.too_many(args, 1);
    good.then(|| args.get(1))
}

/// `directory`, `contact`, `account-key`, `curves`.
pub(crate) fn text(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    let Some(text) = word(cx, args).map(str::to_owned) else { return };
    change(cx, |acme| match args.get(0) {
        "directory" => acme.directory = Some(text),
        "contact" => acme.contact = Some(text),
        "account-key" => acme.account_key = Some(text),
        _ => acme.curves = Some(text),
    });
}

/// What is passed on as it stands.
pub(crate) fn passed(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    let section = crate::tables::keywords::other::section("acme");
    let row = section.and_then(|section| section.keywords.iter().find(|row| row.name == args.get(0)));
    if let (Some(text), Some(row)) = (word(cx, args).map(str::to_owned), row) {
        change(cx, |acme| acme.texts.push((row.name, text)));
    }
}

/// `challenge KIND`, `keytype KIND`.
pub(crate) fn kind(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    let (name, known) = match args.get(0) {
        "challenge" => ("challenge", &CHALLENGES[..]),
        _ => ("keytype", &KEYTYPES[..]),
    };
    let Some(text) = word(cx, args) else { return };
    match known.iter().find(|kind| kind.eq_ignore_ascii_case(text)) {
        None => cx.wrong(args, 1, format!("'{name}' expects one of {}; not '{text}'.", known.join(", "))),
        found => change(cx, |acme| match name {
            "challenge" => acme.challenge = found.copied(),
            _ => acme.keytype = found.copied(),
        }),
    }
}

/// `bits COUNT`.
pub(crate) fn bits(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    let Some(text) = word(cx, args) else { return };
    match text.parse::<u32>() {
        Ok(bits) if bits >= 1024 => change(cx, |acme| acme.bits = Some(bits)),
        _ => cx.wrong(args, 1, format!("'bits' expects a number of bits of at least 1024; not '{text}'.")),
    }
}

/// `reuse-key on|off`.
pub(crate) fn reuse_key(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    match word(cx, args) {
        Some(text @ ("on" | "off")) => change(cx, |acme| acme.reuse_key = Some(text == "on")),
        Some(text) => cx.wrong(args, 1, format!("'reuse-key' expects 'on' or 'off'; not '{text}'.")),
        None => {}
    }
}

/// `dns-delay TIME`, `dns-timeout TIME`.
pub(crate) fn time(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    let name = args.get(0);
    if word(cx, args).is_none() {
        return;
    }
    let Some(time) = cx.time(args, 1, "s", &format!("<{name}>")) else { return };
    change(cx, |acme| match name {
        "dns-delay" => acme.dns_delay = Some(time),
        _ => acme.dns_timeout = Some(time),
    });
}

/// A section must say which server it asks.
pub(crate) fn check(cx: &Cx<'_>) -> Vec<Diagnostic> {
    let silent = cx.config.acmes.iter();
    let silent = silent.filter(|acme| acme.directory.is_none() && !cx.broken.contains(&acme.place));
    let finding = |acme: &Acme| Diagnostic {
        severity: Severity::Alert,
        place: Some(acme.place.clone()),
        span: None,
        message: format!("acme: No 'directory' keyword in section '{}'.", acme.name),
        help: Some("add `directory URL`".to_owned()),
    };
    silent.map(finding).collect()
}
