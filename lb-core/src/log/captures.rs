//! Captured headers: `{a|b}`, and as a list of words.

use super::render::{IN_CAPTURE, Render, quoted};

type Captures = [Option<Vec<u8>>];

/// `%hr`, `%hs`; false when the frontend captures none.
pub(super) fn braces(render: &Render<'_>, slots: usize, captures: &Captures, out: &mut Vec<u8>) -> bool {
    if slots == 0 {
        return false;
    }
    quoted(render.flags.quote, out, |out| {
        out.push(b'{');
        for index in 0..slots {
            if index > 0 {
                out.push(b'|');
            }
            if let Some(Some(value)) = captures.get(index) {
                IN_CAPTURE.push(value, out);
            }
        }
        out.push(b'}');
    });
    true
}

/// `%hrl`, `%hsl`; false when the frontend captures none.
pub(super) fn list(render: &Render<'_>, slots: usize, captures: &Captures, out: &mut Vec<u8>) -> bool {
    for index in 0..slots {
        if index > 0 {
            out.push(b' ');
        }
        match captures.get(index) {
            Some(Some(value)) if !value.is_empty() => render.encoded(value, &IN_CAPTURE, out),
            _ => out.extend_from_slice(if render.flags.quote { b"\"\"" } else { b"-" }),
        }
    }
    slots > 0
}
