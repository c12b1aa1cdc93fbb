//! The status line of a response, and how an exchange went (manual 7.3.7).

use super::{Row, fetch, plain};
use crate::sample::Needs::{End, Response, ResponseHistory};
use crate::sample::{Sample, Type};

pub(super) const ROWS: &[Row] = &[
    fetch("status", Type::Int, ResponseHistory, |_, _| {
        plain(|exchange| (exchange.response.status != 0).then(|| Sample::int(exchange.response.status)))
    }),
    fetch("txn.status", Type::Int, ResponseHistory, |_, _| {
        plain(|exchange| (exchange.response.status != 0).then(|| Sample::int(exchange.response.status)))
    }),
    fetch("res.ver", Type::Str, Response, |_, _| {
        plain(|exchange| Some(super::request::version(exchange.response.version)))
    }),
    fetch("resp_ver", Type::Str, Response, |_, _| {
        plain(|exchange| Some(super::request::version(exchange.response.version)))
    }),
    fetch("txn.conn_retries", Type::Int, ResponseHistory, |_, _| {
        plain(|exchange| Some(Sample::int(exchange.retries)))
    }),
    fetch("txn.redispatched", Type::Bool, ResponseHistory, |_, _| {
        plain(|exchange| Some(Sample::Bool(exchange.redispatched)))
    }),
    fetch("txn.sess_term_state", Type::Str, ResponseHistory, |_, _| {
        plain(|exchange| {
            let end = &exchange.termination;
            Some(Sample::owned(vec![
                end.cause as u8,
                end.phase as u8,
                end.request_cookie,
                end.response_cookie,
            ]))
        })
    }),
    fetch("bytes_in", Type::Int, End, |_, _| plain(|exchange| Some(Sample::int(exchange.bytes_in)))),
    fetch("bytes_out", Type::Int, End, |_, _| plain(|exchange| Some(Sample::int(exchange.bytes_out)))),
];
