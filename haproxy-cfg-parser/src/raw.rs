//! Bytes that are not UTF-8, carried through text without loss.
//!
//! A configuration may hold any byte. Words are text all the same: a byte that belongs to no UTF-8 character
//! is kept as one of the last 128 code points of the last private plane, U+10FF80 for 0x80 and so on. Such a code
//! point in the file itself is kept byte by byte too, so that every sequence of bytes has one text and the way back
//! is exact.

use std::borrow::Cow;

/// What stands for byte 0x80; 0xFF is the last code point there is.
const FIRST: u32 = 0x10_FF80;

fn kept(byte: u8) -> char {
    char::from_u32(FIRST - 0x80 + u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The byte that a character of a word stands for, if it is none of the text's own.
pub fn byte(c: char) -> Option<u8> {
    let offset = u32::from(c).checked_sub(FIRST)?;
    u8::try_from(offset + 0x80).ok()
}

/// Text that holds these bytes; [`bytes`] gives them back.
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes)
        && !has_kept(text)
    {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match byte(c) {
                None => text.push(c),
                Some(_) => text.extend(c.encode_utf8(&mut [0; 4]).bytes().map(kept)),
            }
        }
        text.extend(chunk.invalid().iter().map(|byte| kept(*byte)));
    }
    Cow::Owned(text)
}

/// The bytes that a word of a configuration was written with.
pub fn bytes(text: &str) -> Cow<'_, [u8]> {
    if !has_kept(text) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match byte(c) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Cow::Owned(bytes)
}

/// A word for people to read: bytes that are no text become U+FFFD.
pub fn shown(text: &str) -> Cow<'_, str> {
    match bytes(text) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// Most text has no byte 0xF4, which all of these characters start with.
fn has_kept(text: &str) -> bool {
    text.as_bytes().contains(&0xF4) && text.chars().any(|c| byte(c).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(*bytes(&text(&all)), all[..]);
        assert_eq!(text(b"a\xE0b").chars().count(), 3);
        assert_eq!(text("h\u{e9}".as_bytes()), "h\u{e9}");
        assert_eq!(shown(&text(b"a\xE0b")), "a\u{FFFD}b");
        // What the mapping itself uses is a text like any other.
        let own = "x\u{10FF80}y";
        assert_ne!(text(own.as_bytes()), own);
        assert_eq!(*bytes(&text(own.as_bytes())), *own.as_bytes());
    }
}
