//! Bytes that were received and not passed on (manual 7.3.5).

use super::{Args, Built, Row, fetch, plain, with};
use crate::exchange::Exchange;
use crate::net::Buffer;
use crate::sample::Needs::{Bytes, RequestBytes, ResponseBytes};
use crate::sample::{Sample, Type};
use crate::tcp::Peeked;

pub(super) const ROWS: &[Row] = &[
    fetch("req.len", Type::Int, RequestBytes, |_, _| plain(request_length)),
    fetch("req_len", Type::Int, RequestBytes, |_, _| plain(request_length)),
    fetch("res.len", Type::Int, ResponseBytes, |_, _| {
        plain(|exchange| match &exchange.peeked {
            Some(peeked) => Some(length(peeked, &peeked.response)),
            None => Some(Sample::int(exchange.response.weight)),
        })
    }),
    fetch("payload", Type::Bin, Bytes, |args, _| slice(args, args.place.is_response())),
    fetch("req.payload", Type::Bin, RequestBytes, |args, _| slice(args, false)),
    fetch("res.payload", Type::Bin, ResponseBytes, |args, _| slice(args, true)),
    fetch("payload_lv", Type::Bin, Bytes, |args, _| counted(args, args.place.is_response())),
    fetch("req.payload_lv", Type::Bin, RequestBytes, |args, _| counted(args, false)),
    fetch("res.payload_lv", Type::Bin, ResponseBytes, |args, _| counted(args, true)),
];

/// The bytes of one side. Where there is a message instead of bytes there are none.
pub(super) fn peeked(exchange: &Exchange, response: bool) -> Option<(&Peeked, &Buffer)> {
    let peeked = exchange.peeked.as_deref()?;
    Some((peeked, if response { &peeked.response } else { &peeked.request }))
}

fn request_length(exchange: &Exchange) -> Option<Sample<'_>> {
    match &exchange.peeked {
        Some(peeked) => Some(length(peeked, &peeked.request)),
        None => Some(Sample::int(exchange.bytes_in)),
    }
}

fn length(peeked: &Peeked, buffer: &Buffer) -> Sample<'static> {
    peeked.unsettle();
    Sample::int(buffer.len())
}

/// `payload(OFFSET,LENGTH)`; a length of 0: to the end.
fn slice(args: &Args<'_>, response: bool) -> Built {
    let offset = number(args, 0)?;
    let length = number(args, 1)?;
    with((offset, length), move |(offset, length), exchange| {
        let (peeked, buffer) = peeked(exchange, response)?;
        if *length == 0 {
            peeked.unsettle();
            return buffer.filled().get(*offset..).map(|bytes| Sample::Bin(bytes.into()));
        }
        take(peeked, buffer, *offset, *length)
    })
}

/// `payload_lv(OFFSET,SIZE[,OFFSET2])`: as many bytes as a number says that stands in front of them.
fn counted(args: &Args<'_>, response: bool) -> Built {
    let offset = number(args, 0)?;
    let size = number(args, 1)?;
    if !(1..=8).contains(&size) {
        return Err("length must be > 0".into());
    }
    let own = offset + size;
    let start = match args.text(2).filter(|text| !text.is_empty()) {
        None => own,
        Some(text) => {
            let value: i64 = text.parse().map_err(|_| format!("'{text}' is not an integer"))?;
            let relative = text.starts_with(['+', '-']);
            let start = if relative { value.saturating_add_unsigned(own as u64) } else { value };
            usize::try_from(start).map_err(|_| "offset2 too negative".to_owned())?
        }
    };
    with((offset, size, start), move |(offset, size, start), exchange| {
        let (peeked, buffer) = peeked(exchange, response)?;
        let Some(number) = buffer.filled().get(*offset..offset + size) else {
            peeked.unsettle();
            return None;
        };
        let length = number.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        let length = usize::try_from(length).ok().filter(|length| *length > 0)?;
        take(peeked, buffer, *start, length)
    })
}

/// A part of the bytes, once it is there; never what no buffer could hold.
fn take<'a>(peeked: &Peeked, buffer: &'a Buffer, offset: usize, length: usize) -> Option<Sample<'a>> {
    let end = offset.checked_add(length)?;
    match buffer.filled().get(offset..end) {
        Some(bytes) => Some(Sample::Bin(bytes.into())),
        None => {
            if end <= buffer.capacity() {
                peeked.unsettle();
            }
            None
        }
    }
}

fn number(args: &Args<'_>, index: usize) -> Result<usize, String> {
    let value = args.int(index)?.unwrap_or(0);
    usize::try_from(value).ok().filter(|value| *value < 1 << 30).ok_or_else(|| "must be positive".to_owned())
}
