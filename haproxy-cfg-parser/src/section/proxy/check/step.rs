//! `connect`, `send`, `comment` and variables of scripted checks.

use super::{SITE, format};
use crate::expr;
use crate::model::{Action, Address, CheckAction, CheckConnect, CheckStep};
use crate::parse::{Args, Cx};
use crate::rule::{self, Reader};
use crate::value;

/// The word after the one at `at`, or the error that names it.
pub(super) fn value<'a>(args: &Args<'a>, at: usize, what: &str) -> Result<&'a str, String> {
    match args.get(at + 1) {
        "" => Err(format!("'{}' expects {what} as argument", args.get(at))),
        word => Ok(word),
    }
}

pub(super) fn comment(cx: &Cx<'_>, args: &Args<'_>) -> Result<CheckStep, String> {
    match args.get(2) {
        "" => Err("expects a string as argument".into()),
        text => Ok(CheckStep {
            action: CheckAction::Comment(text.into()),
            comment: None,
            place: cx.place.clone(),
        }),
    }
}

pub(super) fn connect(cx: &mut Cx<'_>, args: &Args<'_>, before: &[CheckStep]) -> Result<CheckStep, String> {
    let first =
        before.iter().find(|step| !matches!(step.action, CheckAction::Comment(_) | CheckAction::Variable(_)));
    if first.is_some_and(|step| !matches!(step.action, CheckAction::Connect(_))) {
        return Err("first step MUST also be a 'connect', optionally preceded by a 'set-var', an 'unset-var' or a 'comment', when there is a 'connect' step in the tcp-check ruleset".into());
    }
    let mut connect = CheckConnect::default();
    let mut comment = None;
    let mut at = 2;
    while args.has(at) && !args.get(at).is_empty() {
        let word = args.get(at);
        match word {
            "default" => connect.default = true,
            "send-proxy" => connect.send_proxy = true,
            "via-socks4" => connect.via_socks4 = true,
            "linger" => connect.linger = true,
            "ssl" => connect.ssl = true,
            "addr" => {
                connect.address = Some(
                    address(cx, value(args, at, "<ipv4|ipv6>")?)
                        .map_err(|error| format!("'{word}' : {error}"))?,
                )
            }
            "port" => port(cx, value(args, at, "a port number or a sample expression")?, &mut connect)?,
            "proto" => connect.proto = Some(value(args, at, "a MUX protocol")?.into()),
            "sni" => connect.sni = Some(value(args, at, "a string")?.into()),
            "alpn" => connect.alpn = Some(value(args, at, "a string")?.into()),
            "comment" => comment = Some(value(args, at, "a string")?.to_owned()),
            _ => {
                return Err(format!(
                    "expects 'comment', 'port', 'addr', 'send-proxy', 'ssl', 'sni', 'alpn' or 'via-socks4', 'linger', 'default' but got '{word}' as argument."
                ));
            }
        }
        let lone = matches!(word, "default" | "send-proxy" | "via-socks4" | "linger" | "ssl");
        at += if lone { 1 } else { 2 };
    }
    Ok(CheckStep { action: CheckAction::Connect(Box::new(connect)), comment, place: cx.place.clone() })
}

/// An address that checks may go to.
pub(crate) fn address(cx: &Cx<'_>, text: &str) -> Result<Address, String> {
    value::address(text, &cx.env).map_err(|error| error.to_string())
}

fn port(cx: &mut Cx<'_>, text: &str, connect: &mut CheckConnect) -> Result<(), String> {
    if let Ok(number) = text.parse::<u64>() {
        connect.port = u16::try_from(number).ok().filter(|port| *port > 0);
        connect.port_expr = None;
        return match connect.port {
            Some(_) => Ok(()),
            None => Err(format!(
                "expects a valid TCP port (from range 1 to 65535) or a sample expression, got {text}."
            )),
        };
    }
    connect.port = None;
    connect.port_expr = Some(super::sample(cx, text, "port expression")?);
    Ok(())
}

pub(super) fn send(cx: &mut Cx<'_>, args: &Args<'_>) -> Result<CheckStep, String> {
    let word = args.get(1);
    let binary = word.starts_with("send-binary");
    let data = value(args, 1, if word == "send-binary" { "a binary string" } else { "a string" })?;
    let mut comment = None;
    let mut at = 3;
    while args.has(at) && !args.get(at).is_empty() {
        if args.get(at) != "comment" {
            return Err(format!("expects 'comment' but got '{}' as argument.", args.get(at)));
        }
        comment = Some(value(args, at, "a string")?.to_owned());
        at += 2;
    }
    let action = match (word.ends_with("-lf"), binary) {
        (false, false) => CheckAction::Send(crate::raw::bytes(data).into_owned()),
        (false, true) => CheckAction::Send(
            hex(data).map_err(|error| format!("'{data}' invalid binary string ({error}).\n"))?,
        ),
        (true, _) => CheckAction::SendFormat(format(cx, data)?, binary),
    };
    Ok(CheckStep { action, comment, place: cx.place.clone() })
}

/// Bytes from hexadecimal digits.
pub(super) fn hex(text: &str) -> Result<Vec<u8>, &'static str> {
    if !text.len().is_multiple_of(2) {
        return Err("an even number of hex digit is expected");
    }
    let digit = |byte: u8| (byte as char).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    text.as_bytes()
        .chunks(2)
        .map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?))
        .collect::<Option<_>>()
        .ok_or("an hex digit is expected")
}

/// `set-var(NAME) EXPR`, `set-var-fmt(NAME) FORMAT`, `unset-var(NAME)`.
pub(super) fn variable(cx: &mut Cx<'_>, args: &Args<'_>, name: &'static str) -> Result<CheckStep, String> {
    let word = args.get(1);
    let paren = word.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    let mut reader = Reader::new(cx, *args, 2, expr::Site::new(SITE), paren, word);
    let parsed = match name {
        "set-var" => rule::set_var(&mut reader),
        "set-var-fmt" => rule::set_var_fmt(&mut reader),
        _ => rule::unset_var(&mut reader),
    }?;
    let next = reader.position();
    if args.has(next) {
        return Err(format!("unexpected argument '{}'", args.get(next)));
    }
    let action = CheckAction::Variable(Action { name, args: parsed });
    Ok(CheckStep { action, comment: None, place: cx.place.clone() })
}
