//! What a hashing algorithm hashes.

mod expression;
mod header;
mod source;
mod uri;
mod url_param;

pub use expression::key_of;

use super::hash::Function;
use crate::exchange::Exchange;
use crate::http::{HeaderKey, Request};
use crate::rdp;
use haproxy_cfg_parser::model;
use std::fmt;
use std::net::IpAddr;

/// The key of `balance hash EXPR`: gives the expression's bytes to the hash function, or none.
#[allow(clippy::type_complexity)]
pub struct KeyFn(pub Box<dyn Fn(&Exchange, &mut dyn FnMut(&[u8])) + Send + Sync>);

impl fmt::Debug for KeyFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyFn")
    }
}

/// A key by its `balance` line.
#[derive(Debug)]
pub(super) enum Key {
    /// The client's address.
    Source,
    /// The request target.
    Uri(uri::Part),
    /// A parameter of the query.
    UrlParam(Vec<u8>),
    /// A header, or only the domain in it.
    Header { key: HeaderKey, domain_only: bool },
    /// The RDP cookie of that name.
    RdpCookie(Vec<u8>),
    /// An expression.
    Expression(KeyFn),
}

impl Key {
    /// What the line's algorithm hashes.
    pub(super) fn parse(line: &model::Balance, expr: Option<KeyFn>) -> Result<Self, String> {
        let args: Vec<&str> = line.args.iter().map(String::as_str).collect();
        match line.algorithm {
            "source" => Ok(Self::Source),
            "uri" => uri::Part::parse(&args).map(Self::Uri),
            "url_param" => url_param::parse(&args).map(Self::UrlParam),
            "hdr" => header::parse(&args),
            "rdp-cookie" => {
                let name = args.first().copied().filter(|name| !name.is_empty()).unwrap_or("mstshash");
                Ok(Self::RdpCookie(name.as_bytes().to_vec()))
            }
            "hash" => expr
                .map(Self::Expression)
                .ok_or_else(|| "'balance hash' requires a sample expression.".to_owned()),
            other => Err(format!("'balance {other}' is not supported yet.")),
        }
    }

    /// It looks into an HTTP request.
    pub(super) fn needs_http(&self) -> bool {
        !matches!(self, Self::Source | Self::RdpCookie(_) | Self::Expression(_))
    }

    /// As statistics print it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Uri(_) => "uri",
            Self::UrlParam(_) => "url_param",
            Self::Header { .. } => "hdr",
            Self::RdpCookie(_) => "rdp-cookie",
            Self::Expression(_) => "hash",
        }
    }

    /// The hash of the exchange's key; none when it has none.
    pub(super) fn hash(&self, exchange: &Exchange, function: &Function) -> Option<u32> {
        if let Self::Expression(KeyFn(expression)) = self {
            let mut hash = None;
            expression(exchange, &mut |bytes| hash = Some(function.of(bytes)));
            return hash;
        }
        if let Self::RdpCookie(name) = self {
            let peeked = exchange.peeked.as_ref()?;
            return match rdp::cookie(peeked.request.filled(), name) {
                rdp::Cookie::Found(value) => Some(function.of(value)),
                _ => None,
            };
        }
        self.hash_of(&exchange.request, exchange.src().map(|src| src.ip()), function)
    }

    /// [`Key::hash`] for what looks at requests and addresses only.
    pub(super) fn hash_of(&self, request: &Request, src: Option<IpAddr>, function: &Function) -> Option<u32> {
        match self {
            // The address is a number already: no function is applied to it.
            Self::Source => src.map(|src| function.finish(source::number(src))),
            Self::Uri(part) => Some(function.of(part.of(request.target()))),
            Self::UrlParam(name) => url_param::value(request.target(), name).map(|value| function.of(value)),
            Self::Header { key, domain_only } => {
                let value = header::value(&request.headers, key)?;
                Some(function.of(if *domain_only { header::domain(value) } else { value }))
            }
            Self::RdpCookie(_) | Self::Expression(_) => None,
        }
    }
}
