//! Escapes for JSON strings (manual 7.3.1: `json`).

use super::{Row, convert, with};
use crate::sample::{Sample, Type};

pub(super) const ROWS: &[Row] = &[convert("json", Type::Str, Type::Str, |args, _| {
    let reading = match args.text(0) {
        None | Some("" | "ascii") => Reading::Latin1,
        Some("utf8") => Reading::Utf8(Wrong::Fails),
        Some("utf8s") => Reading::Utf8(Wrong::Skipped),
        Some("utf8p") => Reading::Utf8(Wrong::Fails),
        Some("utf8ps") => Reading::Utf8(Wrong::Skipped),
        Some(other) => {
            return Err(format!(
                "unexpected input code type '{other}'; use ascii, utf8, utf8s, utf8p or utf8ps"
            ));
        }
    };
    with(reading, |reading, input, _| escape(&input.into_bytes(), *reading).map(Sample::owned))
})];

/// How the input's bytes are read.
#[derive(Clone, Copy)]
enum Reading {
    /// Each byte is a character.
    Latin1,
    /// UTF-8, and what is done about other bytes.
    Utf8(Wrong),
}

#[derive(Clone, Copy)]
enum Wrong {
    Fails,
    Skipped,
}

fn escape(text: &[u8], reading: Reading) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    match reading {
        Reading::Latin1 => text.iter().for_each(|byte| push(char::from(*byte), &mut out)),
        Reading::Utf8(wrong) => {
            for chunk in text.utf8_chunks() {
                chunk.valid().chars().for_each(|character| push(character, &mut out));
                if !chunk.invalid().is_empty() && !matches!(wrong, Wrong::Skipped) {
                    return None;
                }
            }
        }
    }
    Some(out)
}

/// One character, escaped where JSON asks for it; beyond ASCII as `\uXXXX` (surrogate pairs above 0xffff).
fn push(character: char, out: &mut Vec<u8>) {
    match character {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '/' => out.extend_from_slice(b"\\/"),
        '\u{8}' => out.extend_from_slice(b"\\b"),
        '\u{c}' => out.extend_from_slice(b"\\f"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        ' '..='~' => out.push(character as u8),
        other => {
            for unit in other.encode_utf16(&mut [0; 2]) {
                out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
            }
        }
    }
}
