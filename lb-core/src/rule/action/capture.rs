//! `capture`.

use super::{Build, Built, HTTP, Row, act, action};
use crate::rule::{Kind, Verdict};

pub(super) const ROWS: &[Row] =
    &[action("capture", HTTP, capture), action("capture", &[Kind::TcpContent], capture)];

/// `capture EXPR len N` fills a slot of its own, `capture EXPR id N` a declared one.
fn capture(build: &mut Build<'_, '_>) -> Built {
    let expr = build.expr(0)?;
    let response = build.kind.is_response();
    let (slot, length) = match (build.number("slot"), build.number("id")) {
        (Some(slot), _) => {
            let length = build.number("len").and_then(|length| usize::try_from(length).ok());
            let slot = usize::try_from(slot).map_err(|_| "no room for another slot")?;
            (slot, length.ok_or("length must be > 0")?)
        }
        // The length is that of the slot, which a backend's rule cannot know: the widest that HAProxy has.
        (None, Some(id)) => {
            let slot = usize::try_from(id).map_err(|_| format!("cannot parse id '{id}'"))?;
            let slots =
                if response { &build.context.response_captures } else { &build.context.request_captures };
            let own = build.context.proxy.is_some_and(|proxy| proxy.kind.is_frontend());
            match slots.get(slot) {
                Some((_, length)) if own => (slot, *length),
                None if own => {
                    return Err(format!("unable to find capture id '{id}' referenced by the rule").into());
                }
                _ => (slot, usize::MAX),
            }
        }
        (None, None) => return Err("expects 'len' or 'id'".into()),
    };
    act((expr, slot, length, response), |(expr, slot, length, response), exchange| {
        let Some(value) = expr.eval(exchange) else { return Verdict::Continue };
        let value = value.into_bytes();
        let frontend = &exchange.frontend;
        let slots = if *response { &frontend.response_captures } else { &frontend.request_captures };
        let Some((_, limit)) = slots.get(*slot) else { return Verdict::Continue };
        let value = value.get(..(*length).min(*limit)).unwrap_or(&value).to_vec();
        let captures =
            if *response { &mut exchange.response_captures } else { &mut exchange.request_captures };
        if captures.len() <= *slot {
            captures.resize(*slot + 1, None);
        }
        if let Some(capture) = captures.get_mut(*slot) {
            *capture = Some(value);
        }
        Verdict::Continue
    })
}
