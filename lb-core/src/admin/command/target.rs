//! `set server BACKEND/SERVER` `check-addr`, `check-port`, `agent-addr`, `agent-port`, `agent-send`, `agent`.

use super::{Call, Change, Outcome};
use crate::admin::change::Aim;
use crate::server::Server;
use std::net::IpAddr;

/// Checks go elsewhere, or ask something else.
pub(super) fn set(
    call: &Call<'_>,
    backend: String,
    server: String,
    found: &Server,
) -> Result<Outcome, String> {
    let (word, value) = (call.arg(1), call.arg(2));
    let agent = word.starts_with("agent");
    let checked = if agent { found.agent.is_some() } else { found.check.is_some() };
    let kind = if agent { "agent" } else { "health" };
    let unchecked = || format!("{kind} checks are not enabled on this server");
    if value.is_empty() && (word.ends_with("-port") || word.ends_with("-addr")) {
        let what = if word.ends_with("-port") { "a port" } else { "an address and optionally a port" };
        return Err(format!("set server <b>/<s> {word} requires {what}."));
    }
    if !checked {
        let stop = if word == "agent" || word == "agent-send" { "." } else { "" };
        return Err(unchecked() + stop);
    }
    let aim = match word {
        "agent" => match value {
            "up" => return Ok(Outcome::Change(Change::Agent { backend, server, up: true })),
            "down" => return Ok(Outcome::Change(Change::Agent { backend, server, up: false })),
            _ => return Err("'set server <srv> agent' expects 'up' or 'down'.".into()),
        },
        "agent-send" => Aim { send: Some(value.to_owned()), ..Aim::default() },
        "agent-port" | "check-port" => Aim { port: Some(port(value)?), ..Aim::default() },
        _ => {
            let ip: IpAddr = value.parse().map_err(|_| format!("invalid addr '{value}'"))?;
            let port = if call.arg(3) == "port" { Some(port(call.arg(4))?) } else { None };
            Aim { ip: Some(ip), port, ..Aim::default() }
        }
    };
    Ok(Outcome::Change(Change::Aim { backend, server, agent, aim }))
}

fn port(text: &str) -> Result<u16, String> {
    let number: i64 = text.parse().map_err(|_| "provided port is not an integer".to_owned())?;
    u16::try_from(number).map_err(|_| "provided port is invalid".to_owned())
}
