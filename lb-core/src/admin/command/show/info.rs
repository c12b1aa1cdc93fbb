//! `show info`, `show version`, `show startup-logs`.

use super::{Call, Command, Level, Outcome};
use crate::stats::{Style, print_info};

pub(in super::super) const INFO: Command = Command {
    words: &["show", "info"],
    usage: "show info [desc|json|typed|float]*",
    doc: "report information about the running process",
    level: Level::User,
    run: info,
};

pub(in super::super) const STARTUP_LOGS: Command = Command {
    words: &["show", "startup-logs"],
    usage: "show startup-logs",
    doc: "report logs emitted during HAProxy startup",
    level: Level::User,
    run: |call| Outcome::Info(call.context.process.startup_logs.clone()),
};

pub(in super::super) const VERSION: Command = Command {
    words: &["show", "version"],
    usage: "show version",
    doc: "show version of the current process",
    level: Level::User,
    run: |call| Outcome::Info(call.context.process.version.clone()),
};

fn info(call: &Call<'_>) -> Outcome {
    let has = |word: &str| call.args.iter().any(|arg| arg == word);
    let style = Style {
        typed: has("typed"),
        json: has("json"),
        desc: has("desc"),
        float: has("float"),
        private: true,
    };
    Outcome::Dump(print_info(call.plan, &call.context.process, style))
}
