//! Commands of HAProxy for what lb does not have. Each says so, and what to use instead; no list shows them.

use super::{Call, Command, Level, Outcome};

/// A command that tells why there is nothing to do for it.
macro_rules! absent {
    ($level:ident, [$($word:literal),+], $why:literal) => {
        absent!($level, [$($word),+], $why, |_| Outcome::Error($why.into()))
    };
    ($level:ident, [$($word:literal),+], $doc:literal, $run:expr) => {
        Command { words: &[$($word),+], usage: "", doc: $doc, level: Level::$level, run: $run }
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
    absent!(Operator, ["show", "anon"], "anonymized mode", |_| Outcome::Info(
        "Anonymized mode disabled".into()
    )),
    absent!(User, ["show", "cache"], "caches", |_| Outcome::Dump(String::new())),
    absent!(User, ["show", "peers"], "peers", |call| none(call, "No such peers")),
    absent!(User, ["show", "table"], "stick tables", |call| none(call, "No such table")),
    absent!(Admin, ["clear", "table"], "stick tables", |call| none(call, "No such table")),
    absent!(Admin, ["set", "table"], "stick tables", |call| none(call, "No such table")),
];

/// There are none, since files that have one are refused at load: all of them are an empty list.
fn none(call: &Call<'_>, why: &str) -> Outcome {
    match call.arg(0) {
        "" => Outcome::Dump(String::new()),
        _ => Outcome::Error(why.into()),
    }
}
