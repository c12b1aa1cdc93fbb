//! Matchers (manual 7.1.2 to 7.1.6): patterns in the structure that suits them.

use super::cidr::Networks;
use super::pattern::Pattern;
use super::ranges::{Ranges, parse_ranges};
use super::strings::{Exact, Fold, Prefixes, Substrings};
use super::words::Words;
use crate::sample::{Sample, Type};
use haproxy_cfg_parser::raw;
use std::borrow::Cow;

/// Flags of an ACL line that change how patterns are read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// `-i`.
    pub ignore_case: bool,
    /// Host names among addresses are looked up; off with `-n`.
    pub resolve: bool,
}

/// A matcher's name and how it is built.
pub(super) struct Row {
    /// As after `-m`.
    pub(super) name: &'static str,
    build: fn(&[&str], Options) -> Result<Matcher, String>,
}

pub(super) const ROWS: &[Row] = &[
    Row { name: "found", build: |_, _| Ok(Matcher::Found) },
    Row { name: "bool", build: |_, _| Ok(Matcher::Bool) },
    Row { name: "int", build: |patterns, _| Ok(Matcher::Int(parse_ranges(patterns)?)) },
    Row { name: "len", build: |patterns, _| Ok(Matcher::Length(parse_ranges(patterns)?)) },
    Row {
        name: "ip",
        build: |patterns, options| Ok(Matcher::Ip(Networks::parse(patterns, options.resolve)?)),
    },
    Row { name: "bin", build: |patterns, _| Ok(Matcher::Bytes(Exact::new(unhex(patterns)?, false))) },
    Row {
        name: "str",
        build: |patterns, options| Ok(Matcher::Exact(Exact::new(bytes(patterns), options.ignore_case))),
    },
    Row {
        name: "beg",
        build: |patterns, options| Ok(Matcher::Prefix(Prefixes::new(bytes(patterns), options.ignore_case))),
    },
    Row {
        name: "end",
        build: |patterns, options| {
            let reversed =
                bytes(patterns).into_iter().map(|pattern| pattern.into_iter().rev().collect()).collect();
            Ok(Matcher::Suffix(Prefixes::new(reversed, options.ignore_case)))
        },
    },
    Row {
        name: "sub",
        build: |patterns, options| {
            Ok(Matcher::Substring(Box::new(Substrings::new(patterns, options.ignore_case)?)))
        },
    },
    Row {
        name: "dir",
        build: |patterns, options| Ok(Matcher::Words(Words::new(patterns, b"/?", options.ignore_case))),
    },
    Row {
        name: "dom",
        build: |patterns, options| Ok(Matcher::Words(Words::new(patterns, b"/?.:", options.ignore_case))),
    },
    Row {
        name: "reg",
        build: |patterns, options| {
            let patterns: Result<Vec<_>, _> =
                patterns.iter().map(|pattern| Pattern::new(pattern, options.ignore_case)).collect();
            Ok(Matcher::Regex(patterns?))
        },
    },
    Row { name: "auth", build: |patterns, _| Ok(Matcher::Group(Exact::new(bytes(patterns), false))) },
    Row {
        name: "method",
        build: |patterns, options| Ok(Matcher::Method(methods(patterns), options.ignore_case)),
    },
];

/// A compiled set of patterns.
#[derive(Debug)]
pub enum Matcher {
    /// `found`: any value.
    Found,
    /// `bool`: a value that is not zero.
    Bool,
    /// `int`.
    Int(Ranges<i64>),
    /// `len`: the length of a string.
    Length(Ranges<i64>),
    /// `ip`.
    Ip(Networks),
    /// `bin`.
    Bytes(Exact),
    /// `str`.
    Exact(Exact),
    /// `beg`.
    Prefix(Prefixes),
    /// `end`, over reversed text.
    Suffix(Prefixes),
    /// `sub`.
    Substring(Box<Substrings>),
    /// `dir`, `dom`.
    Words(Words),
    /// `reg`.
    Regex(Vec<Pattern>),
    /// `auth`, of `http_auth_group`: groups of the user, not the sample.
    Group(Exact),
    /// `method`: tokens; `-i` has no effect on the known ones.
    Method(Vec<Box<[u8]>>, bool),
}

impl Matcher {
    /// Compiles patterns for a matcher by name; the error says which pattern is wrong and why.
    pub fn compile(name: &str, patterns: &[&str], options: Options) -> Result<Self, String> {
        let row = ROWS.iter().find(|row| row.name == name);
        let row = row.ok_or_else(|| format!("matching method '{name}' is not supported yet"))?;
        (row.build)(patterns, options)
    }

    /// True when the sample matches one of the patterns.
    #[inline]
    pub fn matches(&self, sample: Sample<'_>) -> bool {
        match self {
            Self::Found => true,
            Self::Bool => sample.to_bool().unwrap_or(false),
            Self::Int(ranges) => sample.to_int().is_some_and(|value| ranges.contains(value)),
            Self::Length(ranges) => text(sample)
                .is_some_and(|text| i64::try_from(text.len()).is_ok_and(|len| ranges.contains(len))),
            Self::Ip(networks) => sample.to_ip().is_some_and(|address| networks.contains(address)),
            Self::Bytes(set) => sample.into_bin().is_some_and(|bytes| set.contains(&bytes)),
            Self::Exact(set) | Self::Group(set) => text(sample).is_some_and(|text| set.contains(&text)),
            Self::Prefix(set) => text(sample).is_some_and(|text| set.any_prefix_of(&text)),
            Self::Suffix(set) => text(sample).is_some_and(|text| {
                let fold = Fold::reversed(&text, set.longest());
                set.any_prefix_of(&fold)
            }),
            Self::Substring(set) => text(sample).is_some_and(|text| set.any_in(&text)),
            Self::Words(words) => text(sample).is_some_and(|text| words.any_in(&text)),
            Self::Regex(patterns) => {
                text(sample).is_some_and(|text| patterns.iter().any(|pattern| pattern.is_match(&text)))
            }
            Self::Method(tokens, _) => {
                text(sample).is_some_and(|text| tokens.iter().any(|token| **token == *text))
            }
        }
    }
}

#[inline]
fn text(sample: Sample<'_>) -> Option<Cow<'_, [u8]>> {
    sample.cast(Type::Str).map(Sample::into_bytes)
}

fn bytes(patterns: &[&str]) -> Vec<Vec<u8>> {
    patterns.iter().map(|pattern| raw::bytes(pattern).into_owned()).collect()
}

fn unhex(patterns: &[&str]) -> Result<Vec<Vec<u8>>, String> {
    let parse = |pattern: &&str| {
        crate::sample::fetch::unhex(pattern.as_bytes())
            .ok_or_else(|| format!("'{pattern}' is not made of hexadecimal digits, two for each byte"))
    };
    patterns.iter().map(parse).collect()
}

fn methods(patterns: &[&str]) -> Vec<Box<[u8]>> {
    patterns.iter().map(|pattern| (&*raw::bytes(pattern)).into()).collect()
}
