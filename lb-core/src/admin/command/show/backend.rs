//! `show backend`.

use super::{Call, Command, Level, Outcome};

pub(in super::super) const BACKEND: Command = Command {
    words: &["show", "backend"],
    usage: "show backend",
    doc: "list backends in the current running config",
    level: Level::User,
    run: backend,
};

fn backend(call: &Call<'_>) -> Outcome {
    let mut out = String::from("# name\n");
    for backend in call.plan.backends.load().iter() {
        out.push_str(&backend.name);
        out.push('\n');
    }
    Outcome::Dump(out)
}
