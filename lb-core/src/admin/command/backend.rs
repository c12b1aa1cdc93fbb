//! `add backend`, `del backend`.

use super::{Call, Change, Command, Outcome};
use crate::admin::change::backend;

pub(super) const ADD: Command = Command::admin(
    &["add", "backend"],
    "add backend <backend> from <defaults> [mode <mode>] [guid <guid>]",
    "add a new backend",
    |call| add(call).into(),
);

pub(super) const DELETE: Command =
    Command::admin(&["del", "backend"], "del backend <backend>", "delete a backend", |call| {
        delete(call).into()
    });

const USAGE: &str = "Usage: add backend <name> from <defproxy>.";

fn add(call: &Call<'_>) -> Result<Outcome, String> {
    let words: Vec<&str> = call.args.iter().map(String::as_str).collect();
    let [name, "from", defaults, ref options @ ..] = words[..] else { return Err(USAGE.into()) };
    let (mut http, mut guid) = (None, None);
    for option in options.chunks(2) {
        match option {
            ["mode", "http"] => http = Some(true),
            ["mode", "tcp"] => http = Some(false),
            ["mode", mode] => {
                return Err(format!("Only backends of mode 'http' and 'tcp' can be added, not '{mode}'."));
            }
            ["guid", one] => guid = Some((*one).to_owned()),
            _ => return Err(USAGE.into()),
        }
    }
    let change = Change::AddBackend { backend: name.to_owned(), defaults: defaults.to_owned(), http, guid };
    Ok(Outcome::Said(change, "New backend registered.".into()))
}

fn delete(call: &Call<'_>) -> Result<Outcome, String> {
    let backend = backend(call.plan, call.arg(0))?.name.clone();
    Ok(Outcome::Said(Change::DeleteBackend { backend }, "Backend deleted.".into()))
}
