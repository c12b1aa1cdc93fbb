//! `normalize-uri` (manual 4.2; RFC 3986 6.2.2).

use super::{Build, Built, REQUEST, Row, act, action};
use crate::exchange::{Cause, Exchange, Phase};
use crate::rule::{Reply, Verdict, error_reply};
use std::borrow::Cow;

pub(super) const ROWS: &[Row] = &[action("normalize-uri", REQUEST, normalize)];

/// The normal form of a path, a query, or both with a fragment; an error where it is broken and that is not allowed.
type Normalizer = for<'a> fn(&'a [u8], bool) -> Result<Cow<'a, [u8]>, Broken>;

/// A percent sign without two hexadecimal digits, under `strict`.
#[derive(Debug, PartialEq, Eq)]
struct Broken;

/// What of a target a normalizer works on.
#[derive(Clone, Copy)]
enum Part {
    Whole,
    Path,
    Query,
}

fn normalize(build: &mut Build<'_, '_>) -> Built {
    let (part, normalizer): (Part, Normalizer) = match build.text(0)? {
        "fragment-encode" => (Part::Whole, |text, _| Ok(encode_fragment(text))),
        "fragment-strip" => {
            (Part::Whole, |text, _| Ok(text.split(|byte| *byte == b'#').next().unwrap_or(text).into()))
        }
        "path-merge-slashes" => (Part::Path, |text, _| Ok(merge_slashes(text).into())),
        "path-strip-dot" => (Part::Path, |text, _| Ok(strip_dot(text).into())),
        "path-strip-dotdot" => (Part::Path, |text, full| Ok(strip_dotdot(text, full).into())),
        "percent-decode-unreserved" => (Part::Whole, |text, strict| percent(text, strict, decoded)),
        "percent-to-uppercase" => (Part::Whole, |text, strict| percent(text, strict, upper)),
        "query-sort-by-name" => (Part::Query, |text, _| Ok(sort(text).into())),
        other => return Err(format!("unknown normalizer '{other}'").into()),
    };
    let option = build.has("strict") || build.has("full");
    act((part, normalizer, option), |(part, normalizer, option), exchange| {
        match apply(exchange.request.path_and_query(), *part, *normalizer, *option) {
            Ok(Some(new)) => exchange.request.set_path_and_query(&new),
            Ok(None) => {}
            Err(Broken) => return refuse(exchange),
        }
        Verdict::Continue
    })
}

/// 400, `PR--`.
fn refuse(exchange: &mut Exchange) -> Verdict {
    Verdict::Reply(Reply {
        message: error_reply(exchange, 400),
        denied: false,
        cause: Cause::Proxy,
        phase: Phase::Request,
    })
}

/// The new path and query; none where nothing changes.
fn apply(whole: &[u8], part: Part, normalizer: Normalizer, option: bool) -> Result<Option<Vec<u8>>, Broken> {
    let mark = memchr::memchr(b'?', whole);
    let (path, query) = whole.split_at(mark.unwrap_or(whole.len()));
    let new = match (part, query.split_first()) {
        (Part::Whole, _) => normalizer(whole, option)?.into_owned(),
        (Part::Path, _) => [&*normalizer(path, option)?, query].concat(),
        (Part::Query, None) => return Ok(None),
        (Part::Query, Some((mark, query))) => [path, &[*mark], &*normalizer(query, option)?].concat(),
    };
    Ok((new != whole).then_some(new))
}

fn encode_fragment(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'#') {
        return text.into();
    }
    text.split(|byte| *byte == b'#').collect::<Vec<_>>().join(&b"%23"[..]).into()
}

fn merge_slashes(path: &[u8]) -> Vec<u8> {
    let mut out = path.to_vec();
    out.dedup_by(|next, last| *next == b'/' && *last == b'/');
    out
}

/// Segments `.` go; one at the end leaves its slash.
fn strip_dot(path: &[u8]) -> Vec<u8> {
    rebuild(path, |segments, segment, last| match segment {
        b"." => {
            if last {
                segments.push(b"");
            }
        }
        other => segments.push(other),
    })
}

/// Segments `..` take the one before them along; where there is none they stay, or go with `full`.
fn strip_dotdot(path: &[u8], full: bool) -> Vec<u8> {
    rebuild(path, |segments, segment, last| {
        if segment != b".." {
            return segments.push(segment);
        }
        match segments.last() {
            // The segment before the first slash is none.
            Some(&before) if segments.len() > 1 && before != b".." => {
                segments.pop();
            }
            _ if full => {}
            _ => return segments.push(segment),
        }
        if last {
            segments.push(b"");
        }
    })
}

/// Puts a path together from what `take` keeps of its segments; the last one is told.
fn rebuild<'a>(path: &'a [u8], take: impl Fn(&mut Vec<&'a [u8]>, &'a [u8], bool)) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut segments = path.split(|byte| *byte == b'/').peekable();
    while let Some(segment) = segments.next() {
        take(&mut kept, segment, segments.peek().is_none());
    }
    kept.join(&b'/')
}

/// Each `%XX` becomes what `change` says; others stay or are refused.
fn percent(
    text: &[u8],
    strict: bool,
    change: fn([u8; 2], u8) -> Option<Vec<u8>>,
) -> Result<Cow<'_, [u8]>, Broken> {
    if !text.contains(&b'%') {
        return Ok(text.into());
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'%', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        let escape = rest.first_chunk::<2>().and_then(|digits| {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            let value = digit(digits[0])? << 4 | digit(digits[1])?;
            Some((*digits, u8::try_from(value).ok()?))
        });
        match escape {
            Some((digits, value)) => {
                match change(digits, value) {
                    Some(changed) => out.extend_from_slice(&changed),
                    None => out.extend_from_slice(&[b'%', digits[0], digits[1]]),
                }
                rest = &rest[2..];
            }
            None if strict => return Err(Broken),
            None => out.push(b'%'),
        }
    }
    out.extend_from_slice(rest);
    Ok(out.into())
}

fn decoded(_: [u8; 2], value: u8) -> Option<Vec<u8>> {
    (value.is_ascii_alphanumeric() || b"-._~".contains(&value)).then(|| vec![value])
}

fn upper(digits: [u8; 2], _: u8) -> Option<Vec<u8>> {
    Some(vec![b'%', digits[0].to_ascii_uppercase(), digits[1].to_ascii_uppercase()])
}

/// By name, shorter ones first; equal names keep their order.
fn sort(query: &[u8]) -> Vec<u8> {
    let mut parameters: Vec<&[u8]> = query.split(|byte| *byte == b'&').collect();
    parameters.sort_by_key(|parameter| parameter.split(|byte| *byte == b'=').next());
    parameters.join(&b"&"[..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(part: Part, normalizer: Normalizer, option: bool, cases: &[(&str, &str)]) {
        for (target, normal) in cases {
            let found = apply(target.as_bytes(), part, normalizer, option);
            let found = found.map(|new| new.unwrap_or_else(|| target.as_bytes().to_vec()));
            assert_eq!(found, Ok(normal.as_bytes().to_vec()), "{target}");
        }
    }

    #[test]
    fn paths() {
        check(
            Part::Path,
            |text, _| Ok(merge_slashes(text).into()),
            false,
            &[("//", "/"), ("/foo//bar?a//b", "/foo/bar?a//b"), ("///a///", "/a/")],
        );
        check(
            Part::Path,
            |text, _| Ok(strip_dot(text).into()),
            false,
            &[
                ("/.", "/"),
                ("/./bar/", "/bar/"),
                ("/a/./a", "/a/a"),
                ("/.well-known/", "/.well-known/"),
                ("/a/.?x=/./", "/a/?x=/./"),
            ],
        );
        let dotdot: Normalizer = |text, full| Ok(strip_dotdot(text, full).into());
        check(
            Part::Path,
            dotdot,
            false,
            &[
                ("/foo/../", "/"),
                ("/foo/../bar/", "/bar/"),
                ("/foo/bar/../", "/foo/"),
                ("/../bar/", "/../bar/"),
                ("/bar/../../", "/../"),
                ("/foo//../", "/foo/"),
                ("/foo/bar/..", "/foo/"),
            ],
        );
        check(Part::Path, dotdot, true, &[("/../bar/", "/bar/"), ("/bar/../../", "/"), ("/..", "/")]);
    }

    #[test]
    fn escapes() {
        let decode: Normalizer = |text, strict| percent(text, strict, decoded);
        check(
            Part::Whole,
            decode,
            false,
            &[
                ("/%61dmin", "/admin"),
                ("/foo%3Fbar=baz", "/foo%3Fbar=baz"),
                ("/%%36%36", "/%66"),
                ("/%ZZ", "/%ZZ"),
            ],
        );
        assert_eq!(apply(b"/%ZZ", Part::Whole, decode, true), Err(Broken));
        assert_eq!(apply(b"/%%36", Part::Whole, decode, true), Err(Broken));
        let uppercase: Normalizer = |text, strict| percent(text, strict, upper);
        check(Part::Whole, uppercase, false, &[("/%6f", "/%6F"), ("/%zz", "/%zz"), ("/a%", "/a%")]);
        assert_eq!(apply(b"/%6", Part::Whole, uppercase, true), Err(Broken));
    }

    #[test]
    fn queries_and_fragments() {
        check(
            Part::Query,
            |text, _| Ok(sort(text).into()),
            false,
            &[
                ("/?c=3&a=1&b=2", "/?a=1&b=2&c=3"),
                ("/?aaa=3&a=1&aa=2", "/?a=1&aa=2&aaa=3"),
                ("/?a=3&b=4&a=1&b=5&a=2", "/?a=3&a=1&a=2&b=4&b=5"),
                ("/x", "/x"),
            ],
        );
        check(Part::Whole, |text, _| Ok(encode_fragment(text)), false, &[("/#foo", "/%23foo")]);
    }
}
