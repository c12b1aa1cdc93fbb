//! What the sections of the table have in common: names, and keywords that are recorded.

use super::modifier::Modifier;
use crate::model::Class;
use crate::parse::{Args, Cx};
use crate::suggest;
use crate::tables::keywords::other::Section;
use crate::value;

/// Rings that are there without a section.
const BUILT_IN_RINGS: [&str; 3] = ["buf0", "stdout", "stderr"];

/// Checks the first line.
pub(super) fn open(cx: &mut Cx<'_>, section: &Section, args: &Args<'_>) {
    let name = args.get(1);
    cx.part = name.to_owned();
    let here = cx.here();
    // What is wrong with the name is no reason to say anything about the lines.
    (section.open)(cx, name);
    if let (Some(text), "") = (section.unnamed, name) {
        cx.alert_word(args, 0, format!("{here}{text}"));
        return;
    }
    if let Some(text) = forbidden(section.name, name) {
        cx.alert_word(args, 1, format!("{here}{text}"));
    }
    if section.unnamed.is_some() && section.name != "ring" {
        cx.too_many(args, 1);
    }
    let known = (section.name, name.to_owned());
    let built_in = section.name == "ring" && BUILT_IN_RINGS.contains(&name);
    if built_in || cx.named.contains(&known) {
        let there = cx.named_at.get(&known).map(ToString::to_string).unwrap_or_default();
        let text = match section.name {
            "cache" => format!("{here}: Duplicate cache name '{name}'."),
            "ring" => format!("{here} : sink named '{name}' already exists."),
            "program" => format!("{here}: '{name}' program section already exists in the configuration."),
            "fcgi-app" => format!(
                "Parsing [{}]: fcgi-app section '{name}' has the same name as another one declared at {there}.",
                cx.place
            ),
            "peers" | "log-forward" => format!(
                "Parsing [{}]: {1} section '{name}' has the same name as another {1} section declared at {there}.",
                cx.place, section.name
            ),
            _ => return,
        };
        cx.alert_word(args, 1, text);
        return;
    }
    cx.named_at.insert(known.clone(), cx.place.clone());
    cx.named.insert(known);
}

/// What is said about a character that no name of this kind of section may have.
fn forbidden(section: &str, name: &str) -> Option<String> {
    let c = value::not_in_name(name)?;
    match section {
        "peers" | "log-forward" | "mailers" => {
            Some(format!(" : character '{c}' is not permitted in '{section}' name '{name}'."))
        }
        "fcgi-app" => Some(format!(": character '{c}' is not permitted in '{section}' name '{name}'.")),
        "ring" => Some(format!(" : invalid ring name '{name}' (character '{c}' is not permitted).")),
        _ => None,
    }
}

/// One line: its keyword is recorded, and reads the rest.
pub(super) fn line(cx: &mut Cx<'_>, section: &Section, args: &Args<'_>, modifier: Modifier) {
    let word = args.get(0);
    match section.keywords.iter().find(|row| row.name == word) {
        Some(row) => {
            cx.uses(Class::Keyword, row.name);
            let mut modifier = modifier;
            (row.parse)(cx, &mut modifier, args);
        }
        None => {
            let text = format!("{}{}", cx.here(), section.unknown.replacen("{}", word, 1));
            cx.alert_word(args, 0, text);
            if let Some(best) = suggest::closest(word, section.keywords.iter().map(|row| row.name)) {
                cx.help(format!("did you mean `{best}`?"));
            }
        }
    }
}

/// False, and an error, if the keyword has no argument.
pub(super) fn expects(cx: &mut Cx<'_>, args: &Args<'_>, text: &str) -> bool {
    let good = !args.get(1).is_empty();
    if !good {
        cx.wrong(args, 0, text);
    }
    good
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
