//! `disable frontend`, `enable frontend`, `shutdown frontend`.

use super::{Call, Change, Command, Outcome};
use crate::listen::Entrance;

pub(super) const DISABLE: Command = Command::admin(
    &["disable", "frontend"],
    "disable frontend <frontend>",
    "temporarily disable specific frontend",
    |call| {
        turn(call, Entrance::Paused, |now| match now {
            Entrance::Open => None,
            Entrance::Paused => Some("All sockets are already disabled."),
            Entrance::Shut => Some("Frontend was previously shut down, cannot disable."),
        })
        .into()
    },
);

pub(super) const ENABLE: Command = Command::admin(
    &["enable", "frontend"],
    "enable frontend <frontend>",
    "re-enable specific frontend",
    |call| {
        turn(call, Entrance::Open, |now| match now {
            Entrance::Open => Some("All sockets are already enabled."),
            Entrance::Paused => None,
            Entrance::Shut => Some("Frontend was previously shut down, cannot enable."),
        })
        .into()
    },
);

pub(super) const SHUTDOWN: Command = Command::admin(
    &["shutdown", "frontend"],
    "shutdown frontend <frontend>",
    "stop a specific frontend",
    |call| {
        turn(call, Entrance::Shut, |now| (now == Entrance::Shut).then_some("Frontend was already shut down."))
            .into()
    },
);

fn turn(
    call: &Call<'_>,
    entrance: Entrance,
    forbidden: fn(Entrance) -> Option<&'static str>,
) -> Result<Outcome, String> {
    let name = call.arg(0);
    if name.is_empty() {
        return Err("A frontend name is expected.".into());
    }
    let found = call.plan.frontends.iter().find(|frontend| frontend.name == name);
    let now = found.ok_or("No such frontend.")?.gate.get();
    match forbidden(now) {
        // Tools say the same to each node of a cluster.
        Some(reason) if !call.shared || now == Entrance::Shut => Err(reason.into()),
        _ => Ok(Outcome::Change(Change::Frontend { frontend: name.to_owned(), entrance })),
    }
}
