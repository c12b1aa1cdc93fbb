//! Commands about one server: weight, state, maxconn.

use super::super::change::{ServerState, find};
use super::{Call, Change, Command, Level, Outcome};
use crate::server::{Operational, Server};
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
    doc: "change a server's state, weight or health",
    level: Level::Admin,
    run: |call| set(call).into(),
};

/// The server that the first argument names, and its names.
fn target<'a>(call: &'a Call<'_>) -> Result<(String, String, &'a Arc<Server>), String> {
    let (backend, server) = call.arg(0).split_once('/').ok_or("Require 'backend/server'.")?;
    let found = find(call.plan, backend, server)?;
    Ok((backend.to_owned(), server.to_owned(), found))
}

fn state(call: &Call<'_>, state: ServerState) -> Result<Outcome, String> {
    let (backend, server, _) = target(call)?;
    Ok(Outcome::Change(Change::State { backend, server, state }))
}

fn get_weight(call: &Call<'_>) -> Result<Outcome, String> {
    let (_, _, server) = target(call)?;
    let weight = server.weight.load(Ordering::Relaxed);
    Ok(Outcome::Info(format!("{weight} (initial {})", server.config.weight)))
}

fn set_weight(call: &Call<'_>, word: &str) -> Result<Outcome, String> {
    let (backend, server, found) = target(call)?;
    if word.is_empty() {
        return Err("Require <weight> or <weight%>.".into());
    }
    let (number, relative) = word.strip_suffix('%').map_or((word, false), |number| (number, true));
    let number: i64 =
        number.parse().map_err(|_| "Empty weight string empty or preceded by garbage".to_owned())?;
    let dynamic = call
        .plan
        .backends
        .iter()
        .find(|known| known.name == backend)
        .is_none_or(|backend| backend.balance.is_dynamic());
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
    let (backend, server, _) = target(call)?;
    if call.arg(1).is_empty() {
        return Err("Require <maxconn>.".into());
    }
    let maxconn =
        call.arg(1).parse().map_err(|_| "maxconn string empty or preceded by garbage".to_owned())?;
    Ok(Outcome::Change(Change::ServerMaxconn { backend, server, maxconn }))
}

fn set(call: &Call<'_>) -> Result<Outcome, String> {
    let (backend, server, _) = target(call)?;
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
        "health" => {
            let state = match call.arg(2) {
                "up" => Operational::Running,
                "stopping" => Operational::Stopping,
                "down" => Operational::Stopped,
                _ => return Err("'set server <srv> health' expects 'up', 'stopping', or 'down'.".into()),
            };
            Ok(Outcome::Change(Change::Health { backend, server, health: state as u8 }))
        }
        _ => Err("usage: set server <backend>/<server> health | state | weight".into()),
    }
}
