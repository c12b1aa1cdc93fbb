//! Stick counters: `track-sc*`, `sc-inc-gpc*`, `sc-add-gpc`, `sc-set-gpt*`.

use super::Reader;
use super::reader::Parsed;
use crate::model::ActionArg;

/// How many stick counters a stream has unless `tune.stick-counters` says otherwise.
const COUNTERS: i64 = 3;

/// `track-scN EXPR [table NAME]`: `Int(N)`, `Expr`, `Keyed("table", Str)`.
pub(crate) fn track(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let digits = r.word.strip_prefix("track-sc").unwrap_or_default();
    let number: i64 = digits.parse().map_err(|_| format!("invalid track-sc number '{digits}'"))?;
    if number >= COUNTERS {
        return Err(format!("{number} track-sc number exceeding {} (MAX_SESS_STKCTR-1) value", COUNTERS - 1));
    }
    let mut args = vec![ActionArg::Int(number), ActionArg::Expr(r.expr()?)];
    if r.eat("table") {
        let table = r.word().ok_or("missing table name")?;
        args.push(ActionArg::Keyed("table", Some(Box::new(ActionArg::Str(table.into())))));
    }
    Ok(args)
}

fn counters(r: &Reader<'_, '_, '_>, most: usize) -> Result<Vec<ActionArg>, String> {
    let expects = if most == 2 { "<GPC ID>,<Track ID>" } else { "<Track ID>" };
    let error = || format!("invalid stick table track ID. Expects {}({expects})", r.word);
    let text = match r.paren {
        Some(text) => text,
        None if most == 1 => "0",
        None => return Err(error()),
    };
    let numbers = text.split(',').map(|part| part.trim().parse().map(ActionArg::Int));
    let numbers: Vec<ActionArg> = numbers.collect::<Result<_, _>>().map_err(|_| error())?;
    if numbers.len() == most { Ok(numbers) } else { Err(error()) }
}

/// `(IDX,SC)`.
pub(crate) fn increment_counter(r: &mut Reader<'_, '_, '_>) -> Parsed {
    counters(r, 2)
}

/// `(SC)` of the counters that have a number in their name.
pub(crate) fn increment_counter_0(r: &mut Reader<'_, '_, '_>) -> Parsed {
    counters(r, 1)
}

/// `(IDX,SC) INT|EXPR`.
pub(crate) fn add_or_set_counter(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let mut args = counters(r, 2)?;
    args.push(r.number_or_expr()?);
    Ok(args)
}

/// `(SC) INT|EXPR`.
pub(crate) fn set_tag_0(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let mut args = counters(r, 1)?;
    args.push(r.number_or_expr()?);
    Ok(args)
}
