//! `capture`.

use super::Reader;
use super::reader::Parsed;
use crate::model::ActionArg;

/// `EXPR len N` or `EXPR id N`: [`ActionArg::Expr`], then `Keyed("len"|"id", Int)`; after `len` the section puts
/// the number of the slot that it gave, `Keyed("slot", Int)`.
pub(crate) fn capture(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let expr = r.expr()?;
    let (key, text) = if r.eat("len") {
        ("len", r.word())
    } else if r.eat("id") {
        ("id", r.word())
    } else {
        return Err("expects <expression> [ 'len' <length> | id <idx> ]".into());
    };
    let text = text.ok_or_else(|| format!("missing {} value", if key == "len" { "length" } else { "id" }))?;
    let number: i64 = text.parse().unwrap_or(-1);
    match key {
        "len" if number <= 0 => return Err("length must be > 0".into()),
        "id" if number < 0 => return Err(format!("cannot parse id '{text}'")),
        _ => {}
    }
    Ok(vec![ActionArg::Expr(expr), ActionArg::Keyed(key, Some(Box::new(ActionArg::Int(number))))])
}

/// `EXPR len N` of `tcp-request content`.
pub(crate) fn tcp_capture(r: &mut Reader<'_, '_, '_>) -> Parsed {
    capture(r)
}
