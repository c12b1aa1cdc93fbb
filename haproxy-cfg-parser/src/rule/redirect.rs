//! `redirect`, as an action and as a line of its own.

use super::Reader;
use super::reader::Parsed;
use crate::model::ActionArg;

/// `location|prefix|scheme FORMAT [code N] [drop-query] [append-slash] [ignore-empty] [set-cookie N] [clear-cookie N]`.
///
/// Arguments: `Keyed("location"|"prefix"|"scheme", Format)` first, then the options as written.
pub(crate) fn redirect(r: &mut Reader<'_, '_, '_>) -> Parsed {
    let mut target = None;
    let mut options = Vec::new();
    while !r.at_end() {
        let word = r.word().unwrap_or_default();
        let value = |r: &mut Reader<'_, '_, '_>, name: &str| {
            r.word().map(str::to_owned).ok_or_else(|| format!("missing argument for '{name}'"))
        };
        let keyed = |name, arg| ActionArg::Keyed(name, Some(Box::new(arg)));
        let kind = ["location", "prefix", "scheme"].into_iter().find(|kind| *kind == word);
        if let Some(kind) = kind {
            let text = value(r, kind)?;
            target = Some(keyed(kind, ActionArg::Format(r.format_of(&text)?)));
            continue;
        }
        match word {
            "code" => {
                let text = value(r, "code")?;
                let code = text.parse().ok().filter(|code| matches!(code, 301 | 302 | 303 | 307 | 308));
                let code = code.ok_or_else(|| {
                    format!(
                        "'code': unsupported HTTP code '{text}' (must be one of 301, 302, 303, 307 or 308)"
                    )
                })?;
                options.push(keyed("code", ActionArg::Int(code)));
            }
            "set-cookie" => options.push(keyed("set-cookie", ActionArg::Str(value(r, "set-cookie")?))),
            "set-cookie-fmt" => {
                let text = value(r, "set-cookie-fmt")?;
                options.push(keyed("set-cookie-fmt", ActionArg::Format(r.format_of(&text)?)));
            }
            "clear-cookie" => options.push(keyed("clear-cookie", ActionArg::Str(value(r, "clear-cookie")?))),
            "drop-query" => options.push(ActionArg::Keyed("drop-query", None)),
            "append-slash" => options.push(ActionArg::Keyed("append-slash", None)),
            "keep-query" => options.push(ActionArg::Keyed("keep-query", None)),
            "ignore-empty" => options.push(ActionArg::Keyed("ignore-empty", None)),
            _ => {
                return Err(format!(
                    "expects 'code', 'prefix', 'location', 'scheme', 'set-cookie', 'clear-cookie', 'drop-query', 'ignore-empty' or 'append-slash' (was '{word}')"
                ));
            }
        }
    }
    let target = target.ok_or("redirection type expected ('prefix', 'location', or 'scheme')")?;
    Ok(std::iter::once(target).chain(options).collect())
}
