//! The driver: lines in order, to the directive or the section that they belong to.

mod context;
mod words;

pub(crate) use context::Cx;
pub(crate) use words::Args;

use crate::directive::{self, Blocks, Branch};
use crate::lex::{self, Document, LexError, MAX_WORDS, Word};
use crate::model::Place;
use crate::modernise::{self, Edit};
use crate::section::Sections;
use crate::{Config, Diagnostic, Severity, Source, World, raw};
use std::borrow::Cow;
use std::sync::Arc;

/// Reads sources in order into one configuration, with everything that is wrong with them.
///
/// The configuration may be used only if no diagnostic is an [`Severity::Alert`]. Errors do not stop the
/// parsing, so that all of one run are reported.
pub fn parse(sources: &[Source], world: &dyn World) -> (Config, Vec<Diagnostic>) {
    run(sources, world).finish()
}

/// What is wrong with sources, and the changes that bring them up to date.
pub(crate) fn parse_with_edits(
    sources: &[Source],
    world: &dyn World,
) -> (Vec<Diagnostic>, Vec<(Place, Edit)>) {
    let mut cx = run(sources, world);
    let edits = std::mem::take(&mut cx.edits);
    (cx.finish().1, edits)
}

/// Each line that can be cut into words, as these words.
pub(crate) fn parse_with_words(sources: &[Source], world: &dyn World) -> Vec<(Place, String)> {
    let mut cx = Cx::new(sources, world);
    cx.words = Some(Vec::new());
    read(&mut cx, sources);
    cx.words.unwrap_or_default()
}

fn run<'w>(sources: &[Source], world: &'w dyn World) -> Cx<'w> {
    let mut cx = Cx::new(sources, world);
    read(&mut cx, sources);
    cx
}

fn read(cx: &mut Cx<'_>, sources: &[Source]) {
    let mut sections = Sections::default();
    for source in sources {
        let errors = cx.errors();
        file(cx, &mut sections, source);
        sections.end_of_file(cx);
        cx.end_of_source(source, errors);
    }
    sections.finish(cx);
    crate::check::check(cx);
}

fn file(cx: &mut Cx<'_>, sections: &mut Sections, source: &Source) {
    let document = Document::new(&source.bytes);
    let mut blocks = Blocks::default();
    for (index, line) in document.lines.iter().enumerate() {
        cx.place = Place { file: Arc::clone(&source.name), line: index as u32 + 1 };
        let text = line.text();
        if let Some(at) = line.body.iter().position(|byte| *byte == 0) {
            let here = cx.here();
            cx.alert(format!("{here}: Stray NUL character at position {}.", at + 1));
            continue;
        }
        let words = match lex::words(&text, &cx.env) {
            Ok(mut words) => {
                if let Cow::Owned(text) = &text {
                    let written = |at: u32| as_written(text, at as usize) as u32;
                    words
                        .iter_mut()
                        .for_each(|word| word.span = (written(word.span.0), written(word.span.1)));
                }
                words
            }
            Err(error) => {
                lexing_error(cx, &text, error);
                continue;
            }
        };
        if line.ending.is_empty() && !words.is_empty() {
            let here = cx.here();
            let end = line.body.len();
            cx.alert(format!(
                "{here}: Missing LF on last line, file might have been truncated at position {end}."
            ));
        }
        if words.len() > MAX_WORDS {
            let place = cx.here();
            let indent = words.first().map_or(0, |word| word.span.0);
            if let Some(word) = words.get(MAX_WORDS - 1) {
                cx.alert_span(
                    word.span,
                    format!(
                        "{place}: too many words, truncating after word {MAX_WORDS}, position {}: <{}>.",
                        word.span.0 - indent + 1,
                        word.text
                    ),
                );
            }
            continue;
        }
        if let Some(lines) = &mut cx.words {
            let line = modernise::line(words.iter().map(|word| word.text.as_ref()));
            lines.push((cx.place.clone(), line));
        }
        let Some(first) = words.first() else { continue };
        if first.text.starts_with('.') && dot(cx, &mut blocks, &words) {
            continue;
        }
        if blocks.active() {
            sections.line(cx, &Args::new(&words));
        }
    }
    if blocks.is_open() {
        let here = cx.here();
        cx.alert(format!("{here}: non-terminated '.if' block."));
    }
}

fn lexing_error(cx: &mut Cx<'_>, text: &str, error: LexError) {
    let here = cx.here();
    let (shown, column) = excerpt(text, error.position());
    let at = as_written(text, error.position());
    cx.alert_span(
        (at as u32, at as u32 + 1),
        format!("{here}: {error} at position {}:\n  {shown}\n  {}^", at + 1, " ".repeat(column)),
    );
}

/// The place in the line's bytes of a place in its text.
fn as_written(text: &str, at: usize) -> usize {
    raw::bytes(text.get(..at).unwrap_or(text)).len()
}

/// A line for showing under a message: indentation stripped, cut to 80 columns around `at`.
fn excerpt(text: &str, at: usize) -> (String, usize) {
    let stripped = text.trim_start();
    let column = text.get(..at).map_or(0, |before| before.chars().count());
    let column = column.saturating_sub(text.chars().count() - stripped.chars().count());
    let length = stripped.chars().count();
    if length <= 80 {
        return (stripped.trim_end().into(), column);
    }
    let start = column.saturating_sub(40);
    let lead = if start > 0 { "..." } else { "" };
    let skip = if start > 0 { start + 3 } else { 0 };
    let body: String = stripped.chars().skip(skip).take(74).collect();
    let tail = if skip + 74 < length { "..." } else { "" };
    (format!("{lead}{body}{tail}"), column - skip + lead.len())
}

/// Acts on a line that starts with a dot; false if it is no directive.
fn dot(cx: &mut Cx<'_>, blocks: &mut Blocks, words: &[Word<'_>]) -> bool {
    let args = Args::new(words);
    let name = args.get(0);
    let rest = args.rest(1).join(" ");
    let here = cx.here();
    if matches!(name, ".else" | ".endif") && args.has(1) {
        let text = format!("{here}: Unexpected argument '{}' for '{name}'.", args.get(1));
        cx.alert_word(&args, 1, text);
        return true;
    }
    match name {
        ".if" => {
            if blocks.is_full() {
                cx.alert(format!("{here}: too many nested '.if', max is {}.", directive::MAX_DEPTH));
            }
            let branch = match blocks.active() {
                true if test(cx, name, &rest) => Branch::Taken,
                true => Branch::Waiting,
                false => Branch::Done,
            };
            blocks.open(branch);
        }
        ".elif" => match blocks.innermost() {
            None | Some((_, true)) => cx.alert(format!("{here}: lone '.elif' with no matching '.if'.")),
            Some((branch @ Branch::Taken, _)) => *branch = Branch::Done,
            Some((Branch::Done, _)) => {}
            Some((branch, _)) => {
                if test(cx, name, &rest) {
                    *branch = Branch::Taken;
                }
            }
        },
        ".else" => match blocks.innermost() {
            None | Some((_, true)) => cx.alert(format!("{here}: lone '.else' with no matching '.if'.")),
            Some((branch, seen)) => {
                *seen = true;
                *branch = if *branch == Branch::Waiting { Branch::Taken } else { Branch::Done };
            }
        },
        ".endif" => {
            if !blocks.close() {
                cx.alert(format!("{here}: lone '.endif' with no matching '.if'."));
            }
        }
        ".alert" | ".warning" | ".notice" | ".diag" => {
            if blocks.active() {
                let severity = match name {
                    ".alert" => Severity::Alert,
                    ".warning" => Severity::Warning,
                    ".notice" => Severity::Notice,
                    _ => Severity::Diag,
                };
                cx.report(severity, None, format!("{here}: '{rest}'."));
            }
        }
        _ if !blocks.active() => {}
        _ => cx.alert_word(&args, 0, format!("{here}: unknown directive '{name}'.")),
    }
    true
}

fn test(cx: &mut Cx<'_>, name: &str, text: &str) -> bool {
    match directive::evaluate(text, cx.world, &cx.env) {
        Ok(answer) => answer,
        Err(error) => {
            let here = cx.here();
            let column = error.at + name.len() + 1;
            cx.alert(format!(
                "{here}: {} in '{name}' at position {}:\n  {name} {text}\n  {}^",
                error.reason,
                error.at + 1,
                " ".repeat(column)
            ));
            false
        }
    }
}
