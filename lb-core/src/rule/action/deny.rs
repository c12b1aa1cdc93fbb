//! `deny`, `tarpit`.

use super::payload::Payload;
use super::{Build, Built, REQUEST, REQUEST_RESPONSE, Row, act, action};
use crate::exchange::Phase;
use crate::rule::{Reply, Verdict};

pub(super) const ROWS: &[Row] = &[action("deny", REQUEST_RESPONSE, deny), action("tarpit", REQUEST, tarpit)];

fn deny(build: &mut Build<'_, '_>) -> Built {
    let usual = if build.kind.is_response() { 502 } else { 403 };
    act((Payload::refusal(build, usual)?, build.kind), |(payload, kind), exchange| {
        Verdict::Reply(Reply::denied(payload.message(exchange), *kind))
    })
}

fn tarpit(build: &mut Build<'_, '_>) -> Built {
    act((Payload::refusal(build, 500)?, build.kind), |(payload, kind), exchange| {
        let reply = Reply::denied(payload.message(exchange), *kind);
        Verdict::Tarpit(Reply { phase: Phase::Tarpit, ..reply })
    })
}
