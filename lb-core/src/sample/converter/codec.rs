//! Base64, hexadecimal digits and the like.

use super::{Args, Built, Row, convert, plain, with};
use crate::sample::value::hex;
use crate::sample::{Sample, Type};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use haproxy_cfg_parser::raw;

pub(super) const ROWS: &[Row] = &[
    convert("base64", Type::Bin, Type::Str, |_, _| {
        plain(|input| Some(Sample::owned(STANDARD.encode(input.into_bytes()).into_bytes())))
    }),
    convert("ub64enc", Type::Bin, Type::Str, |_, _| {
        plain(|input| Some(Sample::owned(URL_SAFE_NO_PAD.encode(input.into_bytes()).into_bytes())))
    }),
    convert("b64dec", Type::Str, Type::Bin, |_, _| {
        plain(|input| Some(Sample::Bin(STANDARD.decode(input.into_bytes()).ok()?.into())))
    }),
    convert("ub64dec", Type::Str, Type::Bin, |_, _| {
        plain(|input| {
            let text = input.into_bytes();
            let unpadded =
                text.trim_ascii_end().strip_suffix(b"==").or(text.strip_suffix(b"=")).unwrap_or(&text);
            Some(Sample::Bin(URL_SAFE_NO_PAD.decode(unpadded).ok()?.into()))
        })
    }),
    convert("hex", Type::Bin, Type::Str, |_, _| plain(|input| Some(Sample::owned(hex(&input.into_bin()?))))),
    convert("hex2i", Type::Str, Type::Int, |_, _| {
        plain(|input| {
            let text = input.into_bytes();
            // A NUL ends the text; digits beyond 64 bits shift out at the top.
            text.split(|byte| *byte == 0)
                .next()
                .unwrap_or_default()
                .iter()
                .try_fold(0i64, |value, byte| {
                    char::from(*byte).to_digit(16).map(|digit| value << 4 | i64::from(digit))
                })
                .map(Sample::Int)
        })
    }),
    convert("be2dec", Type::Bin, Type::Str, |args, _| {
        chunks(args, 8, |chunk, out| {
            let value = chunk.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
            out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
        })
    }),
    convert("le2dec", Type::Bin, Type::Str, |args, _| {
        chunks(args, 8, |chunk, out| {
            let value = chunk.iter().rev().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
            out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
        })
    }),
    convert("base2", Type::Bin, Type::Str, |_, _| {
        plain(|input| {
            let bytes = input.into_bin()?;
            let bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| b'0' + (byte >> bit & 1)));
            Some(Sample::owned(bits.collect()))
        })
    }),
    convert("be2hex", Type::Bin, Type::Str, |args, _| {
        chunks(args, usize::MAX, |chunk, out| out.extend(hex(chunk)))
    }),
];

/// Chunks of bytes, each printed, joined by a separator: `be2dec(separator[,size[,truncate]])`.
fn chunks(args: &Args<'_>, most: usize, print: fn(&[u8], &mut Vec<u8>)) -> Built {
    let separator = raw::bytes(args.text(0).unwrap_or_default()).into_owned();
    let size = args.int(1)?.unwrap_or(1);
    let size = usize::try_from(size).ok().filter(|size| (1..=most).contains(size));
    let size = size.ok_or("the chunk size must be from 1 to 8")?;
    let truncate = args.int(2)?.unwrap_or(0) != 0;
    with((separator, size, truncate, print), |(separator, size, truncate, print), input, _| {
        let mut out = Vec::new();
        for chunk in input.into_bytes().chunks(*size) {
            if *truncate && chunk.len() < *size {
                break;
            }
            if !out.is_empty() {
                out.extend_from_slice(separator);
            }
            print(chunk, &mut out);
        }
        Some(Sample::owned(out))
    })
}
