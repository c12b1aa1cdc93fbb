//! `filter NAME ...` (manual 9).

use super::kept::kept;
use crate::parse::{Args, Cx};
use crate::section::draft::Draft;

/// Words of a filter, and whether a value follows each.
type Words = &'static [(&'static str, bool)];

/// Checks the words from `at` on and keeps the line; the error of an unknown word is `unknown`.
fn words(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>, at: usize, known: Words) {
    let name = args.get(1);
    let mut index = at;
    while args.has(index) {
        let word = args.get(index);
        match known.iter().find(|(known, _)| *known == word) {
            None if name == "spoe" => {
                return cx.wrong(args, index, format!("'filter' : 'unknown keyword '{word}''"));
            }
            None => return cx.wrong(args, index, format!("'filter {name}' : unknown keyword '{word}'.")),
            Some((_, true)) if args.get(index + 1).is_empty() => {
                let text = format!("'filter' : ''{name}' : '{word}' option without value'");
                return cx.wrong(args, index, text);
            }
            Some((_, value)) => index += 1 + usize::from(*value),
        }
    }
    kept(cx, draft, args);
}

/// A filter without words.
pub(crate) fn bare(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    words(cx, draft, args, 2, &[]);
}

/// A filter that names what it works with.
fn named(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if args.get(2).is_empty() {
        let text = format!("'filter' : '{} : expects a <name> argument'", args.get(1));
        return cx.wrong(args, 1, text);
    }
    words(cx, draft, args, 3, &[]);
}

pub(crate) fn cache(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    named(cx, draft, args);
}

pub(crate) fn fcgi_app(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    named(cx, draft, args);
}

pub(crate) fn spoe(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let known: Words = &[("config", true), ("engine", true)];
    let all_known = args.rest(2).iter().step_by(2).all(|word| known.iter().any(|row| row.0 == *word));
    if all_known && !args.rest(2).iter().step_by(2).any(|word| *word == "config") {
        return cx.wrong(args, 1, "'filter' : ''spoe' : missing config file'");
    }
    words(cx, draft, args, 2, known);
}

pub(crate) fn trace(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let known: Words = &[
        ("hexdump", false),
        ("max-fwd", true),
        ("name", true),
        ("quiet", false),
        ("random-forwarding", false),
        ("random-parsing", false),
    ];
    words(cx, draft, args, 2, known);
}
