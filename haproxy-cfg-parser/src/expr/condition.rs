//! Conditions after `if` and `unless` (manual 7.2).

use super::acl::{acl_test, predefined};
use crate::model::{Condition, Term, Test};
use crate::parse::Cx;
use crate::tables::reach::Stage;
use std::collections::HashMap;

/// The ACLs that a section has so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Acls(HashMap<String, Known>);

/// What a condition must know about an ACL.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// Where one of its tests can be made.
    pub(crate) reach: u32,
    /// The fetch names of its tests.
    pub(crate) fetches: Vec<(String, u32)>,
}

impl Acls {
    /// Notes one more line of an ACL.
    pub(crate) fn add(&mut self, name: &str, fetch: &str, reach: u32) {
        let known = self.0.entry(name.to_owned()).or_default();
        known.reach |= reach;
        known.fetches.push((fetch.to_owned(), reach));
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Known> {
        self.0.get(name)
    }
}

/// Parses the words from `if` or `unless` on. `stages` is where the rule is evaluated: an ACL that can
/// never match there draws a warning.
pub(crate) fn condition(
    cx: &mut Cx<'_>,
    acls: &Acls,
    words: &[&str],
    stages: &[Stage],
) -> Result<Condition, String> {
    let (first, rest) = words.split_first().map_or(("", words), |(first, rest)| (*first, rest));
    let mut any_of = vec![Vec::new()];
    let mut negated = false;
    let mut index = 0;
    let mask = stages.iter().fold(0, |mask, stage| mask | stage.bit());
    let place = stages.first().map_or("", |stage| stage.name());
    // Rules on contents are named once more.
    let ruleset =
        place.find("tcp-").and_then(|at| place.get(at..)).and_then(|name| name.strip_suffix(" rule"));
    let within = ruleset.map(|name| format!(" in '{name}'")).unwrap_or_default();
    while let Some(word) = rest.get(index) {
        index += 1;
        let mut word = *word;
        if matches!(word, "or" | "||") {
            any_of.push(Vec::new());
            negated = false;
            continue;
        }
        while let Some(after) = word.strip_prefix('!') {
            negated = !negated;
            word = after;
        }
        if word.is_empty() {
            continue;
        }
        let test = if word == "{" {
            let body = rest.get(index..).unwrap_or_default();
            let length = body
                .iter()
                .position(|word| *word == "}")
                .ok_or_else(|| "missing closing '}' in condition".to_owned())?;
            index += length + 1;
            let (test, reach) = acl_test(cx, body.get(..length).unwrap_or_default())?;
            if reach & mask == 0 {
                let fetch = test.expr.fetch.name;
                let text = format!(
                    "anonymous acl will never match{within} because it uses keyword '{fetch}' which is incompatible with '{place}'"
                );
                cx.warn(&crate::parse::Args::new(&[]), 0, text);
            }
            Test::Anonymous(test)
        } else {
            let known = match acls.get(word) {
                Some(known) => known.clone(),
                None => {
                    let (test, reach) =
                        predefined(cx, word).ok_or_else(|| format!("no such ACL : '{word}'"))?;
                    Known { reach, fetches: vec![(test.expr.fetch.name.to_owned(), reach)] }
                }
            };
            if known.reach & mask == 0 {
                let text = format!(
                    "acl '{word}' will never match{within} because it only involves keywords that are incompatible with '{place}'"
                );
                cx.warn(&crate::parse::Args::new(&[]), 0, text);
            } else if let Some((fetch, _)) = known.fetches.iter().find(|(_, reach)| reach & mask == 0) {
                let text =
                    format!("acl '{word}' involves keywords '{fetch}' which is incompatible with '{place}'");
                cx.warn(&crate::parse::Args::new(&[]), 0, text);
            }
            Test::Named(word.to_owned())
        };
        if let Some(terms) = any_of.last_mut() {
            terms.push(Term { negated, test });
        }
        negated = false;
    }
    Ok(Condition { unless: first == "unless", any_of, text: rest.join(" "), place: cx.place.clone() })
}
