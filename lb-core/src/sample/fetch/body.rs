//! The part of the request's body that has been read (manual 7.3.6: `req.body`).

use super::url::params;
use super::{Row, fetch, plain, with};
use crate::http::message::Framing;
use crate::sample::Needs::RequestBody;
use crate::sample::{Sample, Type, parse_int};
use haproxy_cfg_parser::raw;

pub(super) const ROWS: &[Row] = &[
    fetch("req.body", Type::Bin, RequestBody, |_, _| {
        plain(|exchange| Some(Sample::Bin(exchange.request_body.as_slice().into())))
    }),
    fetch("req.body_len", Type::Int, RequestBody, |_, _| {
        plain(|exchange| Some(Sample::int(exchange.request_body.len())))
    }),
    fetch("req.body_size", Type::Int, RequestBody, |_, _| {
        plain(|exchange| {
            Some(match exchange.request.framing {
                Framing::Length(length) => Sample::int(length),
                _ => Sample::int(exchange.request_body.len()),
            })
        })
    }),
    fetch("req.body_param", Type::Str, RequestBody, |args, _| {
        with(name(args), |name, exchange| find(&exchange.request_body, name).map(Sample::str))
    }),
    fetch("req.body_param_val", Type::Int, RequestBody, |args, _| {
        with(name(args), |name, exchange| {
            find(&exchange.request_body, name).map(|value| Sample::Int(parse_int(value)))
        })
    }),
];

fn name(args: &super::Args<'_>) -> Option<(Vec<u8>, bool)> {
    let name = args.text(0).filter(|name| !name.is_empty())?;
    Some((raw::bytes(name).into_owned(), args.text(1) == Some("i")))
}

fn find<'a>(body: &'a [u8], name: &Option<(Vec<u8>, bool)>) -> Option<&'a [u8]> {
    let wanted = |found: &[u8]| match name {
        None => true,
        Some((name, true)) => name.eq_ignore_ascii_case(found),
        Some((name, false)) => name == found,
    };
    params(body, b'&').find(|(found, _)| wanted(found)).map(|(_, value)| value)
}
