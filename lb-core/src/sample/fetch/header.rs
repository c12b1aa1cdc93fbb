//! Header fields of the message at hand (manual 7.3.6, 7.3.7).

use super::{Args, Built, Fetch, Row, fetch, pick, with};
use crate::exchange::Exchange;
use crate::http::{HeaderKey, Headers};
use crate::sample::Needs::{Message, Request, Response};
use crate::sample::{Place, Sample, Type, parse_int};
use haproxy_cfg_parser::raw;
use memchr::memchr;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

pub(super) const ROWS: &[Row] = &[
    fetch("hdr", Type::Str, Message, |args, _| values(args, side(args), Split::Elements, text)),
    fetch("req.hdr", Type::Str, Request, |args, _| values(args, Side::Request, Split::Elements, text)),
    fetch("res.hdr", Type::Str, Response, |args, _| values(args, Side::Response, Split::Elements, text)),
    fetch("req.fhdr", Type::Str, Request, |args, _| values(args, Side::Request, Split::Lines, text)),
    fetch("res.fhdr", Type::Str, Response, |args, _| values(args, Side::Response, Split::Lines, text)),
    fetch("hdr_val", Type::Int, Message, |args, _| values(args, side(args), Split::Elements, integer)),
    fetch("req.hdr_val", Type::Int, Request, |args, _| values(args, Side::Request, Split::Elements, integer)),
    fetch("res.hdr_val", Type::Int, Response, |args, _| {
        values(args, Side::Response, Split::Elements, integer)
    }),
    fetch("hdr_ip", Type::Ip, Message, |args, _| values(args, side(args), Split::Elements, address)),
    fetch("req.hdr_ip", Type::Ip, Request, |args, _| values(args, Side::Request, Split::Elements, address)),
    fetch("res.hdr_ip", Type::Ip, Response, |args, _| values(args, Side::Response, Split::Elements, address)),
    fetch("hdr_cnt", Type::Int, Message, |args, _| count(args, side(args), Split::Elements)),
    fetch("req.hdr_cnt", Type::Int, Request, |args, _| count(args, Side::Request, Split::Elements)),
    fetch("res.hdr_cnt", Type::Int, Response, |args, _| count(args, Side::Response, Split::Elements)),
    fetch("req.fhdr_cnt", Type::Int, Request, |args, _| count(args, Side::Request, Split::Lines)),
    fetch("res.fhdr_cnt", Type::Int, Response, |args, _| count(args, Side::Response, Split::Lines)),
    fetch("req.hdr_names", Type::Str, Request, |args, _| names(args, Side::Request)),
    fetch("res.hdr_names", Type::Str, Response, |args, _| names(args, Side::Response)),
    // Older names of those of the response.
    fetch("shdr", Type::Str, Response, |args, _| values(args, Side::Response, Split::Elements, text)),
    fetch("shdr_val", Type::Int, Response, |args, _| values(args, Side::Response, Split::Elements, integer)),
    fetch("shdr_ip", Type::Ip, Response, |args, _| values(args, Side::Response, Split::Elements, address)),
    fetch("shdr_cnt", Type::Int, Response, |args, _| count(args, Side::Response, Split::Elements)),
    fetch("req.hdrs", Type::Str, Request, |_, _| block(Side::Request)),
    fetch("res.hdrs", Type::Str, Response, |_, _| block(Side::Response)),
];

/// Which message's headers.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Request,
    Response,
}

impl Side {
    pub(super) fn headers(self, exchange: &Exchange) -> &Headers {
        match self {
            Self::Request => &exchange.request.headers,
            Self::Response => &exchange.response.headers,
        }
    }
}

fn side(args: &Args<'_>) -> Side {
    side_at(args.place)
}

/// The message at hand.
pub(super) fn side_at(place: Place) -> Side {
    if place.is_response() { Side::Response } else { Side::Request }
}

#[derive(Clone, Copy)]
enum Split {
    /// Comma-separated elements.
    Elements,
    /// Whole lines.
    Lines,
}

type Convert = for<'a> fn(&'a [u8]) -> Option<Sample<'a>>;

fn text(value: &[u8]) -> Option<Sample<'_>> {
    Some(Sample::str(value))
}

fn integer(value: &[u8]) -> Option<Sample<'_>> {
    Some(Sample::Int(parse_int(value)))
}

/// An address as proxies write it: with or without a port, IPv6 in brackets where one follows.
fn address(value: &[u8]) -> Option<Sample<'_>> {
    let text = std::str::from_utf8(value).ok()?;
    let ip = text.parse::<IpAddr>().ok().or_else(|| match text.parse::<SocketAddr>().ok()? {
        SocketAddr::V4(address) => Some(IpAddr::V4(*address.ip())),
        // HAProxy reads no bracketed address here.
        SocketAddr::V6(_) => None,
    })?;
    Some(Sample::Ip(ip))
}

struct Values {
    key: Option<HeaderKey>,
    side: Side,
    split: Split,
    /// 0: all when tested, the last when read.
    occurrence: i64,
    convert: Convert,
}

fn values(args: &Args<'_>, side: Side, split: Split, convert: Convert) -> Built {
    let occurrence = args.int(1)?.unwrap_or(0);
    if occurrence < -10 {
        return Err("occurrences are counted back to -10 at most".into());
    }
    Ok(Box::new(Values { key: args.header(0), side, split, occurrence, convert }))
}

impl Values {
    #[inline]
    fn pieces<'a>(&'a self, exchange: &'a Exchange) -> Pieces<'a, impl Iterator<Item = &'a [u8]>> {
        let headers = self.side.headers(exchange);
        let lines = match &self.key {
            Some(key) => either(Some(headers.values(key)), None),
            None => either(None, Some(headers.iter().map(|(_, value)| value))),
        };
        Pieces { lines, rest: None, split: self.split }
    }
}

fn either<'a>(
    some: Option<impl Iterator<Item = &'a [u8]>>,
    other: Option<impl Iterator<Item = &'a [u8]>>,
) -> impl Iterator<Item = &'a [u8]> {
    some.into_iter().flatten().chain(other.into_iter().flatten())
}

/// The pieces of header lines: elements keep empty ones, as HAProxy counts them.
struct Pieces<'a, I> {
    lines: I,
    rest: Option<&'a [u8]>,
    split: Split,
}

impl<'a, I: Iterator<Item = &'a [u8]>> Iterator for Pieces<'a, I> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let text = match self.rest.take() {
            Some(text) => text,
            None => self.lines.next()?,
        };
        if matches!(self.split, Split::Lines) {
            // One that a rule has set may have blanks around it.
            return Some(text.trim_ascii());
        }
        let end = element_end(text);
        self.rest = text.get(end + 1..);
        Some(text.get(..end).unwrap_or_default().trim_ascii())
    }
}

/// Where the first element ends: at a comma outside quotes, or at the end.
fn element_end(text: &[u8]) -> usize {
    if memchr(b'"', text).is_none() {
        return memchr(b',', text).unwrap_or(text.len());
    }
    let (mut quoted, mut escaped) = (false, false);
    for (index, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => return index,
            _ => {}
        }
    }
    text.len()
}

impl Fetch for Values {
    fn eval<'a>(&'a self, exchange: &'a Exchange) -> Option<Sample<'a>> {
        (self.convert)(pick(self.occurrence, self.pieces(exchange))?)
    }

    fn any(&self, exchange: &Exchange, test: &mut dyn FnMut(Sample<'_>) -> bool) -> Option<bool> {
        if self.occurrence != 0 {
            return self.eval(exchange).map(test);
        }
        let mut offered = false;
        for sample in self.pieces(exchange).filter_map(self.convert) {
            offered = true;
            if test(sample) {
                return Some(true);
            }
        }
        offered.then_some(false)
    }
}

/// An address in a header of the request (`usesrc hdr_ip(NAME,OCCURRENCE)`).
pub struct HeaderAddress(Values);

impl HeaderAddress {
    /// The element that is counted from the first, which is 1, or from the last, which is -1; 0: none.
    pub fn new(name: &str, occurrence: i64) -> Self {
        let key = Some(HeaderKey::new(&raw::bytes(name)));
        Self(Values { key, side: Side::Request, split: Split::Elements, occurrence, convert: address })
    }

    /// The address in an exchange's request.
    pub fn of(&self, exchange: &Exchange) -> Option<IpAddr> {
        match self.0.eval(exchange).filter(|_| self.0.occurrence != 0)? {
            Sample::Ip(ip) => Some(ip),
            _ => None,
        }
    }
}

impl fmt::Debug for HeaderAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HeaderAddress").field(&self.0.key).field(&self.0.occurrence).finish()
    }
}

fn count(args: &Args<'_>, side: Side, split: Split) -> Built {
    let values = Values { key: args.header(0), side, split, occurrence: 0, convert: text };
    with(values, |values, exchange| Some(Sample::int(values.pieces(exchange).count())))
}

fn names(args: &Args<'_>, side: Side) -> Built {
    let delimiter = args.text(0).and_then(|text| raw::bytes(text).first().copied()).unwrap_or(b',');
    with((side, delimiter), |(side, delimiter), exchange| {
        let mut out = Vec::new();
        for (name, _) in side.headers(exchange).iter() {
            if !out.is_empty() {
                out.push(*delimiter);
            }
            out.extend_from_slice(name);
        }
        Some(Sample::owned(out))
    })
}

fn block(side: Side) -> Built {
    with(side, |side, exchange| {
        let mut out = Vec::new();
        side.headers(exchange).write_lines(&mut out);
        out.extend_from_slice(b"\r\n");
        Some(Sample::owned(out))
    })
}
