//! `http-check send` and the request that `option httpchk` gives.

use super::format;
use super::step::value;
use crate::model::{CheckAction, CheckRequest, CheckStep, CheckText};
use crate::parse::{Args, Cx};

pub(super) fn send(cx: &mut Cx<'_>, args: &Args<'_>) -> Result<CheckStep, String> {
    let mut request = CheckRequest::default();
    let mut comment = None;
    let mut at = 2;
    while args.has(at) && !args.get(at).is_empty() {
        let word = args.get(at);
        let what = "a string";
        match word {
            "meth" => request.method = Some(value(args, at, what)?.into()),
            "uri" => request.uri = Some(CheckText::Plain(value(args, at, what)?.into())),
            "uri-lf" => request.uri = Some(CheckText::Format(format(cx, value(args, at, what)?)?)),
            "ver" => request.version = Some(value(args, at, what)?.into()),
            "hdr" => {
                let (name, text) = (args.get(at + 1), args.get(at + 2));
                if name.is_empty() || text.is_empty() {
                    return Err(format!("'{word}' expects <name> and <value> as arguments"));
                }
                header(cx, &mut request, name, text)?;
                at += 1;
            }
            "body" => request.body = Some(CheckText::Plain(value(args, at, what)?.into())),
            "body-lf" => request.body = Some(CheckText::Format(format(cx, value(args, at, what)?)?)),
            "comment" => comment = Some(value(args, at, what)?.to_owned()),
            _ => {
                return Err(format!(
                    "expects 'comment', 'meth', 'uri', 'uri-lf', 'ver', 'hdr', 'body' or 'body-lf' but got '{word}' as argument."
                ));
            }
        }
        at += 2;
    }
    Ok(CheckStep { action: CheckAction::Request(Box::new(request)), comment, place: cx.place.clone() })
}

/// Adds a header; what frames the body is the engine's to write.
fn header(cx: &mut Cx<'_>, request: &mut CheckRequest, name: &str, text: &str) -> Result<(), String> {
    let host = |name: &str| name.eq_ignore_ascii_case("host");
    if host(name)
        && let Some((_, first)) = request.headers.iter().find(|(name, _)| host(name))
    {
        return Err(format!("'{name}' header already defined (previous value is '{}')", first.text));
    }
    if !["content-length", "transfer-encoding"].iter().any(|framing| name.eq_ignore_ascii_case(framing)) {
        let value = format(cx, text)?;
        request.headers.push((name.into(), value));
    }
    Ok(())
}

/// `option httpchk [METHOD] URI [VERSION]`, with headers and a body hidden behind the version.
pub(super) fn of_option(cx: &mut Cx<'_>, args: &Args<'_>) -> Result<CheckRequest, String> {
    let mut request = CheckRequest::default();
    let (first, second) = (args.get(2), args.get(3));
    let (method, uri) = if second.is_empty() { ("", first) } else { (first, second) };
    let text = |word: &str| (!word.is_empty()).then(|| word.to_owned());
    request.method = text(method);
    request.uri = text(uri).map(CheckText::Plain);
    let hidden = args.get(4);
    let (version, rest) = hidden.split_once("\r\n").unwrap_or((hidden, ""));
    request.version = text(version);
    let (headers, body) = match rest.strip_prefix("\r\n") {
        Some(body) => ("", body),
        None => rest.split_once("\r\n\r\n").unwrap_or((rest, "")),
    };
    request.body = text(body).map(CheckText::Plain);
    for line in headers.split("\r\n").filter(|line| !line.is_empty()) {
        match line.split_once(':') {
            Some((name, value)) if !name.is_empty() && !name.contains(char::is_whitespace) => {
                header(cx, &mut request, name, value.trim())?;
            }
            _ => return Err(format!("unable to parse the request '{headers}'.")),
        }
    }
    Ok(request)
}
