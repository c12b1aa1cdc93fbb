//! What was captured of a request and its response (manual 7.3.6, 7.3.7: `capture.*`).

use super::{Args, Row, fetch, plain, with};
use crate::sample::Needs::{Kept, RequestHistory, ResponseHistory};
use crate::sample::{Sample, Type};

pub(super) const ROWS: &[Row] = &[
    fetch("capture.req.hdr", Type::Str, RequestHistory, |args, _| {
        with(slot(args)?, |slot, exchange| exchange.request_captures.get(*slot)?.as_deref().map(Sample::str))
    }),
    fetch("capture.res.hdr", Type::Str, ResponseHistory, |args, _| {
        with(slot(args)?, |slot, exchange| exchange.response_captures.get(*slot)?.as_deref().map(Sample::str))
    }),
    fetch("capture.req.method", Type::Str, RequestHistory, |_, _| {
        plain(|exchange| word(exchange.request.original_line(), 0).map(Sample::str))
    }),
    fetch("capture.req.uri", Type::Str, RequestHistory, |_, _| {
        plain(|exchange| word(exchange.request.original_line(), 1).map(Sample::str))
    }),
    fetch("capture.req.ver", Type::Str, RequestHistory, |_, _| {
        plain(|exchange| {
            let line = exchange.request.original_line();
            (!line.is_empty()).then(|| Sample::str(exchange.request.version.as_str().as_bytes()))
        })
    }),
    fetch("capture.res.ver", Type::Str, Kept, |_, _| {
        plain(|exchange| {
            let known = exchange.response.status != 0;
            known.then(|| Sample::str(exchange.response.version.as_str().as_bytes()))
        })
    }),
];

fn slot(args: &Args<'_>) -> Result<usize, String> {
    let index = args.int(0)?.ok_or("missing capture index")?;
    usize::try_from(index).map_err(|_| format!("capture index {index} is negative"))
}

/// A word of the request line.
pub(crate) fn word(line: &[u8], index: usize) -> Option<&[u8]> {
    line.split(|byte| *byte == b' ').nth(index)
}
