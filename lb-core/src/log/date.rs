//! Dates as logs print them. Text that changes once a second is made once a second per thread.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::cell::RefCell;
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

static ZONE: LazyLock<TimeZone> = LazyLock::new(TimeZone::system);

/// The local time zone, read once: it is to be asked for before the process changes its root.
pub fn zone() -> &'static TimeZone {
    &ZONE
}

const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// Seconds and microseconds since the epoch.
pub(super) fn split(time: SystemTime) -> (i64, u32) {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    (i64::try_from(since.as_secs()).unwrap_or(i64::MAX), since.subsec_micros())
}

/// Forms of a date, to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `23/Nov/2026:18:40:38`, local.
    Short,
    /// `23/Nov/2026:18:40:38 +0000`, local.
    Local,
    /// `23/Nov/2026:18:40:38 +0000`, UTC.
    Gmt,
    /// `Nov 23 18:40:38`, local (RFC 3164).
    Syslog,
    /// `2026-11-23T18:40:40`, local (RFC 5424 without fraction and offset).
    Iso,
    /// `+00:00`.
    Offset,
}

const FORMS: usize = 6;

/// One second and its text; lines of one moment ask for the same few seconds again and again.
#[derive(Clone, Copy)]
struct Slot {
    second: i64,
    text: [u8; 32],
    len: u8,
}

thread_local! {
    static CACHE: RefCell<[Slot; FORMS]> =
        const { RefCell::new([Slot { second: i64::MIN, text: [0; 32], len: 0 }; FORMS]) };
}

/// Appends a second since the epoch in a form.
#[inline]
pub(super) fn push(second: i64, form: Form, out: &mut Vec<u8>) {
    CACHE.with_borrow_mut(|cache| {
        let slot = &mut cache[form as usize];
        if slot.second != second {
            let text = make(second, form);
            let len = text.len().min(slot.text.len());
            slot.text[..len].copy_from_slice(&text[..len]);
            slot.len = len as u8;
            slot.second = second;
        }
        out.extend_from_slice(&slot.text[..usize::from(slot.len)]);
    });
}

fn make(second: i64, form: Form) -> Vec<u8> {
    let zone = if form == Form::Gmt { TimeZone::UTC } else { zone().clone() };
    let time = Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone);
    let month = MONTHS[usize::from(time.month().unsigned_abs().clamp(1, 12)) - 1];
    let (day, year) = (time.day(), time.year());
    let clock = format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
    let month = String::from_utf8_lossy(month);
    let offset = time.offset().seconds();
    let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs() / 60);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    match form {
        Form::Short => format!("{day:02}/{month}/{year:04}:{clock}"),
        Form::Local | Form::Gmt => format!("{day:02}/{month}/{year:04}:{clock} {sign}{hours:02}{minutes:02}"),
        Form::Syslog => format!("{month} {day:2} {clock}"),
        Form::Iso => format!("{year:04}-{:02}-{day:02}T{clock}", time.month()),
        Form::Offset => format!("{sign}{hours:02}:{minutes:02}"),
    }
    .into_bytes()
}

/// A moment to the microsecond, local: `23/Nov/2026:18:40:38.000123`.
pub fn stamp(time: SystemTime) -> String {
    let (second, micros) = split(time);
    let mut out = Vec::new();
    push(second, Form::Short, &mut out);
    out.push(b'.');
    push_padded(micros, 6, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// The same to the millisecond.
pub fn stamp_millis(time: SystemTime) -> String {
    let mut text = stamp(time);
    text.truncate(text.len().saturating_sub(3));
    text
}

/// Appends a number with leading zeros, `digits` of them (at most 9).
#[inline]
pub(super) fn push_padded(mut value: u32, digits: usize, out: &mut Vec<u8>) {
    let mut text = [b'0'; 9];
    for place in text[..digits.min(9)].iter_mut().rev() {
        *place = b'0' + (value % 10) as u8;
        value /= 10;
    }
    out.extend_from_slice(&text[..digits.min(9)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gmt_and_padding() {
        let mut out = Vec::new();
        push(1_700_000_000, Form::Gmt, &mut out);
        out.push(b'.');
        push_padded(7, 3, &mut out);
        push(1_700_000_000, Form::Gmt, &mut out);
        assert_eq!(out, b"14/Nov/2023:22:13:20 +0000.00714/Nov/2023:22:13:20 +0000");
    }
}
