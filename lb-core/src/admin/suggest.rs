//! `help`, and what to say to an unknown command.

use super::command::{ALWAYS_SHOWN, COMMANDS, Command};
use crate::extension::Extension;
use std::collections::HashSet;

/// The answer to `help`, with the words after it.
pub(super) fn help(words: &[String], extension: &Extension) -> String {
    list("The following commands are valid at this level:", words, extension)
}

/// The answer to words that name no command.
pub(super) fn unknown(words: &[String], extension: &Extension) -> String {
    let first = words.first().map_or("", String::as_str);
    let end = if first.is_empty() {
        ". Please enter one of the following commands only:"
    } else {
        ", but maybe one of the following ones is a better match:"
    };
    list(&format!("Unknown command: '{first}'{end}"), words, extension)
}

/// A command as it is listed.
#[derive(Clone, Copy)]
struct Line {
    words: &'static [&'static str],
    usage: &'static str,
    doc: &'static str,
}

/// All commands by name, those that the program adds among them; then those that every list ends with.
fn lines(extension: &Extension) -> (Vec<Line>, Vec<Line>) {
    let own = COMMANDS.iter().map(|&Command { words, usage, doc, .. }| Line { words, usage, doc });
    let mut named: Vec<_> = own.collect();
    let always = named.split_off(COMMANDS.len() - ALWAYS_SHOWN);
    if !extension.commands.is_empty() {
        let added = extension.commands.iter().map(|added| (added.words, added.usage, added.doc));
        named.extend(added.map(|(words, usage, doc)| Line { words, usage, doc }));
        named.sort_by_key(|line| line.words);
    }
    (named, always)
}

fn list(title: &str, words: &[String], extension: &Extension) -> String {
    let (named, always) = lines(extension);
    let mut out = title.to_owned();
    for line in matching(&named, words).into_iter().chain(&always) {
        out.push_str(&format!("\n  {:<40}: {}", line.usage, line.doc));
    }
    out
}

/// Most commands that are offered for a word that is not quite right.
const OFFERED: usize = 5;

/// Commands that share the longest beginning with `words`; where the next word is not one of theirs, the likeliest.
fn matching<'a>(commands: &'a [Line], words: &[String]) -> Vec<&'a Line> {
    let shared = |command: &Line| command.words.iter().zip(words).take_while(|(a, b)| a == b).count();
    let most = commands.iter().map(shared).max().unwrap_or(0);
    let near = commands.iter().filter(|command| shared(command) == most);
    let Some(word) = words.get(most).filter(|word| !word.is_empty()) else { return near.collect() };
    // A whole command with arguments after it.
    if most > 0 && near.clone().any(|command| command.words.len() == most) {
        return near.collect();
    }
    let mut ranked: Vec<_> = near
        .clone()
        .filter_map(|command| {
            // A later word that fits says more than letters do.
            let fits = command.words.iter().zip(words).skip(most + 1).any(|(name, word)| name == word);
            let distance = if fits { 0 } else { distance(command.words.get(most)?, word) };
            (distance <= word.len()).then_some((distance, command))
        })
        .collect();
    if ranked.is_empty() && most > 0 {
        return near.collect();
    }
    ranked.sort_by_key(|(distance, _)| *distance);
    let mut offered: Vec<_> = ranked.into_iter().take(OFFERED).map(|(_, command)| command).collect();
    offered.sort_by_key(|command| command.words);
    offered
}

/// How far two words are apart, by their pairs of neighbouring letters.
fn distance(a: &str, b: &str) -> usize {
    let pairs = |word: &str| -> HashSet<(u8, u8)> {
        let padded = [b" ", word.as_bytes(), b" "].concat();
        padded.windows(2).map(|pair| (pair[0], pair[1])).collect()
    };
    let (a, b) = (pairs(a), pairs(b));
    a.symmetric_difference(&b).count()
}
