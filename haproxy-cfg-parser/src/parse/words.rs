//! The words of one line, read past the end as empty like HAProxy does.

use crate::lex::Word;

/// The words of a line; [`Args::get`] beyond the last gives an empty text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Args<'a> {
    words: &'a [Word<'a>],
}

impl<'a> Args<'a> {
    pub(crate) fn new(words: &'a [Word<'a>]) -> Self {
        Self { words }
    }

    /// Word number `index`, keyword included; empty beyond the end.
    pub(crate) fn get(&self, index: usize) -> &'a str {
        self.words.get(index).map(|word| word.text.as_ref()).unwrap_or_default()
    }

    /// True if there is such a word, even an empty one.
    pub(crate) fn has(&self, index: usize) -> bool {
        index < self.words.len()
    }

    /// How many words, keyword included.
    pub(crate) fn len(&self) -> usize {
        self.words.len()
    }

    /// Where a word stands in its line.
    pub(crate) fn span(&self, index: usize) -> Option<(u32, u32)> {
        self.words.get(index).map(|word| word.span)
    }

    /// The words from `index` on, with their places.
    pub(crate) fn words(&self, index: usize) -> &'a [Word<'a>] {
        self.words.get(index..).unwrap_or_default()
    }

    /// The words from `index` on.
    pub(crate) fn rest(&self, index: usize) -> Vec<&'a str> {
        self.words.iter().skip(index).map(|word| word.text.as_ref()).collect()
    }

    /// The words from `index` on, owned.
    pub(crate) fn owned(&self, index: usize) -> Vec<String> {
        self.words.iter().skip(index).map(|word| word.text.to_string()).collect()
    }

    /// Without the first `count` words.
    pub(crate) fn skip(&self, count: usize) -> Self {
        Self { words: self.words.get(count..).unwrap_or_default() }
    }
}
