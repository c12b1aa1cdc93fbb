//! The line of an exchange that has ended.

use super::{LEVEL_ERR, LEVEL_INFO};
use crate::exchange::{Cause, Exchange};
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Writes the line of an exchange that ended at `now` to the frontend's targets, with what `option dontlog-normal`,
/// `option log-separate-errors` and `http-request set-log-level` say. `buffer` is overwritten.
#[inline]
pub fn emit(exchange: &Exchange, now: Instant, buffer: &mut Vec<u8>) {
    let frontend = &exchange.frontend;
    let (Some(logger), Some(format)) = (&frontend.log.logger, &frontend.log.format) else { return };
    let failed = failed(exchange);
    if !failed && frontend.options.dontlog_normal {
        return;
    }
    let level = match exchange.log_level {
        Some(None) => return,
        Some(Some(level)) => level,
        None if failed && frontend.options.log_separate_errors => LEVEL_ERR,
        None => LEVEL_INFO,
    };
    buffer.clear();
    format.render(exchange, now, buffer);
    frontend.log.lines.fetch_add(1, Ordering::Relaxed);
    logger.send(level, buffer);
}

/// Did not end as it should (manual 4.2 "option dontlog-normal").
fn failed(exchange: &Exchange) -> bool {
    let cause = exchange.termination.cause;
    exchange.redispatched
        || !matches!(cause, Cause::Normal | Cause::Local)
        || (cause == Cause::Normal && exchange.retries > 0)
        || exchange.response.status >= 500
}
