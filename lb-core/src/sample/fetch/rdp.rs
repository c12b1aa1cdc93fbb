//! RDP cookies (manual 7.3.5 "rdp_cookie"): how terminal servers are asked for.

use super::payload::peeked;
use super::{Args, Built, Row, fetch, with};
use crate::rdp::{self, Cookie};
use crate::sample::Needs::RequestBytes;
use crate::sample::{Sample, Type};

pub(super) const ROWS: &[Row] = &[
    fetch("rdp_cookie", Type::Str, RequestBytes, |args, _| value(args)),
    fetch("req.rdp_cookie", Type::Str, RequestBytes, |args, _| value(args)),
    fetch("rdp_cookie_cnt", Type::Int, RequestBytes, |args, _| count(args)),
    fetch("req.rdp_cookie_cnt", Type::Int, RequestBytes, |args, _| count(args)),
];

fn value(args: &Args<'_>) -> Built {
    with(name(args), |name, exchange| {
        let (peeked, buffer) = peeked(exchange, false)?;
        match rdp::cookie(buffer.filled(), name) {
            Cookie::Found(value) => Some(Sample::str(value)),
            Cookie::None => None,
            Cookie::Short => {
                peeked.unsettle();
                None
            }
        }
    })
}

fn count(args: &Args<'_>) -> Built {
    with(name(args), |name, exchange| {
        let (peeked, buffer) = peeked(exchange, false)?;
        let cookie = rdp::cookie(buffer.filled(), name);
        if cookie == Cookie::Short {
            peeked.unsettle();
        }
        Some(Sample::Int(i64::from(matches!(cookie, Cookie::Found(_)))))
    })
}

fn name(args: &Args<'_>) -> Vec<u8> {
    args.text(0).unwrap_or_default().as_bytes().to_vec()
}
