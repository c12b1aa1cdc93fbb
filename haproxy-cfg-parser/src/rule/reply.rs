//! Answers that a rule makes itself: `deny`, `tarpit`, `return`.

use super::Reader;
use super::reader::Parsed;
use crate::model::ActionArg;

/// `deny` and `tarpit`: any status is one that an error page exists for.
pub(crate) fn deny(r: &mut Reader<'_, '_, '_>) -> Parsed {
    reply(r, true)
}

/// `return`: status 200 by default.
pub(crate) fn give_back(r: &mut Reader<'_, '_, '_>) -> Parsed {
    reply(r, false)
}

/// `[status N] [content-type T] [default-errorfiles | errorfile F | errorfiles N | file F | lf-file F |
/// string T | lf-string F] [hdr NAME FORMAT]*`
///
/// `status` and `deny_status` are kept apart; files are [`ActionArg::File`] with their bytes.
fn reply(r: &mut Reader<'_, '_, '_>, deny: bool) -> Parsed {
    let mut args = Vec::new();
    let mut typed = None;
    let mut payload = None;
    let mut headers = false;
    let keyed = |name, arg| ActionArg::Keyed(name, Some(Box::new(arg)));
    while !r.at_end() {
        let word = r.peek();
        let choose = |payload: &mut Option<&'static str>, name| match payload.replace(name) {
            Some(other) => Err(format!("unexpected '{name}' argument, '{other}' already defined")),
            None => Ok(()),
        };
        match word {
            "status" | "deny_status" if deny || word == "status" => {
                r.word();
                let text = r.word().ok_or_else(|| format!("'{word}' expects <status_code> as argument"))?;
                let code = crate::value::lenient_integer(text);
                if !(200..=599).contains(&code) {
                    return Err(format!("Unexpected status code '{code}'"));
                }
                // Alone, `deny_status` means an error page and `status` an empty answer.
                let key = if word == "status" { "status" } else { "deny_status" };
                args.push(keyed(key, ActionArg::Int(code)));
            }
            "content-type" => {
                r.word();
                let text = r.word().ok_or("'content-type' expects <ctype> as argument")?;
                typed = Some(text);
                args.push(keyed("content-type", ActionArg::Str(text.into())));
            }
            "default-errorfiles" => {
                r.word();
                choose(&mut payload, "default-errorfiles")?;
                args.push(ActionArg::Keyed("default-errorfiles", None));
            }
            "errorfiles" => {
                r.word();
                choose(&mut payload, "errorfiles")?;
                let name = r.word().ok_or("'errorfiles' expects <http_errors_name> as argument")?;
                args.push(keyed("errorfiles", ActionArg::Str(name.into())));
            }
            "errorfile" | "file" | "lf-file" => {
                r.word();
                let key =
                    ["errorfile", "file", "lf-file"].into_iter().find(|key| *key == word).unwrap_or("file");
                choose(&mut payload, key)?;
                let path = r.word().ok_or_else(|| format!("'{word}' expects <file> as argument"))?;
                let bytes = r.cx.read(path).map_err(|_| {
                    // The stop is HAProxy's.
                    let stop = if key == "errorfile" { "." } else { "" };
                    format!("error opening file '{path}'{stop}")
                })?;
                let arg = if key == "lf-file" {
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    ActionArg::Format(r.format_of(&text)?)
                } else {
                    ActionArg::File(path.into(), bytes)
                };
                args.push(keyed(key, arg));
            }
            "string" => {
                r.word();
                choose(&mut payload, "string")?;
                let text = r.word().ok_or("'string' expects <str> as argument")?;
                args.push(keyed("string", ActionArg::Str(text.into())));
            }
            "lf-string" => {
                r.word();
                choose(&mut payload, "lf-string")?;
                let text = r.word().ok_or("'lf-string' expects <fmt> as argument")?;
                args.push(keyed("lf-string", ActionArg::Format(r.format_of(text)?)));
            }
            "hdr" => {
                r.word();
                let [name, format] = r.exactly("'hdr' expects <name> and <value> as arguments")?;
                headers = true;
                args.push(ActionArg::Header(name.into(), r.format_of(format)?));
            }
            _ => break,
        }
    }
    let body = matches!(payload, Some("file" | "lf-file" | "string" | "lf-string"));
    match (typed, body) {
        (None, true) => Err("a content type must be defined when non-empty payload is configured".into()),
        (Some(text), false) => {
            let why = match payload {
                Some(_) => "when used with an erorrfile",
                None => "because neither errorfile nor payload defined",
            };
            let text = format!("content-type '{text}' ignored by the http reply {why}.");
            r.cx.warn(&crate::parse::Args::new(&[]), 0, text);
            Ok(args)
        }
        _ if headers && matches!(payload, Some("errorfile" | "errorfiles")) => {
            r.cx.warn(
                &crate::parse::Args::new(&[]),
                0,
                "hdr parameters ignored by the http reply when used with an erorrfile.",
            );
            Ok(args)
        }
        _ => Ok(args),
    }
}
