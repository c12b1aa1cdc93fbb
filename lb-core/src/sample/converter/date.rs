//! Dates from seconds, milliseconds or microseconds since the epoch.

use super::{Args, Built, Row, convert, with};
use crate::log::date::zone;
use crate::sample::{Sample, Type};
use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

pub(super) const ROWS: &[Row] = &[
    convert("http_date", Type::Int, Type::Str, http_date),
    convert("ltime", Type::Int, Type::Str, |args, _| formatted(args, 1, true)),
    convert("utime", Type::Int, Type::Str, |args, _| formatted(args, 1, false)),
    convert("ms_ltime", Type::Int, Type::Str, |args, _| formatted(args, 1_000, true)),
    convert("ms_utime", Type::Int, Type::Str, |args, _| formatted(args, 1_000, false)),
    convert("us_ltime", Type::Int, Type::Str, |args, _| formatted(args, 1_000_000, true)),
    convert("us_utime", Type::Int, Type::Str, |args, _| formatted(args, 1_000_000, false)),
];

/// `http_date([offset[,unit]])` (RFC 9110 5.6.7), with the fraction that its unit has.
fn http_date(args: &Args<'_>, _: &mut crate::compile::Context<'_>) -> Built {
    let offset = args.int(0)?.unwrap_or(0);
    let (unit, digits) = match args.text(1) {
        None | Some("" | "s") => (1, 0),
        Some("ms") => (1_000, 3),
        Some("us") => (1_000_000, 6),
        Some(other) => return Err(format!("unknown unit '{other}'; use 's', 'ms' or 'us'")),
    };
    with((offset, unit, digits), |(offset, unit, digits), input, _| {
        let value = input.to_int()?.checked_add(offset.checked_mul(*unit)?)?;
        let time = Timestamp::from_second(value.div_euclid(*unit)).ok()?;
        let mut text = strtime::format("%a, %d %b %Y %H:%M:%S", &time.to_zoned(TimeZone::UTC)).ok()?;
        if *digits > 0 {
            text.push_str(&format!(".{:01$}", value.rem_euclid(*unit), digits));
        }
        text.push_str(" GMT");
        Some(Sample::owned(text.into_bytes()))
    })
}

/// `ltime(format[,offset])` and its kin: strftime(3), and `%N` for the fraction of milli- and microseconds.
fn formatted(args: &Args<'_>, unit: i64, local: bool) -> Built {
    let fraction_digits = unit.ilog10() as usize;
    let format = args.required(0)?;
    // The zone's name there is the C library's.
    let format = if local { format.to_owned() } else { format.replace("%Z", "GMT") };
    let offset = args.int(1)?.unwrap_or(0);
    let zone = if local { zone().clone() } else { TimeZone::UTC };
    let sample = Timestamp::UNIX_EPOCH.to_zoned(zone.clone());
    strtime::format(format.replace("%N", ""), &sample)
        .map_err(|error| format!("bad date format: {error}"))?;
    with((format, offset, zone), move |(format, offset, zone), input, _| {
        let value = input.to_int()?.checked_add(offset.checked_mul(unit)?)?;
        let time = Timestamp::from_second(value.div_euclid(unit)).ok()?.to_zoned(zone.clone());
        let fraction = || format!("{:01$}", value.rem_euclid(unit), fraction_digits);
        let text = if fraction_digits > 0 && format.contains("%N") {
            strtime::format(format.replace("%N", &fraction()), &time)
        } else {
            strtime::format(format, &time)
        };
        Some(Sample::owned(text.ok()?.into_bytes()))
    })
}
