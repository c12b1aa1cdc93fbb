//! `ring` sections (manual 3.9).

use super::other::expects;
use crate::parse::{Args, Cx};
use crate::value;

/// Framings of a ring's lines (manual 4.2 "log").
const FORMATS: [&str; 8] = ["iso", "local", "raw", "rfc3164", "rfc5424", "priority", "short", "timed"];

/// A line of a `ring` section.
pub(crate) fn line(cx: &mut Cx<'_>, args: &Args<'_>) {
    let text = args.get(1);
    match args.get(0) {
        "size" | "maxlen" if value::size(text).map_or(true, |size| size == 0) => {
            cx.wrong(args, 1, format!("invalid size '{text}' for new sink buffer."));
        }
        "format" if !FORMATS.contains(&text) => cx.wrong(args, 1, format!("unknown format '{text}'.")),
        "description" => expects(cx, args, "missing ring description text."),
        "server" if args.get(2).is_empty() => {
            let place = cx.place.to_string();
            let text = format!("[{place}] : 'server' expects <name> and <addr>[:<port>] as arguments.");
            cx.alert_word(args, 0, text);
        }
        "timeout" if args.get(2).is_empty() && matches!(text, "connect" | "server") => {
            cx.wrong(args, 1, format!("'timeout {text}' expects <time> as argument."));
        }
        _ => {}
    }
}
