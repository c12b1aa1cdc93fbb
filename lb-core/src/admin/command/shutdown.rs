//! `shutdown session`, `shutdown sessions server`. They end what this node carries, which is no change of its state.

use super::server::named;
use super::show::sess::id;
use super::{Call, Command, Outcome};
use crate::roll;

pub(super) const SESSION: Command =
    Command::admin(&["shutdown", "session"], "shutdown session [id]", "kill a specific session", |call| {
        session(call).into()
    });

pub(super) const SERVER: Command = Command::admin(
    &["shutdown", "sessions", "server"],
    "shutdown sessions server <bk>/<srv>",
    "kill sessions on a server",
    |call| server(call).into(),
);

fn session(call: &Call<'_>) -> Result<Outcome, String> {
    let id = id(call.arg(0)).ok_or("Session pointer expected (use 'show sess').")?;
    let asked = call.context.errands.ask(move || roll::cut(|row| row.id == id));
    Ok(Outcome::Later(Box::pin(async move {
        match asked.await.into_iter().flatten().sum() {
            0 => Err("No such session (use 'show sess').".into()),
            _ => Ok(String::new()),
        }
    })))
}

fn server(call: &Call<'_>) -> Result<Outcome, String> {
    let (_, _, server) = named(call)?;
    let ended = call.context.end_sessions(&[server]);
    Ok(Outcome::Later(Box::pin(async move {
        ended.await;
        Ok(String::new())
    })))
}
