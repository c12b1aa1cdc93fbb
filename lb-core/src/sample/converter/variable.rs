//! Variables set in passing (manual 7.3.1: `set-var`, `unset-var`).

use super::{Output, Row, with};
use crate::sample::{Sample, Type};

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "set-var",
        input: Type::Any,
        output: Output::Same,
        build: |args, _| {
            let key = args.var(0)?.ok_or("missing variable name")?;
            with(key, |key, input, exchange| {
                exchange.set_var_later(*key, Some(input.clone().into_owned()));
                Some(input)
            })
        },
    },
    Row {
        name: "unset-var",
        input: Type::Any,
        output: Output::Same,
        build: |args, _| {
            let key = args.var(0)?.ok_or("missing variable name")?;
            with(key, |key, input: Sample<'_>, exchange| {
                exchange.set_var_later(*key, None);
                Some(input)
            })
        },
    },
];
