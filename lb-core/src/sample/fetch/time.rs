//! Dates, and the times between them (manual 7.3.2, 8.4).

use super::{Args, Built, Row, fetch, plain, with};
use crate::exchange::Exchange;
use crate::log::Timers;
use crate::sample::Needs::{Client, End, Nothing, RequestHistory, ResponseHistory};
use crate::sample::{Sample, Type};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

pub(super) const ROWS: &[Row] = &[
    fetch("date", Type::Int, Nothing, |args, _| {
        let offset = args.int(0)?.unwrap_or(0);
        with((offset, unit(args, 1)?), |(offset, unit), _| {
            Some(Sample::Int((micros(SystemTime::now()) / unit).saturating_add(*offset)))
        })
    }),
    fetch("date_us", Type::Int, Nothing, |_, _| {
        plain(|_| Some(Sample::Int(micros(SystemTime::now()) % 1_000_000)))
    }),
    fetch("accept_date", Type::Int, Client, |args, _| moment(args, |exchange| exchange.session.accepted_at)),
    fetch("request_date", Type::Int, RequestHistory, |args, _| {
        moment(args, |exchange| exchange.times.began_at + exchange.times.idle)
    }),
    // No connection has a handshake yet: PROXY headers and TLS would.
    fetch("fc.timer.handshake", Type::Int, Client, |_, _| super::constant(Sample::Int(0))),
    fetch("fc.timer.total", Type::Int, Client, |_, _| {
        plain(|exchange| Some(Sample::int(exchange.session.accepted.elapsed().as_millis())))
    }),
    fetch("req.timer.idle", Type::Int, RequestHistory, |_, _| timer(|timers| timers.idle)),
    fetch("req.timer.hdr", Type::Int, RequestHistory, |_, _| timer(|timers| timers.request)),
    fetch("req.timer.tq", Type::Int, RequestHistory, |_, _| {
        timer(|timers| if timers.request < 0 { -1 } else { timers.idle + timers.request })
    }),
    fetch("req.timer.queue", Type::Int, ResponseHistory, |_, _| timer(|timers| timers.queue)),
    fetch("bc.timer.connect", Type::Int, ResponseHistory, |_, _| timer(|timers| timers.connect)),
    fetch("res.timer.hdr", Type::Int, ResponseHistory, |_, _| timer(|timers| timers.response)),
    fetch("res.timer.data", Type::Int, End, |_, _| timer(|timers| timers.data)),
    fetch("txn.timer.total", Type::Int, RequestHistory, |_, _| timer(|timers| timers.active)),
    fetch("txn.timer.user", Type::Int, RequestHistory, |_, _| timer(|timers| timers.idle + timers.active)),
];

/// Microseconds in the unit that an argument names.
fn unit(args: &Args<'_>, index: usize) -> Result<i64, String> {
    match args.text(index) {
        None | Some("" | "s") => Ok(1_000_000),
        Some("ms") => Ok(1_000),
        Some("us") => Ok(1),
        Some(other) => Err(format!("unknown unit '{other}'; use 's', 'ms' or 'us'")),
    }
}

/// A moment of the exchange by the wall clock.
fn moment(args: &Args<'_>, read: fn(&Exchange) -> SystemTime) -> Built {
    with((unit(args, 0)?, read), |(unit, read), exchange| Some(Sample::Int(micros(read(exchange)) / unit)))
}

/// A timer as logs print it, up to now.
fn timer(read: fn(&Timers) -> i64) -> Built {
    with(read, |read, exchange| Some(Sample::Int(read(&Timers::new(&exchange.times, Instant::now())))))
}

fn micros(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
