//! The request line and identity of a request (manual 7.3.6).

use super::{Row, constant, fetch, plain};
use crate::http::Version;
use crate::sample::Needs::{Client, Nothing, Request};
use crate::sample::{Sample, Type};

pub(super) const ROWS: &[Row] = &[
    fetch("method", Type::Method, Request, |_, _| {
        plain(|exchange| Some(Sample::Method(exchange.request.method, exchange.request.method_text().into())))
    }),
    fetch("req.ver", Type::Str, Request, |_, _| plain(|exchange| Some(version(exchange.request.version)))),
    fetch("req_ver", Type::Str, Request, |_, _| plain(|exchange| Some(version(exchange.request.version)))),
    fetch("req.proto_http", Type::Bool, Request, |_, _| constant(Sample::Bool(true))),
    fetch("req_proto_http", Type::Bool, Request, |_, _| constant(Sample::Bool(true))),
    fetch("unique-id", Type::Str, Client, |_, _| {
        plain(|exchange| crate::log::unique_id(exchange).map(Sample::str))
    }),
    fetch("txn.id32", Type::Int, Client, |_, _| plain(|exchange| Some(Sample::int(exchange.number)))),
    // Holds once there is no more to wait for: an HTTP head is always complete.
    fetch("wait_end", Type::Bool, Nothing, |_, _| {
        plain(|exchange| match &exchange.peeked {
            Some(peeked) if !peeked.last => {
                peeked.unsettle();
                None
            }
            _ => Some(Sample::Bool(true)),
        })
    }),
];

pub(super) fn version(version: Version) -> Sample<'static> {
    Sample::str(version.as_str().as_bytes().strip_prefix(b"HTTP/").unwrap_or_default())
}
