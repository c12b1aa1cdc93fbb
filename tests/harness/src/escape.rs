//! Bytes as text that a human can read and edit, and back.
//!
//! Printable ASCII stands for itself; the rest is `\r`, `\n`, `\t`, `\\` or `\xNN`. `\(TEXT*N)` is TEXT, itself
//! escaped, N times over; [`encode`] writes a run of one letter or digit so, from [`RUN`] bytes on.

use std::fmt::Write;

/// The length from which [`encode`] shortens a run of one letter or digit to `\(c*N)`.
pub const RUN: usize = 40;

/// The number of equal lines from which [`encode_lines`] shortens them to one.
pub const SAME_LINES: usize = 4;

/// The most bytes that one escaped text may stand for.
const LIMIT: usize = 16 << 20;

/// Writes bytes as one line of text.
///
/// A space at the end is written `\x20`, so that no editor strips it.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(&byte) = rest.first() {
        let run = rest.iter().take_while(|&&b| b == byte).count();
        let take = if run >= RUN && byte.is_ascii_alphanumeric() {
            let _ = write!(text, "\\({}*{run})", byte as char);
            run
        } else {
            match byte {
                b'\r' => text.push_str("\\r"),
                b'\n' => text.push_str("\\n"),
                b'\t' => text.push_str("\\t"),
                b'\\' => text.push_str("\\\\"),
                b' ' if rest.len() == 1 => text.push_str("\\x20"),
                0x20..=0x7e => text.push(byte as char),
                _ => {
                    let _ = write!(text, "\\x{byte:02x}");
                }
            }
            1
        };
        rest = &rest[take..];
    }
    text
}

/// Writes bytes as lines of text, each ending behind a line feed of the bytes; equal lines that follow each other,
/// from [`SAME_LINES`] on, become one `\(LINE*N)`.
#[must_use]
pub fn encode_lines(bytes: &[u8]) -> Vec<String> {
    let lines: Vec<String> = bytes.split_inclusive(|&b| b == b'\n').map(encode).collect();
    let repeatable = |line: &str| !line.contains(['(', ')']);
    lines
        .chunk_by(|a, b| a == b)
        .flat_map(|same| match same {
            [line, ..] if same.len() >= SAME_LINES && repeatable(line) => {
                vec![format!("\\({line}*{})", same.len())]
            }
            _ => same.to_vec(),
        })
        .collect()
}

/// Reads the bytes that `text` stands for.
///
/// # Errors
/// Says which escape is not one of those above.
pub fn decode(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        rest = decode_one(&rest[at + 1..], &mut bytes)?;
    }
    bytes.extend_from_slice(rest.as_bytes());
    Ok(bytes)
}

/// Reads the escape whose backslash was just passed; returns the text behind it.
fn decode_one<'a>(text: &'a str, bytes: &mut Vec<u8>) -> Result<&'a str, String> {
    let bad = || {
        format!(
            "`\\{}` is no escape: use \\r \\n \\t \\\\ \\xNN or \\(TEXT*N)",
            &text.chars().take(8).collect::<String>()
        )
    };
    let mut chars = text.chars();
    match chars.next() {
        Some('r') => bytes.push(b'\r'),
        Some('n') => bytes.push(b'\n'),
        Some('t') => bytes.push(b'\t'),
        Some('\\') => bytes.push(b'\\'),
        Some('x') => {
            let digits = text.get(1..3).ok_or_else(bad)?;
            bytes.push(u8::from_str_radix(digits, 16).map_err(|_| bad())?);
            return Ok(&text[3..]);
        }
        Some('(') => {
            let end = text.find(')').ok_or_else(bad)?;
            let (unit, count) = text[1..end].rsplit_once('*').ok_or_else(bad)?;
            let (unit, count) = (decode(unit)?, count.parse::<usize>().map_err(|_| bad())?);
            if unit.len().saturating_mul(count) > LIMIT {
                return Err(format!("`\\({}` stands for more than {LIMIT} bytes", &text[1..=end]));
            }
            bytes.extend(unit.iter().copied().cycle().take(unit.len() * count));
            return Ok(&text[end + 1..]);
        }
        _ => return Err(bad()),
    }
    Ok(chars.as_str())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_byte_survives() {
        let all: Vec<u8> = (0..=255).chain([b' ']).collect();
        assert_eq!(decode(&encode(&all)).unwrap(), all);
        assert!(encode(&all).bytes().all(|b| (0x20..0x7f).contains(&b)));
    }

    #[test]
    fn runs_are_shortened_and_read_back() {
        let text = format!("a{}", "b".repeat(RUN));
        assert_eq!(encode(text.as_bytes()), format!("a\\(b*{RUN})"));
        assert_eq!(decode("\\(X: y\\r\\n*2)!").unwrap(), b"X: y\r\nX: y\r\n!");
    }

    #[test]
    fn lines_end_behind_line_feeds() {
        assert_eq!(encode_lines(b"a\r\n\nb "), ["a\\r\\n", "\\n", "b\\x20"]);
        assert_eq!(encode_lines(&b"x: *\n".repeat(5)), ["\\(x: *\\n*5)"]);
        assert_eq!(decode("\\(x: *\\n*5)").unwrap(), b"x: *\n".repeat(5));
    }

    #[test]
    fn unknown_escapes_are_refused() {
        for text in ["\\", "\\q", "\\x1", "\\xzz", "\\(a*b)", "\\(a", "\\(ab*99999999999)"] {
            assert!(decode(text).is_err(), "{text}");
        }
    }
}
