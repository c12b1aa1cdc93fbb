//! `enable health`, `disable agent` and the like.

use super::{Call, Change, Command, Outcome, server};

pub(super) const DISABLE_AGENT: Command =
    Command::admin(&["disable", "agent"], "disable agent", "disable agent checks", |call| {
        turn(call, true, false).into()
    });
pub(super) const DISABLE_HEALTH: Command =
    Command::admin(&["disable", "health"], "disable health", "disable health checks", |call| {
        turn(call, false, false).into()
    });
pub(super) const ENABLE_AGENT: Command =
    Command::admin(&["enable", "agent"], "enable agent", "enable agent checks", |call| {
        turn(call, true, true).into()
    });
pub(super) const ENABLE_HEALTH: Command =
    Command::admin(&["enable", "health"], "enable health", "enable health checks", |call| {
        turn(call, false, true).into()
    });

fn turn(call: &Call<'_>, agent: bool, enabled: bool) -> Result<Outcome, String> {
    let (backend, server, found) = server::named(call)?;
    if enabled && agent && found.agent.is_none() {
        return Err("Agent was not configured on this server, cannot enable.".into());
    }
    if enabled && !agent && found.check.is_none() {
        return Err("Health check was not configured on this server, cannot enable.".into());
    }
    Ok(Outcome::Change(Change::Checks { backend, server, agent, enabled }))
}
