//! Files in today's keywords: lines with removed ones are rewritten, all others stay as they are.

use crate::lex::{Document, quoted};
use crate::model::Place;
use crate::parse::parse_with_edits;
use crate::{Diagnostic, Source, World};
use std::collections::HashMap;

/// A change to one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    /// The bytes of a span become this text.
    Replace((u32, u32), String),
    /// The line acts no more: it becomes a comment.
    Comment,
}

impl Edit {
    fn start(&self) -> u32 {
        match self {
            Self::Replace((start, _), _) => *start,
            Self::Comment => 0,
        }
    }
}

/// Rewrites removed keywords wherever the translation is exact. Gives the sources, and what is wrong with the old ones:
/// a warning shows each new line, an error each line that has no exact translation.
pub fn modernise(sources: &[Source], world: &dyn World) -> (Vec<Source>, Vec<Diagnostic>) {
    let (diagnostics, edits) = parse_with_edits(sources, world);
    let mut of_line: HashMap<&Place, Vec<&Edit>> = HashMap::new();
    for (place, edit) in &edits {
        of_line.entry(place).or_default().push(edit);
    }
    of_line.values_mut().for_each(|edits| edits.sort_by_key(|edit| edit.start()));
    let written = rewrite(sources, |place, line, out| {
        let none = Vec::new();
        apply(of_line.get(place).unwrap_or(&none), line, out);
    });
    (written, diagnostics)
}

/// Sources with each line's bytes written by `write`, endings as they are.
pub(crate) fn rewrite(sources: &[Source], write: impl Fn(&Place, &[u8], &mut Vec<u8>)) -> Vec<Source> {
    let one = |source: &Source| {
        let mut bytes = Vec::with_capacity(source.bytes.len());
        for (index, line) in Document::new(&source.bytes).lines.iter().enumerate() {
            let place = Place { file: source.name.clone(), line: index as u32 + 1 };
            write(&place, line.body, &mut bytes);
            bytes.extend_from_slice(line.ending);
        }
        Source { name: source.name.clone(), bytes }
    };
    sources.iter().map(one).collect()
}

/// Writes a line with its edits, which are in order and apart.
fn apply(edits: &[&Edit], line: &[u8], out: &mut Vec<u8>) {
    let indent = line.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let mut written = 0;
    for edit in edits {
        let ((start, end), text) = match edit {
            Edit::Replace((start, end), text) => ((*start as usize, *end as usize), text.as_str()),
            Edit::Comment => ((indent, indent), "# "),
        };
        let Some(kept) = line.get(written..start) else { continue };
        out.extend_from_slice(kept);
        out.extend_from_slice(&crate::raw::bytes(text));
        written = end;
    }
    out.extend_from_slice(line.get(written..).unwrap_or_default());
}

/// Words as one line that is cut into the same words again.
pub(crate) fn line<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(quoted).collect::<Vec<_>>().join(" ")
}
