//! The date (manual 7.3.2).

use super::{Row, fetch, plain, with};
use crate::sample::Needs::Nothing;
use crate::sample::{Sample, Type};
use std::time::{SystemTime, UNIX_EPOCH};

pub(super) const ROWS: &[Row] = &[
    fetch("date", Type::Int, Nothing, |args, _| {
        let offset = args.int(0)?.unwrap_or(0);
        let unit: i64 = match args.text(1) {
            None | Some("" | "s") => 1_000_000,
            Some("ms") => 1_000,
            Some("us") => 1,
            Some(other) => return Err(format!("unknown unit '{other}'; use 's', 'ms' or 'us'")),
        };
        with((offset, unit), |(offset, unit), _| {
            Some(Sample::Int((now_micros() / unit).saturating_add(*offset)))
        })
    }),
    fetch("date_us", Type::Int, Nothing, |_, _| plain(|_| Some(Sample::Int(now_micros() % 1_000_000)))),
];

fn now_micros() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_micros()).unwrap_or(i64::MAX)
}
