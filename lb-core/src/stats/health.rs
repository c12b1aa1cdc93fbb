//! Checks and their results, as statistics show them.

use super::value::Value;
use crate::check::{Last, Probe};
use crate::server::{Operational, Server, admin};
use std::sync::atomic::Ordering::Relaxed;

/// What of a server's state its checks say: `UP`, `DOWN 1/2`, `no check`.
pub(crate) fn of(server: &Server) -> String {
    let tracked = server.tracked();
    let followed = tracked.as_deref().unwrap_or(server);
    let enabled = |probe: &Probe| probe.enabled.load(Relaxed);
    let last = |probe: &Option<Box<Probe>>| probe.as_deref().filter(|probe| enabled(probe)).map(Probe::last);
    let (check, agent) = (last(&followed.check), last(&followed.agent));
    let counted = |word: &str, last: Option<&Last>| match last.map(|last| last.health) {
        Some(health) if followed.state() != Operational::Stopped => {
            format!("{word} {}/{}", i64::from(health.value()) - i64::from(health.rise()) + 1, health.fall())
        }
        Some(health) => format!("{word} {}/{}", health.value(), health.rise()),
        None => word.to_owned(),
    };
    let changing = check.as_ref().is_some_and(|last| !last.health.is_full());
    match server.state() {
        Operational::Starting | Operational::Running => {
            let drain = server.admin.load(Relaxed) & admin::DRAIN != 0;
            match (drain, changing) {
                (true, _) if agent.is_some() => "DRAIN (agent)".into(),
                (true, true) => counted("DRAIN", check.as_ref()),
                (true, false) => "DRAIN".into(),
                (false, true) => counted("UP", check.as_ref()),
                (false, false) if check.is_none() => "no check".into(),
                (false, false) => "UP".into(),
            }
        }
        Operational::Stopping if changing => counted("NOLB", check.as_ref()),
        Operational::Stopping => "NOLB".into(),
        Operational::Stopped => match (&agent, &check) {
            (Some(agent), _) if agent.health.value() == 0 => "DOWN (agent)".into(),
            (_, Some(check)) if check.health.value() == 0 => "DOWN".into(),
            (None, None) => "DOWN".into(),
            _ => counted("DOWN", check.as_ref().or(agent.as_ref())),
        },
    }
}

/// A value of checks that are enabled.
pub(super) fn enabled(probe: Option<&Probe>, value: impl Fn(&Probe) -> Value) -> Value {
    probe.filter(|probe| probe.enabled.load(Relaxed)).map_or(Value::None, value)
}

/// A value of checks that are enabled and not paused.
pub(super) fn active(probe: Option<&Probe>, value: impl Fn(&Probe, &Last) -> Value) -> Value {
    probe.filter(|probe| probe.is_active()).map_or(Value::None, |probe| value(probe, &probe.last()))
}

/// The short name of the last result, after a star while a check is being made.
pub(super) fn result(probe: Option<&Probe>) -> Value {
    active(probe, |probe, last| {
        let star = if probe.running.load(Relaxed) { "* " } else { "" };
        Value::Str(format!("{star}{}", last.report.status.code()).into())
    })
}

/// The protocol's code of the last result.
pub(super) fn code(probe: Option<&Probe>) -> Value {
    active(probe, |_, last| {
        if last.report.status.has_code() { Value::U32(last.report.code.cast_unsigned()) } else { Value::None }
    })
}

/// How long the last check took; what was not measured shows as HAProxy's -1 does.
pub(super) fn duration(last: &Last) -> Value {
    match last.report.duration {
        Some(duration) => Value::U64(duration),
        None if last.report.status.is_result() => Value::U64(u64::MAX),
        None => Value::U64(0),
    }
}

/// The text of the last result.
pub(super) fn info(last: &Last) -> Value {
    Value::Str(String::from_utf8_lossy(&last.report.info).into_owned().into())
}
