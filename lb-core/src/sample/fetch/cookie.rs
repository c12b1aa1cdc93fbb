//! Cookies (manual 7.3.6: `req.cook`, `res.cook`).

use super::header::{Side, side_at};
use super::{Args, Built, Fetch, Row, fetch, with};
use crate::exchange::Exchange;
use crate::http::HeaderId;
use crate::sample::Needs::{Message, Request, Response};
use crate::sample::{Sample, Type, parse_int};
use haproxy_cfg_parser::raw;

pub(super) const ROWS: &[Row] = &[
    fetch("cook", Type::Str, Request, |args, _| values(args, Side::Request, text)),
    fetch("req.cook", Type::Str, Request, |args, _| values(args, Side::Request, text)),
    fetch("res.cook", Type::Str, Response, |args, _| values(args, Side::Response, text)),
    fetch("scook", Type::Str, Response, |args, _| values(args, Side::Response, text)),
    // An old name that reads whichever message is at hand.
    fetch("cookie", Type::Str, Message, |args, _| values(args, side_at(args.place), text)),
    fetch("set-cookie", Type::Str, Response, |args, _| values(args, Side::Response, text)),
    fetch("cook_val", Type::Int, Request, |args, _| values(args, Side::Request, integer)),
    fetch("req.cook_val", Type::Int, Request, |args, _| values(args, Side::Request, integer)),
    fetch("res.cook_val", Type::Int, Response, |args, _| values(args, Side::Response, integer)),
    fetch("scook_val", Type::Int, Response, |args, _| values(args, Side::Response, integer)),
    fetch("cook_cnt", Type::Int, Request, |args, _| count(args, Side::Request)),
    fetch("req.cook_cnt", Type::Int, Request, |args, _| count(args, Side::Request)),
    fetch("res.cook_cnt", Type::Int, Response, |args, _| count(args, Side::Response)),
    fetch("scook_cnt", Type::Int, Response, |args, _| count(args, Side::Response)),
    fetch("req.cook_names", Type::Str, Request, |args, _| names(args, Side::Request)),
    fetch("res.cook_names", Type::Str, Response, |args, _| names(args, Side::Response)),
];

fn text(value: &[u8]) -> Sample<'_> {
    Sample::str(value)
}

fn integer(value: &[u8]) -> Sample<'_> {
    Sample::Int(parse_int(value))
}

struct Values {
    /// None: every cookie.
    name: Option<Box<[u8]>>,
    side: Side,
    convert: for<'a> fn(&'a [u8]) -> Sample<'a>,
}

impl Values {
    fn new(args: &Args<'_>, side: Side, convert: for<'a> fn(&'a [u8]) -> Sample<'a>) -> Self {
        let name = args.text(0).filter(|name| !name.is_empty()).map(|name| (&*raw::bytes(name)).into());
        Self { name, side, convert }
    }

    fn matching<'a>(&'a self, exchange: &'a Exchange) -> impl Iterator<Item = &'a [u8]> {
        cookies(self.side, exchange)
            .filter(|(name, _)| self.name.as_deref().is_none_or(|wanted| wanted == *name))
            .map(|(_, value)| value)
    }
}

fn values(args: &Args<'_>, side: Side, convert: for<'a> fn(&'a [u8]) -> Sample<'a>) -> Built {
    Ok(Box::new(Values::new(args, side, convert)))
}

impl Fetch for Values {
    fn eval<'a>(&'a self, exchange: &'a Exchange) -> Option<Sample<'a>> {
        let mut found = self.matching(exchange);
        let value = if self.name.is_some() { found.last() } else { found.next() };
        value.map(self.convert)
    }

    fn any(&self, exchange: &Exchange, test: &mut dyn FnMut(Sample<'_>) -> bool) -> Option<bool> {
        let mut offered = false;
        for value in self.matching(exchange) {
            offered = true;
            if test((self.convert)(value)) {
                return Some(true);
            }
        }
        offered.then_some(false)
    }
}

fn count(args: &Args<'_>, side: Side) -> Built {
    with(Values::new(args, side, text), |values, exchange| {
        Some(Sample::int(values.matching(exchange).count()))
    })
}

fn names(args: &Args<'_>, side: Side) -> Built {
    let delimiter = args.text(0).and_then(|text| raw::bytes(text).first().copied()).unwrap_or(b',');
    with((side, delimiter), |(side, delimiter), exchange| {
        let mut out = Vec::new();
        for (name, _) in cookies(*side, exchange) {
            if !out.is_empty() {
                out.push(*delimiter);
            }
            out.extend_from_slice(name);
        }
        Some(Sample::owned(out))
    })
}

/// Names and values of a message's cookies: all of `Cookie`, the first pair of each `Set-Cookie`.
fn cookies(side: Side, exchange: &Exchange) -> impl Iterator<Item = (&[u8], &[u8])> {
    let (id, only_first) = match side {
        Side::Request => (HeaderId::Cookie, false),
        Side::Response => (HeaderId::SetCookie, true),
    };
    let lines = side.headers(exchange).values_of(id);
    lines.flat_map(move |line| pairs(line).take(if only_first { 1 } else { usize::MAX }))
}

/// The `name=value` pairs of a cookie header; what has no `=` is passed over. Quotes protect separators.
pub(crate) fn pairs(line: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = line;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let end = pair_end(rest);
            let pair = rest.get(..end).unwrap_or_default();
            rest = rest.get(end + 1..).unwrap_or_default();
            if let Some(equals) = memchr::memchr(b'=', pair) {
                let (name, value) = pair.split_at(equals);
                return Some((name.trim_ascii(), value.get(1..).unwrap_or_default().trim_ascii()));
            }
        }
        None
    })
}

fn pair_end(text: &[u8]) -> usize {
    if memchr::memchr(b'"', text).is_none() {
        return memchr::memchr2(b';', b',', text).unwrap_or(text.len());
    }
    let (mut quoted, mut escaped) = (false, false);
    for (index, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b';' | b',' if !quoted => return index,
            _ => {}
        }
    }
    text.len()
}
