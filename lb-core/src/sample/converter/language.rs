//! The best language of an `Accept-Language` header (manual 7.3.1: `language`; RFC 9110 12.5.4).

use super::{Row, convert, with};
use crate::sample::{Sample, Type};

pub(super) const ROWS: &[Row] = &[convert("language", Type::Str, Type::Str, |args, _| {
    let known: Vec<Vec<u8>> = args.required(0)?.split(';').map(|one| one.as_bytes().to_vec()).collect();
    let default = args.text(1).filter(|text| !text.is_empty()).map(|text| text.as_bytes().to_vec());
    with((known, default), |(known, default), input, _| {
        best(known, &input.into_bytes()).or(default.as_deref()).map(Sample::str)
    })
})];

/// The known language with the highest weight; of equal ones the first in the header.
fn best<'k>(known: &'k [Vec<u8>], header: &[u8]) -> Option<&'k [u8]> {
    let mut best: Option<(u16, &[u8])> = None;
    for item in header.split(|byte| *byte == b',') {
        let mut parts = item.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let range = parts.next().unwrap_or_default();
        let matching = |one: &&Vec<u8>| {
            range.strip_prefix(one.as_slice()).is_some_and(|rest| matches!(rest.first(), None | Some(b'-')))
        };
        let Some(language) = known.iter().find(matching) else { continue };
        let weight = parts.find_map(|part| part.strip_prefix(b"q=")).map_or(1000, thousandths);
        if weight > best.map_or(0, |(weight, _)| weight) {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language)
}

/// `0.123` as 123.
fn thousandths(text: &[u8]) -> u16 {
    let (whole, fraction) = match memchr::memchr(b'.', text) {
        Some(dot) => text.split_at(dot),
        None => (text, &b""[..]),
    };
    let digits = fraction.iter().skip(1).chain(b"000").take(3);
    let fraction = digits.fold(0, |value, digit| value * 10 + u16::from(digit.wrapping_sub(b'0').min(9)));
    if whole == b"0" { fraction } else { 1000 }
}
