//! Variables (manual 2.8).

use super::{Row, fetch, with};
use crate::sample::Needs::Nothing;
use crate::sample::{Sample, Type};
use haproxy_cfg_parser::raw;

pub(super) const ROWS: &[Row] = &[fetch("var", Type::Any, Nothing, |args, _| {
    let key = args.var(0)?.ok_or("missing variable name")?;
    let default = args.text(1).map(|text| raw::bytes(text).into_owned());
    with((key, default), |(key, default), exchange| {
        exchange.var(*key).or_else(|| default.as_deref().map(Sample::str))
    })
})];
