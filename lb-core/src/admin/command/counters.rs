//! `clear counters`.

use super::{Call, Change, Command, Level, Outcome};

pub(super) const CLEAR: Command = Command {
    words: &["clear", "counters"],
    usage: "clear counters [all]",
    doc: "clear max statistics counters (or all counters)",
    level: Level::Operator,
    run: clear,
};

fn clear(call: &Call<'_>) -> Outcome {
    let all = call.arg(0) == "all";
    if all && call.level < Level::Admin {
        return Outcome::Error("Permission denied".into());
    }
    Outcome::Change(Change::ClearCounters { all })
}
