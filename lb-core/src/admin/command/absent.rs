//! Commands of HAProxy for what lb does not have. Each says so, and what to use instead; no list shows them.

use super::{Call, Command, Level, Outcome};

/// A command that tells why there is nothing to do for it.
macro_rules! absent {
    ($level:ident, [$($word:literal),+], $why:literal) => {
        Command {
            words: &[$($word),+],
            usage: "",
            doc: $why,
            level: Level::$level,
            run: |_| Outcome::Error($why.into()),
        }
    };
}

pub(super) static ABSENT: &[Command] = &[
    absent!(
        Admin,
        ["debug"],
        "lb has no debugging commands; 'show activity', 'show pools' and 'show threads' tell what it does."
    ),
    absent!(Admin, ["set", "anon"], "lb has no anonymized mode: it shows names and addresses as they are."),
    absent!(
        Admin,
        ["set", "profiling"],
        "lb does not profile itself; 'show activity' tells its threads' processor time."
    ),
    absent!(
        User,
        ["show", "profiling"],
        "lb does not profile itself; 'show activity' tells its threads' processor time."
    ),
    absent!(
        Admin,
        ["trace"],
        "lb has no traces; 'show sess' and 'show errors' tell of sessions, logs of each request."
    ),
    absent!(
        User,
        ["show", "trace"],
        "lb has no traces; 'show sess' and 'show errors' tell of sessions, logs of each request."
    ),
    absent!(
        User,
        ["dump", "stats-file"],
        "lb needs no statistics file: counters go on over a reload, and begin anew with the process."
    ),
    absent!(
        Admin,
        ["enable", "dynamic-cookie"],
        "lb makes no dynamic cookies yet: 'cookie ... dynamic' is refused at load."
    ),
    absent!(
        Admin,
        ["disable", "dynamic-cookie"],
        "lb makes no dynamic cookies yet: 'cookie ... dynamic' is refused at load."
    ),
    absent!(
        Admin,
        ["set", "dynamic-cookie-key"],
        "lb makes no dynamic cookies yet: 'cookie ... dynamic' is refused at load."
    ),
    absent!(
        User,
        ["show", "default-server"],
        "lb keeps no default servers: each server has what it took over, see 'show servers state'."
    ),
    Command {
        words: &["show", "anon"],
        usage: "",
        doc: "anonymized mode",
        level: Level::Operator,
        run: |_| Outcome::Info("Anonymized mode disabled".into()),
    },
    Command {
        words: &["show", "cache"],
        usage: "",
        doc: "caches",
        level: Level::User,
        run: |_| Outcome::Dump(String::new()),
    },
    Command {
        words: &["show", "peers"],
        usage: "",
        doc: "peers",
        level: Level::User,
        run: |call| none(call, "No such peers"),
    },
    Command {
        words: &["show", "table"],
        usage: "",
        doc: "stick tables",
        level: Level::User,
        run: |call| none(call, "No such table"),
    },
    Command {
        words: &["clear", "table"],
        usage: "",
        doc: "stick tables",
        level: Level::Admin,
        run: |call| none(call, "No such table"),
    },
    Command {
        words: &["set", "table"],
        usage: "",
        doc: "stick tables",
        level: Level::Admin,
        run: |call| none(call, "No such table"),
    },
];

/// There are none, since files that have one are refused at load: all of them are an empty list.
fn none(call: &Call<'_>, why: &str) -> Outcome {
    match call.arg(0) {
        "" => Outcome::Dump(String::new()),
        _ => Outcome::Error(why.into()),
    }
}
