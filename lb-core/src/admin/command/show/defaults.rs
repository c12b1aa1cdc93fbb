//! `show defaults`.

use super::{Call, Command, Level, Outcome};

pub(in super::super) const DEFAULTS: Command = Command {
    words: &["show", "defaults"],
    usage: "show defaults",
    doc: "list all proxies defaults sections",
    level: Level::User,
    run: defaults,
};

/// Those that have a name: no backend can be made of another.
fn defaults(call: &Call<'_>) -> Outcome {
    let names = call.plan.config.defaults.iter().map(|known| format!("{}\n", known.name));
    Outcome::Dump(format!("# name\n{}", names.collect::<String>()))
}
