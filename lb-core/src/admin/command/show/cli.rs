//! `show cli level`, `show cli sockets`.

use super::{Call, Command, Level, Outcome};

pub(in super::super) const LEVEL: Command = Command {
    words: &["show", "cli", "level"],
    usage: "show cli level",
    doc: "display the level of the current CLI session",
    level: Level::User,
    run: level,
};

pub(in super::super) const SOCKETS: Command = Command {
    words: &["show", "cli", "sockets"],
    usage: "show cli sockets",
    doc: "dump list of cli sockets",
    level: Level::Operator,
    run: sockets,
};

fn level(call: &Call<'_>) -> Outcome {
    let name = match call.level {
        Level::User => "user",
        Level::Operator => "operator",
        Level::Admin => "admin",
    };
    Outcome::Info(name.into())
}

fn sockets(call: &Call<'_>) -> Outcome {
    let mut out = String::from("# socket lvl processes\n");
    for (address, level) in &call.context.process.sockets {
        out.push_str(&format!("{address} {level} all\n"));
    }
    Outcome::Dump(out)
}
