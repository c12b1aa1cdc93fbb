//! `return`.

use super::payload::Payload;
use super::{REQUEST_RESPONSE, Row, act, action};
use crate::rule::{Reply, Verdict};

pub(super) const ROWS: &[Row] = &[action("return", REQUEST_RESPONSE, |build| {
    act((Payload::answer(build)?, build.kind), |(payload, kind), exchange| {
        Verdict::Reply(Reply::local(payload.message(exchange), *kind))
    })
})];
