//! Parts of bytes.

use super::text::slice;
use super::{Row, convert, with};
use crate::sample::fetch::Args;
use crate::sample::{Sample, Type, VarKey};

pub(super) const ROWS: &[Row] = &[convert("bytes", Type::Bin, Type::Bin, |args, _| {
    let (start, length) = (number(args, 0)?.ok_or("missing offset")?, number(args, 1)?);
    with((start, length), |(start, length), input, exchange| {
        let read = |number: &Number| match number {
            Number::Fixed(value) => Some(*value),
            Number::Variable(key) => exchange.var(*key)?.to_int(),
        };
        let bytes = input.into_bytes();
        let start = usize::try_from(read(start)?).ok()?;
        if start > bytes.len() {
            return None;
        }
        let end = match length {
            Some(length) => start.saturating_add(usize::try_from(read(length)?).ok()?),
            None => usize::MAX,
        };
        Some(Sample::Bin(slice(bytes, start, end)))
    })
})];

enum Number {
    Fixed(i64),
    Variable(VarKey),
}

fn number(args: &Args<'_>, index: usize) -> Result<Option<Number>, String> {
    match args.int(index) {
        Ok(value) => Ok(value.map(Number::Fixed)),
        Err(_) => Ok(args.var(index)?.map(Number::Variable)),
    }
}
