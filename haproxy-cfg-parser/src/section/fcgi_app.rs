//! `fcgi-app` sections (manual 10.1).

use super::other::expects;
use crate::parse::{Args, Cx};

/// Switches of an application.
const OPTIONS: [&str; 4] = ["get-values", "keep-conn", "max-reqs", "mpxs-conns"];

/// A line of an `fcgi-app` section.
pub(crate) fn line(cx: &mut Cx<'_>, args: &Args<'_>) {
    let text = args.get(1);
    match args.get(0) {
        "docroot" => expects(cx, args, "'docroot' expects <path> as argument."),
        "index" => expects(cx, args, "'index' expects <filename> as argument."),
        "path-info" => expects(cx, args, "'path-info' expects <regex> as argument."),
        "pass-header" => expects(cx, args, "'pass-header' expects <name> as arguments."),
        "log-stderr" => {
            let what = "log-stderr : expects <address> and <facility> or global as arguments";
            expects(cx, args, what);
        }
        "set-param" if args.get(2).is_empty() => {
            cx.wrong(args, 0, "'set-param' expects <name> and <value> as arguments.");
        }
        "option" if text.is_empty() => {
            let here = cx.here();
            cx.alert_word(args, 0, format!("{here}: 'option' expects an option name."));
        }
        "option" if !OPTIONS.contains(&text) => cx.wrong(args, 1, format!("unknown option '{text}'.")),
        _ => {}
    }
}
