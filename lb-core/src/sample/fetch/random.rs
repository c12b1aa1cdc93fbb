//! Random values (manual 7.3.2).

use super::{Row, fetch, plain, with};
use crate::sample::Needs::Nothing;
use crate::sample::{Sample, Type};

pub(super) const ROWS: &[Row] = &[
    fetch("rand", Type::Int, Nothing, |args, _| {
        let range = args.int(0)?.map(|range| u32::try_from(range).unwrap_or(0)).filter(|range| *range > 0);
        with(range, |range, _| {
            Some(Sample::int(match range {
                Some(range) => fastrand::u32(..*range),
                None => fastrand::u32(..),
            }))
        })
    }),
    fetch("uuid", Type::Str, Nothing, |args, _| match args.int(0)? {
        None | Some(4) => plain(|_| Some(Sample::owned(uuid4().into_bytes()))),
        Some(other) => Err(format!("unsupported UUID version {other}; use 4")),
    }),
];

/// A random UUID (RFC 9562 5.4).
pub(crate) fn uuid4() -> String {
    let bits = fastrand::u128(..);
    let bits = bits & !(0xf << 76 | 0x3 << 62) | 4 << 76 | 2 << 62;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        bits >> 96,
        bits >> 80 & 0xffff,
        bits >> 64 & 0xffff,
        bits >> 48 & 0xffff,
        bits & 0xffff_ffff_ffff
    )
}
