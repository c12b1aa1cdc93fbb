//! `set maxconn frontend`, `set maxconn global`.

use super::{Call, Change, Command, Level, Outcome};

pub(super) const FRONTEND: Command = Command {
    words: &["set", "maxconn", "frontend"],
    usage: "set maxconn frontend <frontend> <value>",
    doc: "change a frontend's maxconn setting",
    level: Level::Admin,
    run: frontend,
};

pub(super) const GLOBAL: Command = Command {
    words: &["set", "maxconn", "global"],
    usage: "set maxconn global <value>",
    doc: "change the per-process maxconn setting",
    level: Level::Admin,
    run: global,
};

fn frontend(call: &Call<'_>) -> Outcome {
    let name = call.arg(0);
    if name.is_empty() {
        return Outcome::Error("A frontend name is expected.".into());
    }
    if !call.plan.frontends.iter().any(|frontend| frontend.name == name) {
        return Outcome::Error("No such frontend.".into());
    }
    match call.arg(1).parse() {
        Ok(maxconn) => Outcome::Change(Change::FrontendMaxconn { frontend: name.to_owned(), maxconn }),
        Err(_) => Outcome::Error("Integer value expected.".into()),
    }
}

fn global(call: &Call<'_>) -> Outcome {
    let hard = call.context.process.hard_maxconn.load(std::sync::atomic::Ordering::Relaxed);
    match call.arg(0).parse() {
        Err(_) => Outcome::Error("Expects an integer value.".into()),
        // The process has no more descriptors than it asked for at its start.
        Ok(maxconn) if maxconn > hard => Outcome::Error("Value out of range.".into()),
        // 0 goes back to what it was at the start.
        Ok(0) => Outcome::Change(Change::GlobalMaxconn { maxconn: hard }),
        Ok(maxconn) => Outcome::Change(Change::GlobalMaxconn { maxconn }),
    }
}
