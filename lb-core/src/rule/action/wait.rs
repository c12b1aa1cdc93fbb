//! `pause`, `wait-for-body`: rules that go on later.

use super::{Build, Built, Error, REQUEST, REQUEST_RESPONSE, Row, act, action};
use crate::rule::{Verdict, Wait};
use crate::sample::Expr;
use haproxy_cfg_parser::model::ActionArg;
use std::time::Duration;

pub(super) const ROWS: &[Row] =
    &[action("pause", REQUEST_RESPONSE, pause), action("wait-for-body", REQUEST, wait_for_body)];

/// `pause TIME|EXPR`; an expression gives milliseconds.
fn pause(build: &mut Build<'_, '_>) -> Built {
    match build.args.first() {
        Some(ActionArg::Time(millis)) => {
            act(Duration::from_millis(*millis), |time, _| Verdict::Wait(Wait::Pause(*time)))
        }
        Some(ActionArg::Expr(expr)) => {
            let expr = Expr::compile(expr, build.context, build.place).ok_or(Error::Reported)?;
            act(expr, |expr, exchange| {
                let millis = expr.eval(exchange).and_then(|sample| sample.to_int());
                match millis.and_then(|millis| u64::try_from(millis).ok()).filter(|millis| *millis > 0) {
                    Some(millis) => Verdict::Wait(Wait::Pause(Duration::from_millis(millis))),
                    None => Verdict::Continue,
                }
            })
        }
        _ => Err("expects a time or an expression".into()),
    }
}

/// `wait-for-body time TIME [at-least BYTES]`.
fn wait_for_body(build: &mut Build<'_, '_>) -> Built {
    let time = build.number("time").and_then(|millis| u64::try_from(millis).ok());
    let time = Duration::from_millis(time.ok_or("missing argument for 'time'")?);
    let at_least = build.number("at-least").and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0);
    act((time, at_least), |(time, at_least), _| {
        Verdict::Wait(Wait::Body { time: *time, at_least: *at_least })
    })
}
