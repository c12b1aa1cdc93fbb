//! Percent-encoding (RFC 3986 2.1).

use super::{Row, convert, with};
use crate::sample::{Sample, Type};
use haproxy_cfg_parser::raw;
use std::borrow::Cow;

pub(super) const ROWS: &[Row] = &[
    convert("url_dec", Type::Str, Type::Str, |args, _| {
        // In a form, and in a query, a plus is a space.
        with(args.int(0)?.unwrap_or(0) != 0, |form, input, _| {
            decode(input.into_bytes(), *form).map(Sample::Str)
        })
    }),
    convert("url_enc", Type::Str, Type::Str, |args, _| match args.text(0) {
        None | Some("" | "query") => with((), |(), input, _| Some(Sample::Str(encode(input.into_bytes())))),
        Some(other) => Err(format!("Unexpected encode type: '{other}'; use 'query'")),
    }),
    convert("param", Type::Str, Type::Str, |args, _| {
        let separator = args.text(1).and_then(|text| raw::bytes(text).first().copied()).unwrap_or(b'&');
        with((raw::bytes(args.required(0)?).into_owned(), separator), |(name, separator), input, _| {
            let text = input.into_bytes();
            let value = text.split(|byte| byte == separator).find_map(|pair| {
                let rest = pair.strip_prefix(name.as_slice())?;
                if rest.is_empty() { Some(rest) } else { rest.strip_prefix(b"=") }
            })?;
            Some(Sample::owned(value.to_vec()))
        })
    }),
];

/// None for a percent sign without two digits after it.
fn decode(text: Cow<'_, [u8]>, form: bool) -> Option<Cow<'_, [u8]>> {
    if memchr::memchr2(b'%', b'+', &text).is_none() {
        return Some(text);
    }
    let digit =
        |byte: Option<&u8>| char::from(*byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut out = Vec::with_capacity(text.len());
    let mut in_query = form;
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let high = digit(bytes.next())?;
                out.push(high << 4 | digit(bytes.next())?);
            }
            b'+' if in_query => out.push(b' '),
            other => {
                in_query |= *other == b'?';
                out.push(*other);
            }
        }
    }
    Some(Cow::Owned(out))
}

fn encode(text: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    if text.iter().all(plain) {
        return text;
    }
    let mut out = Vec::with_capacity(text.len() * 2);
    for byte in text.iter() {
        if plain(byte) {
            out.push(*byte);
        } else {
            out.push(b'%');
            out.extend(crate::sample::value::hex(&[*byte]));
        }
    }
    Cow::Owned(out)
}
