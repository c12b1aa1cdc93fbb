//! Fields of protocol buffers messages, plain or within gRPC (manual 7.3.1: `protobuf`, `ungrpc`).

use super::{Args, Built, Row, convert, with};
use crate::sample::{Sample, Type};

pub(super) const ROWS: &[Row] = &[
    convert("protobuf", Type::Bin, Type::Bin, |args, _| {
        with(Field::new(args)?, |field, input, _| field.find(&input.into_bytes()))
    }),
    convert("ungrpc", Type::Bin, Type::Bin, ungrpc),
];

/// Each message has a byte that says whether it is compressed, and four with its length (gRPC over HTTP/2, "Length-Prefixed-Message").
fn ungrpc(args: &Args<'_>, _: &mut crate::compile::Context<'_>) -> Built {
    with(Field::new(args)?, |field, input, _| {
        let bytes = input.into_bytes();
        let mut rest = &*bytes;
        while let Some((head, body)) = rest.split_first_chunk::<5>() {
            let [compressed, length @ ..] = *head;
            let length = usize::try_from(u32::from_be_bytes(length)).ok()?;
            if compressed != 0 {
                return None;
            }
            if let Some(found) = field.find(body.get(..length).unwrap_or(body)) {
                return Some(found);
            }
            rest = body.get(length..)?;
        }
        None
    })
}

/// A field by the numbers that lead to it, and what its bytes mean.
struct Field {
    path: Vec<u64>,
    kind: Option<Kind>,
}

/// How a value is encoded on the wire, and how it becomes a number.
#[derive(Clone, Copy)]
struct Kind {
    wire: u64,
    number: fn(u64) -> i64,
}

impl Kind {
    #[rustfmt::skip]
    fn of(name: &str) -> Option<Self> {
        let (wire, number): (u64, fn(u64) -> i64) = match name {
            "int32" | "enum" => (VARINT, |raw| i64::from(raw as i32)),
            "uint32" => (VARINT, |raw| i64::from(raw as u32)),
            "sint32" => (VARINT, |raw| zigzag(u64::from(raw as u32))),
            "int64" | "uint64" | "bool" => (VARINT, |raw| raw as i64),
            "sint64" => (VARINT, zigzag),
            "fixed64" | "sfixed64" => (FIXED64, |raw| raw as i64),
            "double" => (FIXED64, |raw| f64::from_bits(raw) as i64),
            "fixed32" => (FIXED32, |raw| i64::from(raw as u32)),
            "sfixed32" => (FIXED32, |raw| i64::from(raw as i32)),
            "float" => (FIXED32, |raw| f32::from_bits(raw as u32) as i64),
            _ => return None,
        };
        Some(Self { wire, number })
    }
}

fn zigzag(raw: u64) -> i64 {
    (raw >> 1) as i64 ^ -((raw & 1) as i64)
}

const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const BYTES: u64 = 2;
const FIXED32: u64 = 5;

impl Field {
    fn new(args: &Args<'_>) -> Result<Self, String> {
        let text = match (args.text(0), args.int(0)) {
            (Some(text), _) => text.to_owned(),
            (None, Ok(Some(number))) => number.to_string(),
            _ => return Err("missing field number".into()),
        };
        let path: Result<Vec<u64>, _> = text.split('.').map(str::parse).collect();
        let path = path.map_err(|_| format!("'{text}' is no field number; write it as '1' or '1.2'"))?;
        let kind = match args.text(1).filter(|name| !name.is_empty()) {
            None => None,
            Some(name) => Some(Kind::of(name).ok_or(format!("Wrong protocol buffer type '{name}'"))?),
        };
        Ok(Self { path, kind })
    }

    fn find(&self, message: &[u8]) -> Option<Sample<'static>> {
        let (last, outer) = self.path.split_last()?;
        let mut message = message;
        for number in outer {
            message = value(message, *number, Some(BYTES))?;
        }
        let found = value(message, *last, self.kind.map(|kind| kind.wire))?;
        Some(match self.kind {
            None => Sample::Bin(found.to_vec().into()),
            Some(Kind { wire: VARINT, number }) => Sample::Int(number(varint(found)?.0)),
            Some(Kind { number, .. }) => {
                Sample::Int(number(found.iter().rev().fold(0, |raw, byte| raw << 8 | u64::from(*byte))))
            }
        })
    }
}

/// The bytes of the first field with that number, and that encoding where one is asked for.
fn value(message: &[u8], number: u64, wire: Option<u64>) -> Option<&[u8]> {
    let mut rest = message;
    loop {
        let (key, after) = varint(rest)?;
        let (length, after) = match key & 7 {
            VARINT => (after.len() - varint(after)?.1.len(), after),
            FIXED64 => (8, after),
            FIXED32 => (4, after),
            BYTES => {
                let (length, after) = varint(after)?;
                (usize::try_from(length).ok()?, after)
            }
            _ => return None,
        };
        let (found, next) = after.split_at_checked(length)?;
        if key >> 3 == number {
            return (wire.is_none_or(|wire| wire == key & 7)).then_some(found);
        }
        rest = next;
    }
}

/// A number in groups of seven bits, and what follows it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0;
    for (index, byte) in bytes.iter().enumerate().take(10) {
        number |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(index + 1..)?));
        }
    }
    None
}
