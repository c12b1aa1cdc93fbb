//! Sets of strings: equal, prefixes, substrings.

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};
use haproxy_cfg_parser::raw;
use smallvec::SmallVec;
use std::collections::HashSet;
use std::ops::Deref;

/// From how many patterns on a hash pays over a walk.
const FEW: usize = 8;

/// Text that was folded for a look-up, on the stack where it is short.
pub(super) struct Fold(SmallVec<[u8; 128]>);

impl Deref for Fold {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Fold {
    fn lower(text: &[u8]) -> Self {
        Self(text.iter().map(u8::to_ascii_lowercase).collect())
    }

    /// The last `most` bytes, backwards.
    pub(super) fn reversed(text: &[u8], most: usize) -> Self {
        Self(text.iter().rev().take(most).copied().collect())
    }
}

/// Whole strings.
#[derive(Debug)]
pub struct Exact {
    few: Vec<Box<[u8]>>,
    many: HashSet<Box<[u8]>>,
    ignore_case: bool,
    longest: usize,
}

impl Exact {
    /// A set of strings.
    pub fn new(patterns: Vec<Vec<u8>>, ignore_case: bool) -> Self {
        let longest = patterns.iter().map(Vec::len).max().unwrap_or(0);
        let mut patterns: Vec<Box<[u8]>> = patterns.into_iter().map(Vec::into_boxed_slice).collect();
        if patterns.len() <= FEW {
            return Self { few: patterns, many: HashSet::new(), ignore_case, longest };
        }
        if ignore_case {
            patterns.iter_mut().for_each(|pattern| pattern.make_ascii_lowercase());
        }
        Self { few: Vec::new(), many: patterns.into_iter().collect(), ignore_case, longest }
    }

    /// True when the text is one of them.
    #[inline]
    pub fn contains(&self, text: &[u8]) -> bool {
        if self.many.is_empty() {
            return self.few.iter().any(|pattern| {
                if self.ignore_case { pattern.eq_ignore_ascii_case(text) } else { **pattern == *text }
            });
        }
        // Nothing longer than the longest can be equal, so folding is bounded by the patterns.
        text.len() <= self.longest
            && if self.ignore_case {
                self.many.contains(&*Fold::lower(text))
            } else {
                self.many.contains(text)
            }
    }
}

/// Strings that a text may begin with, none of which begins with another, in order: the only candidate for a text
/// is the last one that is not greater.
#[derive(Debug)]
pub struct Prefixes {
    sorted: Box<[Box<[u8]>]>,
    ignore_case: bool,
    longest: usize,
}

impl Prefixes {
    /// A set of prefixes.
    pub fn new(mut patterns: Vec<Vec<u8>>, ignore_case: bool) -> Self {
        if ignore_case {
            patterns.iter_mut().for_each(|pattern| pattern.make_ascii_lowercase());
        }
        patterns.sort_unstable();
        let mut sorted: Vec<Box<[u8]>> = Vec::with_capacity(patterns.len());
        for pattern in patterns {
            if !sorted.last().is_some_and(|last| pattern.starts_with(last)) {
                sorted.push(pattern.into());
            }
        }
        let longest = sorted.iter().map(|pattern| pattern.len()).max().unwrap_or(0);
        Self { sorted: sorted.into(), ignore_case, longest }
    }

    /// The length of the longest one.
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// True when the text begins with one of them.
    #[inline]
    pub fn any_prefix_of(&self, text: &[u8]) -> bool {
        if let [only] = &*self.sorted {
            let Some(start) = text.get(..only.len()) else { return false };
            return if self.ignore_case { start.eq_ignore_ascii_case(only) } else { *start == **only };
        }
        let start = text.get(..self.longest).unwrap_or(text);
        if self.ignore_case { self.search(&Fold::lower(start)) } else { self.search(start) }
    }

    fn search(&self, text: &[u8]) -> bool {
        let after = self.sorted.partition_point(|pattern| **pattern <= *text);
        after > 0 && self.sorted.get(after - 1).is_some_and(|pattern| text.starts_with(pattern))
    }
}

/// Strings that a text may contain.
#[derive(Debug)]
pub struct Substrings {
    one: Option<memchr::memmem::Finder<'static>>,
    many: Option<AhoCorasick>,
}

impl Substrings {
    /// A set of substrings; the error says that they are too many for an automaton.
    pub fn new(patterns: &[&str], ignore_case: bool) -> Result<Self, String> {
        if let ([only], false) = (patterns, ignore_case) {
            return Ok(Self {
                one: Some(memchr::memmem::Finder::new(&*raw::bytes(only)).into_owned()),
                many: None,
            });
        }
        let many = AhoCorasickBuilder::new()
            .ascii_case_insensitive(ignore_case)
            .build(patterns.iter().map(|pattern| raw::bytes(pattern)))
            .map_err(|error| format!("cannot build a search for these patterns: {error}"))?;
        Ok(Self { one: None, many: Some(many) })
    }

    /// True when the text contains one of them.
    #[inline]
    pub fn any_in(&self, text: &[u8]) -> bool {
        match (&self.one, &self.many) {
            (Some(one), _) => one.find(text).is_some(),
            (None, Some(many)) => many.is_match(text),
            (None, None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn patterns() -> impl Strategy<Value = Vec<String>> {
        proptest::collection::vec("[abAB]{0,4}", 0..20)
    }

    proptest! {
        #[test]
        fn sets_equal_the_linear_walk(patterns in patterns(), text in "[abAB]{0,6}", ignore_case: bool) {
            let fold = |text: &str| if ignore_case { text.to_ascii_lowercase() } else { text.to_owned() };
            let bytes: Vec<Vec<u8>> = patterns.iter().map(|pattern| pattern.as_bytes().to_vec()).collect();
            let (text, folded): (String, Vec<String>) = (fold(&text), patterns.iter().map(|p| fold(p)).collect());
            let exact = Exact::new(bytes.clone(), ignore_case);
            prop_assert_eq!(exact.contains(text.as_bytes()), folded.contains(&text));
            let prefixes = Prefixes::new(bytes, ignore_case);
            prop_assert_eq!(prefixes.any_prefix_of(text.as_bytes()), folded.iter().any(|p| text.starts_with(p)));
            let references: Vec<&str> = patterns.iter().map(String::as_str).collect();
            let substrings = Substrings::new(&references, ignore_case).unwrap();
            prop_assert_eq!(substrings.any_in(text.as_bytes()), folded.iter().any(|p| text.contains(p.as_str())));
        }
    }
}
