//! Commands about one server: weight, state, maxconn.

use super::super::change::{ServerState, find};
use super::{Call, Change, Command, Level, Outcome, target};
use crate::server::{Operational, Server, ServerAddress};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub(super) const DISABLE: Command = Command {
    words: &["disable", "server"],
    usage: "disable server (DEPRECATED)",
    doc: "disable a server for maintenance (use 'set server' instead)",
    level: Level::Admin,
    run: |call| state(call, ServerState::Disabled).into(),
};

pub(super) const ENABLE: Command = Command {
    words: &["enable", "server"],
    usage: "enable server  (DEPRECATED)",
    doc: "enable a disabled server (use 'set server' instead)",
    level: Level::Admin,
    run: |call| state(call, ServerState::Enabled).into(),
};

pub(super) const GET_WEIGHT: Command = Command {
    words: &["get", "weight"],
    usage: "get weight <bk>/<srv>",
    doc: "report a server's current weight",
    level: Level::User,
    run: |call| get_weight(call).into(),
};

pub(super) const SET_MAXCONN: Command = Command {
    words: &["set", "maxconn", "server"],
    usage: "set maxconn server <bk>/<srv>",
    doc: "change a server's maxconn setting",
    level: Level::Admin,
    run: |call| set_maxconn(call).into(),
};

pub(super) const SET_WEIGHT: Command = Command {
    words: &["set", "weight"],
    usage: "set weight <bk>/<srv>  (DEPRECATED)",
    doc: "change a server's weight (use 'set server' instead)",
    level: Level::Admin,
    run: |call| set_weight(call, call.arg(1)).into(),
};

pub(super) const SET: Command = Command {
    words: &["set", "server"],
    usage: "set server <bk>/<srv> [opts]",
    doc: "change a server's state, weight, address, name or ssl",
    level: Level::Admin,
    run: |call| set(call).into(),
};

/// The server that the first argument names, and its names.
pub(super) fn named(call: &Call<'_>) -> Result<(String, String, Arc<Server>), String> {
    let (backend, server) = call.arg(0).split_once('/').ok_or("Require 'backend/server'.")?;
    let found = find(call.plan, backend, server)?;
    Ok((backend.to_owned(), server.to_owned(), found))
}

fn state(call: &Call<'_>, state: ServerState) -> Result<Outcome, String> {
    let (backend, server, _) = named(call)?;
    Ok(Outcome::Change(Change::State { backend, server, state }))
}

fn get_weight(call: &Call<'_>) -> Result<Outcome, String> {
    let (_, _, server) = named(call)?;
    let weight = server.weight.load(Ordering::Relaxed);
    Ok(Outcome::Info(format!("{weight} (initial {})", server.config.weight)))
}

fn set_weight(call: &Call<'_>, word: &str) -> Result<Outcome, String> {
    let (backend, server, found) = named(call)?;
    if word.is_empty() {
        return Err("Require <weight> or <weight%>.".into());
    }
    let (number, relative) = word.strip_suffix('%').map_or((word, false), |number| (number, true));
    let number: i64 =
        number.parse().map_err(|_| "Empty weight string empty or preceded by garbage".to_owned())?;
    let dynamic = call.plan.backends.find(&backend).is_none_or(|backend| backend.balance.is_dynamic());
    let initial = i64::from(found.config.weight);
    let weight = if relative {
        if number < 0 {
            return Err("Relative weight must be positive.".into());
        }
        (initial * number.min(25_600) / 100).min(256)
    } else if (0..=256).contains(&number) {
        number
    } else {
        return Err("Absolute weight can only be between 0 and 256 inclusive.".into());
    };
    if !dynamic && weight != 0 && weight != initial {
        let text = "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.";
        return Err(text.into());
    }
    let weight = u32::try_from(weight).unwrap_or_default();
    Ok(Outcome::Change(Change::Weight { backend, server, weight }))
}

fn set_maxconn(call: &Call<'_>) -> Result<Outcome, String> {
    let (backend, server, _) = named(call)?;
    if call.arg(1).is_empty() {
        return Err("Require <maxconn>.".into());
    }
    let maxconn =
        call.arg(1).parse().map_err(|_| "maxconn string empty or preceded by garbage".to_owned())?;
    Ok(Outcome::Change(Change::ServerMaxconn { backend, server, maxconn }))
}

fn set(call: &Call<'_>) -> Result<Outcome, String> {
    let (backend, server, found) = named(call)?;
    match call.arg(1) {
        "weight" => set_weight(call, call.arg(2)),
        "state" => {
            let state = match call.arg(2) {
                "ready" => ServerState::Ready,
                "drain" => ServerState::Drain,
                "maint" => ServerState::Maint,
                _ => return Err("'set server <srv> state' expects 'ready', 'drain' and 'maint'.".into()),
            };
            Ok(Outcome::Change(Change::State { backend, server, state }))
        }
        "addr" => set_addr(call, backend, server, &found),
        "fqdn" => {
            let name = call.arg(2);
            if name.is_empty() {
                return Err("set server <b>/<s> fqdn requires a FQDN.".into());
            }
            if found.config.resolve.resolvers.is_none() || found.hostname().is_none() {
                return Err("set server <b>/<s> fqdn failed because no resolution is configured.".into());
            }
            Ok(Outcome::Change(Change::Fqdn { backend, server, name: name.to_owned() }))
        }
        "ssl" => {
            Err("'set server <srv> ssl' cannot be set.  default-server should define ssl settings".into())
        }
        "health" => {
            let state = match call.arg(2) {
                "up" => Operational::Running,
                "stopping" => Operational::Stopping,
                "down" => Operational::Stopped,
                _ => return Err("'set server <srv> health' expects 'up', 'stopping', or 'down'.".into()),
            };
            Ok(Outcome::Change(Change::Health { backend, server, health: state as u8 }))
        }
        "agent" | "agent-addr" | "agent-port" | "agent-send" | "check-addr" | "check-port" => {
            target::set(call, backend, server, &found)
        }
        _ => Err(
            "usage: set server <backend>/<server> addr | agent | agent-addr | agent-port | agent-send | check-addr | check-port | fqdn | health | ssl | state | weight".into(),
        ),
    }
}

/// `addr IP [port PORT]`, with what HAProxy says about each of the two.
fn set_addr(call: &Call<'_>, backend: String, server: String, found: &Server) -> Result<Outcome, String> {
    const BY: &str = "by 'stats socket command'";
    let text = call.arg(2);
    if text.is_empty() {
        return Err("set server <b>/<s> addr requires an address and optionally a port.".into());
    }
    let ip: IpAddr = text.parse().map_err(|_| format!("Invalid addr '{text}' {BY}"))?;
    let before = found.address();
    if matches!(before, ServerAddress::Unix(_) | ServerAddress::Abstract(_)) {
        return Err(format!(
            "Update for the current server address family is only supported through configuration file {BY}"
        ));
    }
    let mut said = match before.ip() {
        Some(old) if old == ip => "no need to change the addr".to_owned(),
        Some(old) => format!("IP changed from '{old}' to '{ip}'"),
        None => format!("IP changed from '(none)' to '{ip}'"),
    };
    let mut port = None;
    if call.arg(3) == "port" {
        let text = call.arg(4);
        let Ok(number) = text.parse::<i64>() else {
            return Err(format!("{said}, problem converting port '{text}' to an int {BY}"));
        };
        if text.starts_with(['+', '-']) && found.config.check.port.is_none() {
            let why = "can't change <port> to port map because it is incompatible with current health check port configuration (use 'port' statement from the 'server' directive.";
            let text = format!("{said}, {why} {BY}");
            return Ok(Outcome::Said(Change::Address { backend, server, ip: Some(ip), port }, text));
        }
        if text.starts_with(['+', '-']) {
            return Err(format!(
                "{said}, lb does not take a server's port from the client's connection yet {BY}"
            ));
        }
        let Ok(number) = u16::try_from(number) else {
            return Err(format!("{said}, invalid port '{text}' {BY}"));
        };
        if number == before.port() {
            said.push_str(", no need to change the port");
        } else {
            said.push_str(&format!(", port changed from '{}' to '{number}'", before.port()));
            port = Some(number);
        }
    }
    Ok(Outcome::Said(Change::Address { backend, server, ip: Some(ip), port }, format!("{said} {BY}")))
}
