//! Text to lines, lines to words (manual 2.2, 2.3).

mod word;

pub use word::{LexError, Word, quoted};
pub(crate) use word::{MAX_WORDS, words};

use crate::raw;
use std::borrow::Cow;

/// A file cut into lines, without loss: [`Document::write`] gives back the bytes it was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document<'a> {
    /// The lines in order.
    pub lines: Vec<RawLine<'a>>,
}

/// One line as it stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawLine<'a> {
    /// Its bytes, without the ending.
    pub body: &'a [u8],
    /// `\n`, `\r\n`, or nothing for a last line that lacks it.
    pub ending: &'a [u8],
}

impl<'a> Document<'a> {
    /// Cuts a file into lines.
    pub fn new(bytes: &'a [u8]) -> Self {
        let lines = bytes
            .split_inclusive(|byte| *byte == b'\n')
            .map(|line| {
                let body = line.strip_suffix(b"\n").unwrap_or(line);
                let body =
                    if body.len() < line.len() { body.strip_suffix(b"\r").unwrap_or(body) } else { body };
                let (body, ending) = line.split_at(body.len());
                RawLine { body, ending }
            })
            .collect();
        Self { lines }
    }

    /// The file's bytes again.
    pub fn write(&self) -> Vec<u8> {
        self.lines.iter().flat_map(|line| line.body.iter().chain(line.ending)).copied().collect()
    }
}

impl<'a> RawLine<'a> {
    /// Its text; bytes that are not UTF-8 are kept as [`crate::raw`] says.
    pub fn text(&self) -> Cow<'a, str> {
        raw::text(self.body)
    }
}
