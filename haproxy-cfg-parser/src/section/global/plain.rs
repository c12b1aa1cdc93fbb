//! Keywords that are checked for their shape and recorded as uses.

use crate::parse::{Args, Cx};

/// No arguments.
pub(crate) fn flag(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    cx.too_many(args, 0);
}

/// One argument.
pub(crate) fn word(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if args.get(1).is_empty() {
        cx.wrong(args, 0, format!("'{}' expects an argument.", args.get(0)));
        return;
    }
    cx.too_many(args, 1);
}

/// Any arguments.
pub(crate) fn words(_: &mut Cx<'_>, _: &mut (), _: &Args<'_>) {}

/// A Lua file.
pub(crate) fn lua(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    let (word, file) = (args.get(0), args.get(1));
    cx.lua = true;
    if file.is_empty() {
        cx.wrong(args, 0, format!("'{word}' expects a file name as parameter."));
    } else if let Err(error) = cx.read(file) {
        // Without the number that Rust adds.
        let error = error.to_string();
        let reason = error.split(" (os error").next().unwrap_or_default();
        cx.wrong(args, 1, format!("error in Lua file '{file}': cannot open {file}: {reason}"));
    }
}

/// Where Lua modules are looked for: a path and its kind.
pub(crate) fn lua_path(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if args.get(1).is_empty() {
        cx.wrong(args, 0, "'lua-prepend-path' expects to receive a <path> as argument");
    } else if !matches!(args.get(2), "" | "path" | "cpath") {
        cx.wrong(args, 2, "'lua-prepend-path' expects <type> to either be 'path' or 'cpath'");
    }
}

/// A number.
pub(crate) fn integer(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    let word = args.get(0);
    let text = args.get(1);
    if text.is_empty() {
        cx.wrong(args, 0, format!("'{word}' expects an integer argument."));
    } else if !cx.too_many(args, 1) && !text.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        cx.wrong(args, 1, format!("'{word}' expects a numeric value (got '{text}')."));
    }
}

/// `on` or `off`.
pub(crate) fn on_off(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    let word = args.get(0);
    if cx.too_many(args, 1) {
        return;
    }
    if !matches!(args.get(1), "on" | "off") {
        cx.wrong(args, 1, format!("'{word}' expects either 'on' or 'off' but got '{}'.", args.get(1)));
    }
}
