//! Words between delimiters: `dir` in paths, `dom` in host names.

use haproxy_cfg_parser::raw;

/// Words that a text may contain between delimiters.
#[derive(Debug)]
pub struct Words {
    words: Vec<Box<[u8]>>,
    delimiters: &'static [u8],
    ignore_case: bool,
}

impl Words {
    /// A set of words; delimiters at their ends are dropped.
    pub fn new(patterns: &[&str], delimiters: &'static [u8], ignore_case: bool) -> Self {
        let words = patterns.iter().map(|pattern| trim(&raw::bytes(pattern), delimiters).into()).collect();
        Self { words, delimiters, ignore_case }
    }

    /// True when one of them stands in the text between delimiters or its ends.
    pub fn any_in(&self, text: &[u8]) -> bool {
        self.words.iter().any(|word| self.is_in(word, text))
    }

    fn is_in(&self, word: &[u8], text: &[u8]) -> bool {
        let at_word = |start: usize| {
            start == 0 || text.get(start - 1).is_some_and(|byte| self.delimiters.contains(byte))
        };
        let ends = |end: usize| text.get(end).is_none_or(|byte| self.delimiters.contains(byte));
        if word.is_empty() {
            return false;
        }
        text.windows(word.len()).enumerate().any(|(start, window)| {
            at_word(start)
                && (if self.ignore_case { window.eq_ignore_ascii_case(word) } else { window == word })
                && ends(start + word.len())
        })
    }
}

fn trim<'a>(mut word: &'a [u8], delimiters: &[u8]) -> &'a [u8] {
    while let [first, rest @ ..] = word
        && delimiters.contains(first)
    {
        word = rest;
    }
    while let [rest @ .., last] = word
        && delimiters.contains(last)
    {
        word = rest;
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Read off haproxy 2.6.12.
    #[test]
    fn words_stand_between_delimiters() {
        for (word, text, dir, dom) in [
            ("b", "/a/b/c", true, true),
            ("b", "b", true, true),
            ("/b/", "/a/b", true, true),
            ("a/b", "/a/b?c", true, true),
            ("b", "/a?b", true, true),
            ("b", "/a.b", false, true),
            ("b", "/bb/b/x", true, true),
            (".b.", "a.b/x", false, true),
            ("b.c", "a.b.c:80", false, true),
            ("b", "a-b", false, false),
        ] {
            assert_eq!(Words::new(&[word], b"/?", false).any_in(text.as_bytes()), dir, "dir {word} {text}");
            assert_eq!(Words::new(&[word], b"/?.:", false).any_in(text.as_bytes()), dom, "dom {word} {text}");
        }
    }
}
