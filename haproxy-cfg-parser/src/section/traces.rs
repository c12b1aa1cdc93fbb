//! `traces` sections (manual 3.14).

use super::modifier::Modifier;
use super::other::expects;
use crate::model::Trace;
use crate::parse::{Args, Cx};

/// Sections have nothing in common but their lines.
pub(crate) fn open(_: &mut Cx<'_>, _: &str) {}

/// `trace SOURCE WORDS`: what the command of that name would be given.
pub(crate) fn trace(cx: &mut Cx<'_>, _: &mut Modifier, args: &Args<'_>) {
    if expects(cx, args, "'trace' expects a source, or 'all', as argument.") {
        let (source, words, place) = (args.get(1).to_owned(), args.owned(2), cx.place.clone());
        cx.config.traces.push(Trace { source, words, place });
    }
}
