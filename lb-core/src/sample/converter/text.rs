//! Strings: case, trimming, fields and words, regular expressions.

use super::{Args, Built, Row, convert, plain, with};
use crate::acl::Pattern;
use crate::sample::{Sample, Type, VarKey};
use haproxy_cfg_parser::raw;
use std::borrow::Cow;

pub(super) const ROWS: &[Row] = &[
    convert("lower", Type::Str, Type::Str, |_, _| {
        plain(|input| {
            Some(Sample::Str(change(
                input.into_bytes(),
                u8::is_ascii_uppercase,
                <[u8]>::make_ascii_lowercase,
            )))
        })
    }),
    convert("upper", Type::Str, Type::Str, |_, _| {
        plain(|input| {
            Some(Sample::Str(change(
                input.into_bytes(),
                u8::is_ascii_lowercase,
                <[u8]>::make_ascii_uppercase,
            )))
        })
    }),
    convert("length", Type::Str, Type::Int, |_, _| {
        plain(|input| Some(Sample::int(input.into_bytes().len())))
    }),
    convert("ltrim", Type::Str, Type::Str, |args, _| {
        with(raw::bytes(args.required(0)?).into_owned(), |set, input, _| {
            let text = input.into_bytes();
            let start = text.iter().position(|byte| !set.contains(byte)).unwrap_or(text.len());
            Some(Sample::Str(slice(text, start, usize::MAX)))
        })
    }),
    convert("rtrim", Type::Str, Type::Str, |args, _| {
        with(raw::bytes(args.required(0)?).into_owned(), |set, input, _| {
            let text = input.into_bytes();
            let end = text.iter().rposition(|byte| !set.contains(byte)).map_or(0, |last| last + 1);
            Some(Sample::Str(slice(text, 0, end)))
        })
    }),
    convert("cut_crlf", Type::Str, Type::Str, |_, _| {
        plain(|input| {
            let text = input.into_bytes();
            let end = memchr::memchr2(b'\r', b'\n', &text).unwrap_or(text.len());
            Some(Sample::Str(slice(text, 0, end)))
        })
    }),
    convert("reverse", Type::Str, Type::Str, |_, _| {
        plain(|input| Some(Sample::owned(input.into_bytes().iter().rev().copied().collect())))
    }),
    convert("field", Type::Str, Type::Str, |args, _| Built::Ok(Box::new(Pieces::new(args, false)?))),
    convert("word", Type::Str, Type::Str, |args, _| Built::Ok(Box::new(Pieces::new(args, true)?))),
    convert("strcmp", Type::Str, Type::Int, |args, _| {
        with(variable(args)?, |key, input, exchange| {
            let (left, right) = (input.into_bytes(), exchange.var(*key)?.into_bytes());
            Some(Sample::Int(compare(&left, &right)))
        })
    }),
    convert("secure_memcmp", Type::Str, Type::Bool, |args, _| {
        with(variable(args)?, |key, input, exchange| {
            let (left, right) = (input.into_bytes(), exchange.var(*key)?.into_bytes());
            let same = left.len() == right.len()
                && left.iter().zip(&*right).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0;
            Some(Sample::Bool(same))
        })
    }),
    convert("concat", Type::Str, Type::Str, |args, _| {
        let start = raw::bytes(args.text(0).unwrap_or_default()).into_owned();
        let end = raw::bytes(args.text(2).unwrap_or_default()).into_owned();
        with((start, args.var(1)?, end), |(start, key, end), input, exchange| {
            let mut out = input.into_bytes().into_owned();
            out.extend_from_slice(start);
            if let Some(value) = key.and_then(|key| exchange.var(key)) {
                value.write_text(&mut out);
            }
            out.extend_from_slice(end);
            Some(Sample::owned(out))
        })
    }),
    convert("add_item", Type::Str, Type::Str, |args, _| {
        let delimiter = raw::bytes(args.required(0)?).into_owned();
        let suffix = raw::bytes(args.text(2).unwrap_or_default()).into_owned();
        with((delimiter, args.var(1)?, suffix), |(delimiter, key, suffix), input, exchange| {
            let mut out = input.into_bytes().into_owned();
            let value = key.and_then(|key| exchange.var(key)?.cast(Type::Str));
            if value.is_none() && suffix.is_empty() {
                return Some(Sample::owned(out));
            }
            if !out.is_empty() {
                out.extend_from_slice(delimiter);
            }
            if let Some(value) = value {
                value.write_text(&mut out);
            }
            out.extend_from_slice(suffix);
            Some(Sample::owned(out))
        })
    }),
    convert("regsub", Type::Str, Type::Str, regsub),
    convert("host_only", Type::Str, Type::Str, |_, _| {
        plain(|input| {
            let text = input.into_bytes();
            let end = host_end(&text);
            let host = slice(text, 0, end);
            Some(Sample::Str(change(host, u8::is_ascii_uppercase, <[u8]>::make_ascii_lowercase)))
        })
    }),
    convert("port_only", Type::Str, Type::Int, |_, _| {
        plain(|input| {
            let text = input.into_bytes();
            let port = text.get(host_end(&text) + 1..).unwrap_or_default();
            // Whatever stands there is taken for digits, as HAProxy does.
            let number = port.iter().fold(0u32, |number, byte| {
                number.wrapping_mul(10).wrapping_add(u32::from(*byte).wrapping_sub(u32::from(b'0')))
            });
            Some(Sample::int(number))
        })
    }),
];

/// Changes case only where something changes.
fn change<'a>(text: Cow<'a, [u8]>, needed: fn(&u8) -> bool, apply: fn(&mut [u8])) -> Cow<'a, [u8]> {
    if !text.iter().any(needed) {
        return text;
    }
    let mut text = text.into_owned();
    apply(&mut text);
    Cow::Owned(text)
}

/// The bytes from `start` to `end`, as far as they are there.
pub(super) fn slice(text: Cow<'_, [u8]>, start: usize, end: usize) -> Cow<'_, [u8]> {
    let end = end.min(text.len());
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(start..end).unwrap_or_default()),
        Cow::Owned(text) => Cow::Owned(text.get(start..end).unwrap_or_default().to_vec()),
    }
}

fn variable(args: &Args<'_>) -> Result<VarKey, String> {
    args.var(0)?.ok_or_else(|| "missing variable name".into())
}

/// As strncmp and strlen order them.
fn compare(left: &[u8], right: &[u8]) -> i64 {
    match left.iter().zip(right).find(|(a, b)| a != b) {
        Some((a, b)) => i64::from(*a) - i64::from(*b),
        None => match left.len().cmp(&right.len()) {
            std::cmp::Ordering::Less => -1,
            std::cmp::Ordering::Equal => 0,
            std::cmp::Ordering::Greater => 1,
        },
    }
}

/// Where the host of `host[:port]` ends; brackets protect the colons of IPv6.
fn host_end(text: &[u8]) -> usize {
    let after = if text.first() == Some(&b'[') { memchr::memchr(b']', text).unwrap_or(0) } else { 0 };
    let rest = text.get(after..).unwrap_or_default();
    memchr::memchr(b':', rest).map_or(text.len(), |colon| after + colon)
}

/// `field` and `word`: pieces between delimiters, from 1, or from -1 backwards; `count` of them, 0 for all.
struct Pieces {
    index: i64,
    delimiters: Vec<u8>,
    count: usize,
    /// `word`: runs of delimiters are one.
    skip_empty: bool,
}

impl Pieces {
    fn new(args: &Args<'_>, skip_empty: bool) -> Result<Self, String> {
        let index = args.int(0)?.filter(|index| *index != 0).ok_or("the index must not be 0")?;
        let count = args.int(2)?.unwrap_or(1);
        let count = usize::try_from(count).map_err(|_| "the count must not be negative".to_owned())?;
        Ok(Self { index, delimiters: raw::bytes(args.required(1)?).into_owned(), count, skip_empty })
    }

    /// The range of the pieces asked for; none where the index is beyond them.
    fn range(&self, text: &[u8]) -> Option<(usize, usize)> {
        let mut spans = Vec::new();
        let mut start = 0;
        for (at, _) in text.iter().enumerate().filter(|(_, byte)| self.delimiters.contains(byte)) {
            spans.push((start, at));
            start = at + 1;
        }
        spans.push((start, text.len()));
        if self.skip_empty {
            spans.retain(|(start, end)| start < end);
        }
        let wanted = usize::try_from(self.index.unsigned_abs()).ok()? - 1;
        let count = if self.count == 0 { spans.len() } else { self.count };
        if self.index > 0 {
            let (start, _) = *spans.get(wanted)?;
            let (_, end) = *spans.get((wanted + count).min(spans.len()) - 1)?;
            return Some((start, end));
        }
        spans.reverse();
        let (_, end) = *spans.get(wanted)?;
        let (start, _) = *spans.get((wanted + count).min(spans.len()) - 1)?;
        Some((start, end))
    }
}

impl super::Converter for Pieces {
    fn apply<'a>(&'a self, input: Sample<'a>, _: &'a crate::exchange::Exchange) -> Option<Sample<'a>> {
        let text = input.into_bytes();
        let (start, end) = self.range(&text)?;
        Some(Sample::Str(slice(text, start, end)))
    }
}

/// `regsub(regex,substitute[,flags])`: `\1` to `\9` are groups; flags `g` (all) and `i` (ignore case).
fn regsub(args: &Args<'_>, _: &mut crate::compile::Context<'_>) -> Built {
    let flags = args.text(2).unwrap_or_default();
    if let Some(flag) = flags.chars().find(|flag| !"gi".contains(*flag)) {
        return Err(format!("invalid regex flag '{flag}', only 'i' and 'g' are supported"));
    }
    let pattern = Pattern::new(args.required(0)?, flags.contains('i'))?;
    let with_text = raw::bytes(args.text(1).unwrap_or_default()).into_owned();
    with((pattern, with_text, flags.contains('g')), |(pattern, with_text, all), input, _| {
        let text = input.into_bytes();
        Some(match pattern.replace(&text, with_text, *all) {
            Some(changed) => Sample::owned(changed),
            None => Sample::Str(text),
        })
    })
}
