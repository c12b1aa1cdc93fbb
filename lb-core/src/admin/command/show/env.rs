//! `show env`.

use super::{Call, Command, Level, Outcome};

pub(in super::super) const ENV: Command = Command {
    words: &["show", "env"],
    usage: "show env [var]",
    doc: "dump environment variables known to the process",
    level: Level::Operator,
    run: env,
};

fn env(call: &Call<'_>) -> Outcome {
    let wanted = call.arg(0);
    let lines: Vec<_> = call
        .context
        .process
        .environment
        .iter()
        .filter(|(name, _)| wanted.is_empty() || name == wanted)
        .map(|(name, value)| format!("{name}={value}\n"))
        .collect();
    if lines.is_empty() && !wanted.is_empty() {
        return Outcome::Error("Variable not found".into());
    }
    Outcome::Dump(lines.concat())
}
