//! Arithmetic and logic on integers; overflow saturates.

use super::{Args, Built, Row, convert, plain, with};
use crate::sample::{Sample, Type, VarKey};
use haproxy_cfg_parser::raw;

pub(super) const ROWS: &[Row] = &[
    binary("add", |args, _| operation(args, i64::saturating_add)),
    binary("sub", |args, _| operation(args, i64::saturating_sub)),
    binary("mul", |args, _| operation(args, i64::saturating_mul)),
    binary("div", |args, _| operation(args, divide)),
    binary("mod", |args, _| operation(args, |a, b| a.checked_rem(b).unwrap_or(0))),
    binary("and", |args, _| operation(args, |a, b| a & b)),
    binary("or", |args, _| operation(args, |a, b| a | b)),
    binary("xor", |args, _| operation(args, |a, b| a ^ b)),
    binary("neg", |_, _| unary(i64::saturating_neg)),
    binary("cpl", |_, _| unary(|value| !value)),
    convert("odd", Type::Int, Type::Bool, |_, _| test(|value| value & 1 != 0)),
    convert("even", Type::Int, Type::Bool, |_, _| test(|value| value & 1 == 0)),
    convert("not", Type::Int, Type::Bool, |_, _| test(|value| value == 0)),
    convert("bool", Type::Int, Type::Bool, |_, _| test(|value| value != 0)),
    convert("htonl", Type::Int, Type::Bin, |_, _| {
        plain(|input| Some(Sample::Bin((input.to_int()? as u32).to_be_bytes().to_vec().into())))
    }),
    convert("iif", Type::Bool, Type::Str, |args, _| {
        let (yes, no) = (args.text(0).unwrap_or_default(), args.text(1).unwrap_or_default());
        with((raw::bytes(yes).into_owned(), raw::bytes(no).into_owned()), |(yes, no), input, _| {
            Some(Sample::str(if input.to_bool()? { yes } else { no }))
        })
    }),
];

const fn binary(name: &'static str, build: fn(&Args<'_>, &mut crate::compile::Context<'_>) -> Built) -> Row {
    convert(name, Type::Int, Type::Int, build)
}

enum Operand {
    Fixed(i64),
    Variable(VarKey),
}

fn operation(args: &Args<'_>, apply: fn(i64, i64) -> i64) -> Built {
    let operand = match args.int(0) {
        Ok(Some(value)) => Operand::Fixed(value),
        Ok(None) => return Err("expects an integer or a variable name".into()),
        Err(_) => Operand::Variable(args.var(0)?.ok_or("expects an integer or a variable name")?),
    };
    with((operand, apply), |(operand, apply), input, exchange| {
        let right = match operand {
            Operand::Fixed(value) => *value,
            Operand::Variable(key) => exchange.var(*key)?.to_int()?,
        };
        Some(Sample::Int(apply(input.to_int()?, right)))
    })
}

/// Division by zero gives the largest number, as HAProxy has it.
fn divide(a: i64, b: i64) -> i64 {
    if b == 0 { i64::MAX } else { a.saturating_div(b) }
}

fn unary(apply: fn(i64) -> i64) -> Built {
    with(apply, |apply, input, _| Some(Sample::Int(apply(input.to_int()?))))
}

fn test(holds: fn(i64) -> bool) -> Built {
    with(holds, |holds, input, _| Some(Sample::Bool(holds(input.to_int()?))))
}
