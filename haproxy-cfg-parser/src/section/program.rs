//! `program` sections (manual 3.6).

use crate::parse::{Args, Cx};

/// A line of a `program` section.
pub(crate) fn line(cx: &mut Cx<'_>, args: &Args<'_>) {
    let text = args.get(1);
    let here = cx.here();
    let missing = match args.get(0) {
        "command" => "'command' expects a command with optional arguments separated in words.",
        "option" if !matches!(text, "" | "start-on-reload") => {
            cx.wrong(args, 1, format!("unknown option '{text}'."));
            return;
        }
        "option" => "'option' expects an option name.",
        "user" => "'user' expects a user name.",
        _ => "'group' expects a group name.",
    };
    if text.is_empty() {
        cx.alert_word(args, 0, format!("{here}: {missing}"));
    }
}
