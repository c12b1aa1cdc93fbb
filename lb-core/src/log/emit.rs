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

/// Writes the line of a connection that became no session, and why (`error-log-format`).
pub fn refused(exchange: &Exchange, reason: &str, now: Instant) {
    let frontend = &exchange.frontend;
    let Some(logger) = &frontend.log.logger else { return };
    let mut line = Vec::new();
    match &frontend.log.error_format {
        Some(format) => format.render(exchange, now, &mut line),
        None => {
            let Some(start) = &frontend.log.refusal else { return };
            start.render(exchange, now, &mut line);
            let listener = &exchange.session.listener;
            // A listener without a `name` is called by its number here.
            match listener.name.strip_prefix("sock-") {
                Some(_) => line.extend_from_slice(listener.id.to_string().as_bytes()),
                None => line.extend_from_slice(listener.name.as_bytes()),
            }
            line.extend_from_slice(b": ");
            line.extend_from_slice(reason.as_bytes());
        }
    }
    let level = if frontend.options.log_separate_errors { LEVEL_ERR } else { LEVEL_INFO };
    frontend.log.lines.fetch_add(1, Ordering::Relaxed);
    logger.send(level, &line);
}

/// Did not end as it should (manual 4.2 "option dontlog-normal").
fn failed(exchange: &Exchange) -> bool {
    let cause = exchange.termination.cause;
    exchange.redispatched
        || !matches!(cause, Cause::Normal | Cause::Local)
        || (cause == Cause::Normal && exchange.retries > 0)
        || exchange.response.status >= 500
}
