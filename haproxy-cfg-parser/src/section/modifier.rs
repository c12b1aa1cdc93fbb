//! `no` and `default` before a keyword.

use crate::parse::{Args, Cx};

/// What stands before the keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Modifier {
    /// Nothing.
    Set,
    /// `no`.
    No,
    /// `default`.
    Default,
}

/// Words that may follow `no`.
const NEGATED: &[&str] = &[
    "option",
    "log",
    "busy-polling",
    "set-dumpable",
    "strict-limits",
    "insecure-fork-wanted",
    "numa-cpu-mapping",
];

/// Takes the modifier off a line; none, and an error, if the keyword has no such form.
pub(super) fn read<'a>(cx: &mut Cx<'_>, args: &Args<'a>) -> Option<(Modifier, Args<'a>)> {
    let modifier = match args.get(0) {
        "no" => Modifier::No,
        "default" => Modifier::Default,
        _ => return Some((Modifier::Set, *args)),
    };
    if NEGATED.contains(&args.get(1)) {
        return Some((modifier, args.skip(1)));
    }
    let here = cx.here();
    cx.alert_word(args, 0, format!("{here}: negation/default currently supported only for options, log, busy-polling, set-dumpable, strict-limits, insecure-fork-wanted and numa-cpu-mapping."));
    None
}
