//! `add server`, `del server`.

use super::{Call, Change, Command, Level, Outcome};
use crate::admin::change::backend;

pub(super) const ADD: Command = Command {
    words: &["add", "server"],
    usage: "add server <bk>/<srv>",
    doc: "create a new server",
    level: Level::Admin,
    run: |call| add(call).into(),
};

pub(super) const DELETE: Command = Command {
    words: &["del", "server"],
    usage: "del server <bk>/<srv>",
    doc: "remove a dynamically added server",
    level: Level::Admin,
    run: |call| delete(call).into(),
};

/// The backend's and the server's name.
fn names(call: &Call<'_>) -> Result<(String, String), String> {
    let (proxy, server) = call.arg(0).split_once('/').ok_or("Require 'backend/server'.")?;
    backend(call.plan, proxy)?;
    Ok((proxy.to_owned(), server.to_owned()))
}

fn add(call: &Call<'_>) -> Result<Outcome, String> {
    let (backend, server) = names(call)?;
    let words = call.args.get(1..).unwrap_or_default().to_vec();
    Ok(Outcome::Said(Change::AddServer { backend, server, words }, "New server registered.".into()))
}

fn delete(call: &Call<'_>) -> Result<Outcome, String> {
    let (backend, server) = names(call)?;
    Ok(Outcome::Said(Change::DeleteServer { backend, server }, "Server deleted.".into()))
}
