//! The request's target (manual 7.3.6: `path`, `url`, `base`, `url_param`).

use super::{Built, Fetch, Row, fetch, plain};
use crate::exchange::Exchange;
use crate::sample::Needs::Request;
use crate::sample::converter::hash;
use crate::sample::{Sample, Type, parse_address, parse_int};
use haproxy_cfg_parser::raw;
use std::borrow::Cow;
use std::net::IpAddr;

pub(super) const ROWS: &[Row] = &[
    fetch("path", Type::Str, Request, |_, _| plain(|exchange| path(exchange).map(Sample::str))),
    fetch("pathq", Type::Str, Request, |_, _| {
        plain(|exchange| some(exchange.request.path_and_query()).map(Sample::str))
    }),
    fetch("url", Type::Str, Request, |_, _| plain(|exchange| Some(Sample::str(exchange.request.target())))),
    fetch("query", Type::Str, Request, |_, _| {
        plain(|exchange| Some(Sample::str(exchange.request.query().unwrap_or_default())))
    }),
    fetch("base", Type::Str, Request, |_, _| {
        plain(|exchange| base(exchange, path(exchange)).map(Sample::Str))
    }),
    fetch("baseq", Type::Str, Request, |_, _| {
        plain(|exchange| base(exchange, some(exchange.request.path_and_query())).map(Sample::Str))
    }),
    fetch("base32", Type::Int, Request, |_, _| plain(|exchange| base32(exchange).map(Sample::int))),
    fetch("base32+src", Type::Bin, Request, |_, _| {
        plain(|exchange| Some(Sample::Bin(with_source(base32(exchange)?, exchange)?.into())))
    }),
    fetch("url32", Type::Int, Request, |_, _| plain(|exchange| url32(exchange).map(Sample::int))),
    fetch("url32+src", Type::Bin, Request, |_, _| {
        plain(|exchange| Some(Sample::Bin(with_source(url32(exchange)?, exchange)?.into())))
    }),
    fetch("url_ip", Type::Ip, Request, |_, _| {
        plain(|exchange| {
            let (host, _) = url_authority(exchange)?;
            parse_address(host).filter(IpAddr::is_ipv4).map(Sample::Ip)
        })
    }),
    fetch("url_port", Type::Int, Request, |_, _| {
        plain(|exchange| {
            let (host, port) = url_authority(exchange)?;
            parse_address(host)?;
            Some(Sample::Int(port.map_or(80, parse_int)))
        })
    }),
    fetch("url_param", Type::Str, Request, |args, _| param(args, false)),
    fetch("urlp", Type::Str, Request, |args, _| param(args, false)),
    fetch("urlp_val", Type::Int, Request, |args, _| param(args, true)),
];

fn some(bytes: &[u8]) -> Option<&[u8]> {
    (!bytes.is_empty()).then_some(bytes)
}

fn path(exchange: &Exchange) -> Option<&[u8]> {
    some(exchange.request.path())
}

/// The first `Host` header followed by the path.
fn base<'a>(exchange: &'a Exchange, path: Option<&'a [u8]>) -> Option<Cow<'a, [u8]>> {
    let path = path.filter(|path| path.first() == Some(&b'/'));
    match exchange.request.headers.first_of(crate::http::HeaderId::Host) {
        Some(host) => Some(Cow::Owned([host, path.unwrap_or_default()].concat())),
        None => path.map(Cow::Borrowed),
    }
}

fn base32(exchange: &Exchange) -> Option<u32> {
    base(exchange, path(exchange)).map(|base| hash::avalanche(hash::sdbm(&base)))
}

fn url32(exchange: &Exchange) -> Option<u32> {
    base(exchange, some(exchange.request.path_and_query())).map(|base| hash::avalanche(hash::sdbm(&base)))
}

/// The hash in network order, then the client's address.
fn with_source(hash: u32, exchange: &Exchange) -> Option<Vec<u8>> {
    let mut out = hash.to_be_bytes().to_vec();
    match exchange.src()?.ip().to_canonical() {
        IpAddr::V4(address) => out.extend_from_slice(&address.octets()),
        IpAddr::V6(address) => out.extend_from_slice(&address.octets()),
    }
    Some(out)
}

/// Host and port of an absolute target.
fn url_authority(exchange: &Exchange) -> Option<(&[u8], Option<&[u8]>)> {
    let target = exchange.request.target();
    let start = memchr::memmem::find(target, b"://").filter(|_| target.first() != Some(&b'/'))? + 3;
    let rest = target.get(start..)?;
    let authority = rest.get(..memchr::memchr2(b'/', b'?', rest).unwrap_or(rest.len()))?;
    match memchr::memrchr(b':', authority) {
        Some(colon) => Some((authority.get(..colon)?, authority.get(colon + 1..))),
        None => Some((authority, None)),
    }
}

struct Param {
    /// None: any parameter.
    name: Option<Box<[u8]>>,
    /// What separates the path from the parameters.
    delimiter: u8,
    ignore_case: bool,
    integer: bool,
}

fn param(args: &super::Args<'_>, integer: bool) -> Built {
    let name = args.text(0).filter(|name| !name.is_empty()).map(|name| (&*raw::bytes(name)).into());
    let delimiter = args.text(1).and_then(|text| raw::bytes(text).first().copied()).unwrap_or(b'?');
    let ignore_case = match args.text(2) {
        None | Some("") => false,
        Some("i") => true,
        Some(other) => return Err(format!("unknown flag '{other}'; use 'i'")),
    };
    Ok(Box::new(Param { name, delimiter, ignore_case, integer }))
}

impl Param {
    fn values<'a>(&'a self, exchange: &'a Exchange) -> impl Iterator<Item = &'a [u8]> {
        let target = exchange.request.target();
        let text =
            memchr::memchr(self.delimiter, target).and_then(|at| target.get(at + 1..)).unwrap_or_default();
        params(text, self.delimiter).filter(|(name, _)| self.is_wanted(name)).map(|(_, value)| value)
    }

    fn is_wanted(&self, name: &[u8]) -> bool {
        match &self.name {
            None => true,
            Some(wanted) if self.ignore_case => wanted.eq_ignore_ascii_case(name),
            Some(wanted) => **wanted == *name,
        }
    }

    fn sample<'a>(&self, value: &'a [u8]) -> Sample<'a> {
        if self.integer { Sample::Int(parse_int(value)) } else { Sample::str(value) }
    }
}

impl Fetch for Param {
    fn eval<'a>(&'a self, exchange: &'a Exchange) -> Option<Sample<'a>> {
        self.values(exchange).next().map(|value| self.sample(value))
    }

    fn any(&self, exchange: &Exchange, test: &mut dyn FnMut(Sample<'_>) -> bool) -> Option<bool> {
        let mut offered = false;
        for value in self.values(exchange) {
            offered = true;
            if test(self.sample(value)) {
                return Some(true);
            }
        }
        offered.then_some(false)
    }
}

/// The `name=value` pairs of a query or form; what has no `=` is passed over.
pub(super) fn params(text: &[u8], delimiter: u8) -> impl Iterator<Item = (&[u8], &[u8])> {
    text.split(move |byte| matches!(byte, b'&' | b';') || *byte == delimiter).filter_map(|pair| {
        let equals = memchr::memchr(b'=', pair)?;
        Some((pair.get(..equals)?, pair.get(equals + 1..)?))
    })
}
