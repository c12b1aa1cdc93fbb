//! `set maxconn frontend`, `set maxconn global`, `set rate-limit`.

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

pub(super) const RATE: Command = Command {
    words: &["set", "rate-limit"],
    usage: "set rate-limit <setting> <value>",
    doc: "change a rate limiting value",
    level: Level::Admin,
    run: rate,
};

fn rate(call: &Call<'_>) -> Outcome {
    let sessions = match (call.arg(0), call.arg(1)) {
        ("connections", "global") => false,
        ("sessions", "global") => true,
        (setting @ ("ssl-sessions" | "http-compression"), "global") => {
            return Outcome::Error(format!("'set rate-limit {setting}' is not supported by lb yet."));
        }
        _ => {
            return Outcome::Error(
                "'set rate-limit' only supports :\n\
                 \x20  - 'connections global' to set the per-process maximum connection rate\n\
                 \x20  - 'sessions global' to set the per-process maximum session rate\n\
                 \x20  - 'ssl-sessions global' to set the per-process maximum SSL session rate\n\
                 \x20  - 'http-compression global' to set the per-process maximum compression speed in kB/s"
                    .into(),
            );
        }
    };
    match call.arg(2).parse() {
        Ok(max) => Outcome::Change(Change::RateLimit { sessions, max }),
        Err(_) => Outcome::Error("Expects an integer value.".into()),
    }
}

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
