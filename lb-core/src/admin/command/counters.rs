//! `clear counters`.

use super::server::named;
use super::{Call, Change, Command, Level, Outcome};

pub(super) const CLEAR: Command = Command {
    words: &["clear", "counters"],
    usage: "clear counters [all|server <bk>/<srv>]",
    doc: "clear max statistics counters (or all, or one server's)",
    level: Level::Operator,
    run: |call| clear(call).into(),
};

fn clear(call: &Call<'_>) -> Result<Outcome, String> {
    let word = call.arg(0);
    if matches!(word, "all" | "server") && call.level < Level::Admin {
        return Err("Permission denied".into());
    }
    if word == "server" {
        // Its names stand behind the word.
        let args = call.args.get(1..).unwrap_or_default();
        let (backend, server, _) = named(&Call { args, ..*call })?;
        return Ok(Outcome::Change(Change::ClearServer { backend, server }));
    }
    Ok(Outcome::Change(Change::ClearCounters { all: word == "all" }))
}
