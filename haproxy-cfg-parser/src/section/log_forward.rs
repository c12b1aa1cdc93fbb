//! `log-forward` sections (manual 3.10).

use super::other::expects;
use crate::parse::{Args, Cx};

/// A line of a `log-forward` section.
pub(crate) fn line(cx: &mut Cx<'_>, args: &Args<'_>) {
    let word = args.get(0);
    match word {
        "maxconn" | "backlog" => {
            expects(cx, args, &format!("'{word}' expects an integer argument."));
        }
        "log" => {
            expects(cx, args, "log : expects <address> and <facility> or global as arguments");
        }
        "timeout" if args.get(1) != "client" => {
            let text = format!("unknown keyword 'timeout {}' in log-forward section.", args.get(1));
            cx.wrong(args, 1, text);
        }
        _ => {}
    }
}
