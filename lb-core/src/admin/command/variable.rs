//! `get var`, `set var`.

use super::{Call, Change, Command, Level, Outcome};
use crate::compile;
use crate::sample::{Sample, VarKey};
use std::net::IpAddr;

pub(super) const GET: Command = Command {
    words: &["get", "var"],
    usage: "get var <name>",
    doc: "retrieve contents of a process-wide variable",
    level: Level::User,
    run: get,
};

pub(super) const SET: Command = Command {
    words: &["set", "var"],
    usage: "set var <name> [fmt|expr] {<fmt>|<expr>}",
    doc: "set a process-wide variable from an expression or a format",
    level: Level::Admin,
    run: set,
};

fn set(call: &Call<'_>) -> Outcome {
    match call.args {
        [name, words @ ..] if !name.is_empty() => match compile::evaluate(call.plan, name, words) {
            Ok(Some(value)) => Outcome::Change(Change::Variable { name: name.clone(), value: value.into() }),
            Ok(None) => Outcome::Error("The expression has no value here.".into()),
            Err(text) => Outcome::Error(text),
        },
        _ => Outcome::Error("Missing process-wide variable identifier.".into()),
    }
}

fn get(call: &Call<'_>) -> Outcome {
    let name = call.arg(0);
    if name.is_empty() {
        return Outcome::Error("Missing process-wide variable identifier.".into());
    }
    match VarKey::known(name).and_then(VarKey::process_value) {
        Some(value) => {
            let shown = |byte: u8| if (32..127).contains(&byte) { char::from(byte) } else { '.' };
            let kind = match &value {
                Sample::Bool(_) => "bool",
                Sample::Int(_) => "sint",
                Sample::Ip(IpAddr::V4(_)) => "ipv4",
                Sample::Ip(IpAddr::V6(_)) => "ipv6",
                Sample::Str(_) => "str",
                Sample::Bin(_) => "bin",
                Sample::Method(..) => "meth",
            };
            let text: String = value.into_bytes().iter().map(|byte| shown(*byte)).collect();
            // As in HAProxy, no empty line follows.
            Outcome::Dump(format!("{name}: type={kind} value=<{text}>"))
        }
        None => Outcome::Error("Variable not found.".into()),
    }
}
