//! Regular expressions as configurations write them: PCRE syntax, over bytes.
//!
//! Most run on the `regex` crate, whose time is linear in the text. Those that need look-around, back-references or
//! atomic groups run on `fancy-regex`, which gives up (no match) instead of running for long.

use haproxy_cfg_parser::raw;
use std::borrow::Cow;

/// A compiled regular expression.
#[derive(Debug)]
pub struct Pattern(Engine);

#[derive(Debug)]
enum Engine {
    Linear(regex::bytes::Regex),
    Backtracking(Box<fancy_regex::Regex>),
}

/// How many steps back a backtracking match may take.
const STEPS: usize = 1_000_000;

impl Pattern {
    /// Compiles an expression; the error says what is wrong with it.
    pub fn new(text: &str, ignore_case: bool) -> Result<Self, String> {
        let text = &as_escapes(text);
        let syntax = translate(text);
        let linear = regex::bytes::RegexBuilder::new(&syntax)
            .unicode(false)
            .case_insensitive(ignore_case)
            .size_limit(64 << 20)
            .build();
        let reason = match linear {
            Ok(regex) => return Ok(Self(Engine::Linear(regex))),
            Err(error) => error.to_string(),
        };
        let flagged = if ignore_case { format!("(?i){syntax}") } else { syntax.into_owned() };
        match fancy_regex::RegexBuilder::new(&flagged).backtrack_limit(STEPS).build() {
            Ok(regex) => Ok(Self(Engine::Backtracking(Box::new(regex)))),
            Err(_) => {
                Err(format!("regex '{text}' is invalid: {}", reason.lines().last().unwrap_or_default()))
            }
        }
    }

    /// True when it matches somewhere in the text.
    #[inline]
    pub fn is_match(&self, text: &[u8]) -> bool {
        match &self.0 {
            Engine::Linear(regex) => regex.is_match(text),
            Engine::Backtracking(regex) => regex.is_match(&String::from_utf8_lossy(text)).unwrap_or(false),
        }
    }

    /// Replaces the first match, or all, by `with`, in which `\0` to `\9` are groups and other escapes are the
    /// character. None when nothing matches.
    pub fn replace(&self, text: &[u8], with: &[u8], all: bool) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(text.len() + with.len());
        let mut from = 0;
        let mut start = 0;
        while start <= text.len() {
            let Some(groups) = self.captures(text, start) else { break };
            let Some(&(first, last)) = groups.first().and_then(Option::as_ref) else { break };
            out.extend_from_slice(text.get(from..first)?);
            expand(with, text, &groups, &mut out);
            from = last;
            // An empty match moves on by one byte.
            start = if last == first { last + 1 } else { last };
            if !all {
                break;
            }
        }
        if start == 0 {
            return None;
        }
        out.extend_from_slice(text.get(from..)?);
        Some(out)
    }

    /// Builds a text from the groups of the first match (`\1`); none when nothing matches.
    pub fn compose(&self, text: &[u8], with: &[u8]) -> Option<Vec<u8>> {
        let groups = self.captures(text, 0)?;
        let mut out = Vec::with_capacity(text.len() + with.len());
        expand(with, text, &groups, &mut out);
        Some(out)
    }

    /// Start and end of the groups of the first match from `start` on; the whole match first.
    fn captures(&self, text: &[u8], start: usize) -> Option<Vec<Option<(usize, usize)>>> {
        match &self.0 {
            Engine::Linear(regex) => {
                let groups = regex.captures_at(text, start)?;
                Some(groups.iter().map(|group| group.map(|group| (group.start(), group.end()))).collect())
            }
            Engine::Backtracking(regex) => {
                // Offsets are those of the bytes, so text that is not UTF-8 does not match.
                let text = std::str::from_utf8(text).ok()?;
                let groups = regex.captures_from_pos(text, start).ok()??;
                Some(groups.iter().map(|group| group.map(|group| (group.start(), group.end()))).collect())
            }
        }
    }
}

fn expand(with: &[u8], text: &[u8], groups: &[Option<(usize, usize)>], out: &mut Vec<u8>) {
    let mut bytes = with.iter();
    while let Some(byte) = bytes.next() {
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        match bytes.next() {
            Some(digit @ b'0'..=b'9') => {
                let group = groups.get(usize::from(digit - b'0')).copied().flatten();
                out.extend_from_slice(
                    group.and_then(|(start, end)| text.get(start..end)).unwrap_or_default(),
                );
            }
            Some(b'x') => {
                let digits = bytes.as_slice().get(..2).and_then(crate::sample::fetch::unhex);
                if let Some([byte]) = digits.as_deref() {
                    out.push(*byte);
                    bytes.nth(1);
                }
            }
            Some(other) => out.push(*other),
            None => {}
        }
    }
}

/// Bytes that are no text, written as escapes.
fn as_escapes(text: &str) -> Cow<'_, str> {
    if let Cow::Borrowed(_) = raw::bytes(text) {
        return Cow::Borrowed(text);
    }
    let escape = |c: char| match raw::byte(c) {
        Some(byte) => format!("\\x{byte:02x}"),
        None => c.to_string(),
    };
    Cow::Owned(text.chars().map(escape).collect())
}

/// Rewrites what PCRE and the `regex` crate read differently: a `[` within a class, operators of classes, a `{` that
/// is no repetition, and `\<`.
fn translate(text: &str) -> Cow<'_, str> {
    if !text.contains(['[', '{', '<', '>']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text.chars().peekable();
    let mut class = false;
    let mut last = ' ';
    while let Some(character) = rest.next() {
        match character {
            '\\' => {
                match rest.next() {
                    Some(escaped @ ('<' | '>')) => out.push(escaped),
                    Some(escaped) => out.extend(['\\', escaped]),
                    None => out.push('\\'),
                }
                last = '\\';
                continue;
            }
            '[' if !class => {
                class = true;
                out.push('[');
                if rest.peek() == Some(&'^') {
                    rest.next();
                    out.push('^');
                }
                if rest.peek() == Some(&']') {
                    rest.next();
                    out.push_str("\\]");
                }
            }
            '[' if rest.peek() == Some(&':') => {
                // A named class such as [:alnum:], up to its own bracket.
                out.push('[');
                for inner in rest.by_ref() {
                    out.push(inner);
                    if inner == ']' {
                        break;
                    }
                }
            }
            '[' => out.push_str("\\["),
            ']' => {
                class = false;
                out.push(']');
            }
            '&' | '~' if class => out.extend(['\\', character]),
            '-' if class && last == '-' => out.push_str("\\-"),
            '{' if !class && !is_repetition(rest.clone()) => out.push_str("\\{"),
            other => out.push(other),
        }
        last = character;
    }
    Cow::Owned(out)
}

/// `n}`, `n,}` or `n,m}`.
fn is_repetition(mut rest: impl Iterator<Item = char>) -> bool {
    let mut digits = false;
    let mut commas = 0;
    rest.find(|character| match character {
        '0'..='9' => {
            digits = true;
            false
        }
        ',' if digits && commas == 0 => {
            commas += 1;
            false
        }
        _ => true,
    }) == Some('}')
        && digits
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn pcre_is_read_as_pcre() {
        for (pattern, text, holds) in [
            ("^a.c$", "abc", true),
            (r"a\/b", "a/b", true),
            ("[[]a", "[a", true),
            ("a{", "a{", true),
            ("a{2}", "aa", true),
            ("[]x]", "]", true),
            ("[a&&b]", "&", true),
            ("[[:alnum:]_-]+$", "--", true),
            (r"\<x", "<x", true),
            ("(a)\\1", "aa", true),
            ("^(?!/api)", "/web", true),
            ("^(?!/api)", "/api", false),
            ("[^/:]*://", "http://", true),
        ] {
            assert_eq!(
                Pattern::new(pattern, false).unwrap().is_match(text.as_bytes()),
                holds,
                "{pattern} {text}"
            );
        }
        assert!(Pattern::new("a(", false).is_err());
        assert!(Pattern::new("ABC", true).unwrap().is_match(b"abc"));
    }

    #[test]
    fn replacing() {
        let replaced = |pattern: &str, text: &str, with: &str, all| {
            Pattern::new(pattern, false)
                .unwrap()
                .replace(text.as_bytes(), with.as_bytes(), all)
                .map(|out| String::from_utf8(out).unwrap())
        };
        assert_eq!(replaced("a", "aaa", "b", false).as_deref(), Some("baa"));
        assert_eq!(replaced("a", "aaa", "b", true).as_deref(), Some("bbb"));
        assert_eq!(replaced("(o+)(b)", "foobar", r"\2\1", false).as_deref(), Some("fbooar"));
        assert_eq!(replaced("x", "aaa", "b", true), None);
        assert_eq!(replaced("", "ab", "-", true).as_deref(), Some("-a-b-"));
    }
}
