//! Header actions: `set-header`, `add-header`, `del-header`, `replace-header`, `replace-value`.

use super::Reader;
use super::reader::Parsed;
use crate::model::ActionArg;

/// `NAME FORMAT`.
pub(crate) fn add_header(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let [name, format] = r.exactly("expects exactly 2 arguments")?;
    Ok(vec![ActionArg::Str(name.into()), ActionArg::Format(r.format_of(format)?)])
}

/// `NAME [-m METHOD]`.
pub(crate) fn del_header(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let [name] = r.exactly("expects at least 1 argument")?;
    let mut args = vec![ActionArg::Str(name.into())];
    if r.eat("-m") {
        let method = r.word().unwrap_or_default();
        let method = ["str", "beg", "end", "sub", "reg"]
            .into_iter()
            .find(|known| *known == method)
            .ok_or_else(|| format!("-m with unsupported matching method '{method}'"))?;
        args.push(ActionArg::Keyed("-m", Some(Box::new(ActionArg::Str(method.into())))));
    }
    Ok(args)
}

/// `NAME REGEX FORMAT`.
pub(crate) fn replace_header(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let [name, regex, format] = r.exactly("expects exactly 3 arguments")?;
    Ok(vec![ActionArg::Str(name.into()), Reader::regex(regex)?, ActionArg::Format(r.format_of(format)?)])
}

/// `FORMAT [prefix TEXT]` of the `-bin` actions.
pub(crate) fn bin_headers(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let mut args = vec![ActionArg::Expr(r.expr()?)];
    if r.eat("prefix") {
        let [prefix] = r.exactly("missing prefix")?;
        args.push(ActionArg::Keyed("prefix", Some(Box::new(ActionArg::Str(prefix.into())))));
    }
    Ok(args)
}
