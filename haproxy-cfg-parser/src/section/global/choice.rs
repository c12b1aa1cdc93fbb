//! Keywords with a fixed set of words.

use crate::parse::{Args, Cx};

/// `none` or `required`.
pub(crate) fn verify(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if !matches!(args.get(1), "none" | "required") {
        cx.wrong(args, 1, format!("'{}' expects 'none' or 'required' as argument.", args.get(0)));
    }
}

/// `ssl-server-verify none|required`.
pub(crate) fn server_verify(cx: &mut Cx<'_>, unit: &mut (), args: &Args<'_>) {
    verify(cx, unit, args);
    cx.server_verify_off = args.get(1) == "none";
}

/// `on`, `off` or `auto`.
pub(crate) fn profiling(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    let (word, value) = (args.get(0), args.get(1));
    if !matches!(value, "on" | "off" | "auto" | "lock" | "no-lock" | "memory" | "no-memory") {
        cx.wrong(args, 1, format!("'{word}' expects either 'on', 'auto', or 'off' but got '{value}'."));
    }
}

/// Header name pairs that differ in case only.
pub(crate) fn case_adjust(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if args.get(2).is_empty() {
        cx.wrong(args, 0, format!("'{}' expects <from> and <to> as argument.", args.get(0)));
    } else if !args.get(1).eq_ignore_ascii_case(args.get(2)) {
        cx.wrong(args, 2, "<from> and <to> must not differ execpt the case");
    }
}

/// `ssl-default-bind-options WORDS`.
pub(crate) fn bind_options(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    let known = ["prefer-client-ciphers", "strict-sni", "no-strict-sni"];
    options(cx, args, &known);
}

/// `ssl-default-server-options WORDS`.
pub(crate) fn server_options(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    options(cx, args, &["renegotiate", "no-renegotiate", "sni-auto", "no-sni-auto"]);
}

fn options(cx: &mut Cx<'_>, args: &Args<'_>, known: &[&str]) {
    let name = args.get(0);
    if !args.has(1) {
        cx.wrong(args, 0, format!("global statement '{name}' expects an option as an argument."));
        return;
    }
    let versions = ["sslv3", "tlsv10", "tlsv11", "tlsv12", "tlsv13"];
    let mut index = 1;
    while args.has(index) {
        let word = args.get(index);
        let version = word.strip_prefix("no-").or_else(|| word.strip_prefix("force-"));
        index += match word {
            "ssl-min-ver" | "ssl-max-ver" => 2,
            "no-tls-tickets" | "tls-tickets" => 1,
            _ if known.contains(&word) || version.is_some_and(|version| versions.contains(&version)) => 1,
            _ => {
                cx.wrong(args, index, format!("unknown option '{word}' on global statement '{name}'."));
                return;
            }
        };
    }
}
