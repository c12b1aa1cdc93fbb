//! Actions that rewrite the start line, and those that change maps.

use super::Reader;
use super::reader::Parsed;
use crate::model::ActionArg;

/// `FORMAT`: `set-method`, `set-path`, `set-pathq`, `set-query`, `set-uri`.
pub(crate) fn format(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let error = "expects exactly 1 argument <format>";
    let [text] = r.exactly(error)?;
    if !r.at_end() {
        return Err(error.into());
    }
    Ok(vec![ActionArg::Format(r.format_of(text)?)])
}

/// `REGEX FORMAT`: `replace-path`, `replace-pathq`, `replace-uri`.
pub(crate) fn replace_message(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let error = "expects exactly 2 arguments <match-regex> and <replace-format>";
    let [regex, format] = r.exactly(error)?;
    if !r.at_end() {
        return Err(error.into());
    }
    Ok(vec![Reader::regex(regex)?, ActionArg::Format(r.format_of(format)?)])
}

/// `STATUS [reason TEXT]`.
pub(crate) fn set_status(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let [text] = r.exactly("expects 1 argument: <status>; or 3 arguments: <status> reason <fmt>")?;
    let status = text.parse().ok().filter(|status| (100..1000).contains(status));
    let status = status.ok_or("expects an integer status code between 100 and 999")?;
    let mut args = vec![ActionArg::Int(status)];
    if r.eat("reason") {
        let [reason] = r.exactly("expects 1 argument: <status>; or 3 arguments: <status> reason <fmt>")?;
        args.push(ActionArg::Keyed("reason", Some(Box::new(ActionArg::Str(reason.into())))));
    }
    Ok(args)
}

/// `(FILE) FORMAT`: `add-acl`, `del-acl`, `del-map`.
pub(crate) fn map_key(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let file = file(r)?;
    let [key] = r.exactly("expects exactly 1 arguments")?;
    Ok(vec![file, ActionArg::Format(r.format_of(key)?)])
}

/// `(FILE) KEY VALUE`: `set-map`.
pub(crate) fn map_key_value(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let file = file(r)?;
    let [key, value] = r.exactly("expects exactly 2 arguments")?;
    Ok(vec![file, ActionArg::Format(r.format_of(key)?), ActionArg::Format(r.format_of(value)?)])
}

fn file(r: &Reader<'_, '_, '_>) -> Result<ActionArg, String> {
    match r.paren {
        Some(name) if !name.is_empty() => Ok(ActionArg::Str(name.into())),
        _ => Err("missing file name in parentheses".into()),
    }
}
