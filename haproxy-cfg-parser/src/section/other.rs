//! Sections whose keywords are recorded but not yet typed.

use crate::model::Class;
use crate::parse::{Args, Cx};
use crate::suggest;
use crate::tables::keywords::other::Section;

/// Checks the first line.
pub(super) fn open(cx: &mut Cx<'_>, section: &Section, args: &Args<'_>) {
    if section.named && args.get(1).is_empty() {
        let text = format!("'{}' expects a name as argument.", section.name);
        cx.wrong(args, 0, text);
    }
    if section.name == "peers" {
        cx.peers = args.get(1).to_owned();
    }
    cx.named.insert((section.name, args.get(1).to_owned()));
}

/// Records the keyword of a line.
pub(super) fn line(cx: &mut Cx<'_>, section: &Section, args: &Args<'_>) {
    let word = args.get(0);
    match section.keywords.iter().find(|row| row.0 == word) {
        Some((name, ..)) => {
            if (section.name, *name) == ("peers", "table") {
                let table = format!("{}/{}", cx.peers, args.get(1));
                cx.named.insert(("table", table));
            }
            cx.uses(Class::Keyword, name);
        }
        None => {
            let best = suggest::closest(word, section.keywords.iter().map(|row| row.0));
            unknown(cx, args, section.name, best);
        }
    }
}

/// `unknown keyword 'x' in 'y' section`, with a suggestion.
pub(super) fn unknown(cx: &mut Cx<'_>, args: &Args<'_>, section: &str, best: Option<&str>) {
    let word = args.get(0);
    let hint = best.map(|best| format!("; did you mean '{best}' maybe ?")).unwrap_or_default();
    cx.wrong(args, 0, format!("unknown keyword '{word}' in '{section}' section{hint}"));
    if let Some(best) = best {
        cx.help(format!("did you mean `{best}`?"));
    }
}
