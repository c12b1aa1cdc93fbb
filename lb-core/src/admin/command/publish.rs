//! `publish backend`, `unpublish backend`: whether rules may choose it. Its health checks go on.

use super::{Call, Change, Command, Outcome};
use crate::admin::change::backend;

pub(super) const PUBLISH: Command = Command::admin(
    &["publish", "backend"],
    "publish backend <backend>",
    "mark backend as ready for traffic",
    |call| turn(call, true).into(),
);

pub(super) const UNPUBLISH: Command = Command::admin(
    &["unpublish", "backend"],
    "unpublish backend <backend>",
    "remove backend for traffic processing",
    |call| turn(call, false).into(),
);

fn turn(call: &Call<'_>, published: bool) -> Result<Outcome, String> {
    let found = backend(call.plan, call.arg(0))?;
    let word = if published { "published" } else { "unpublished" };
    if found.is_published() == published && !call.shared {
        return Ok(Outcome::Info(format!("Backend already {word}.")));
    }
    let change = Change::Publish { backend: found.name.clone(), published };
    Ok(Outcome::Said(change, format!("Backend {word}.")))
}
