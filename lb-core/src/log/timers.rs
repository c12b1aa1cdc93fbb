//! Timers of an exchange (manual 8.4): whole milliseconds between its moments.

use crate::exchange::Times;
use std::time::{Duration, Instant};

/// Timers as logs print them; -1: the moment was not reached.
///
/// All are differences of whole milliseconds since the first byte, so that they add up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timers {
    pub(crate) idle: i64,
    pub(crate) request: i64,
    pub(crate) queue: i64,
    pub(crate) connect: i64,
    pub(crate) response: i64,
    pub(crate) data: i64,
    pub(crate) active: i64,
}

impl Timers {
    pub(crate) fn new(times: &Times, end: Instant) -> Self {
        let at = |moment: Option<Instant>| {
            moment.map(|moment| {
                i64::try_from(moment.saturating_duration_since(times.first_byte).as_millis())
                    .unwrap_or(i64::MAX)
            })
        };
        let between = |from: Option<i64>, to: Option<i64>| match to {
            Some(to) => to - from.unwrap_or(0),
            None => -1,
        };
        let request = at(times.request);
        let queue = at(times.dequeued);
        let connect = at(times.connected);
        let response = at(times.response);
        let end = at(Some(end)).unwrap_or(0);
        Self {
            idle: millis(times.idle),
            request: between(None, request),
            queue: between(request, queue),
            connect: between(queue, connect),
            response: between(connect, response),
            data: between(response, response.map(|_| end)),
            active: end,
        }
    }
}

/// Whole milliseconds, in 64-bit arithmetic.
#[inline]
fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX / 2000) * 1000 + i64::from(duration.subsec_millis())
}
