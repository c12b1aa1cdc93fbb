//! `errorfile`, `errorloc` and relatives.

use crate::model::ErrorFile;
use crate::parse::{Args, Cx};
use crate::section::draft::Draft;

/// Statuses that have an error page.
pub(crate) const STATUSES: &[u16] = &[
    200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 414, 421, 422, 425, 429, 431, 500, 501, 502, 503, 504,
];

fn status(cx: &mut Cx<'_>, args: &Args<'_>) -> Option<u16> {
    let text = args.get(1);
    let status = text.parse().ok().filter(|status| STATUSES.contains(status));
    if status.is_none() {
        let text = format!("{} : status code '{text}' not handled.", args.get(0));
        cx.wrong(args, 1, text);
    }
    status
}

/// `errorfile CODE FILE`.
pub(crate) fn errorfile(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let path = args.get(2);
    if path.is_empty() {
        cx.wrong(args, 0, "errorfile : expects <status_code> and <file> as arguments.");
        return;
    }
    let Some(status) = status(cx, args) else { return };
    match cx.read(path) {
        Ok(content) => {
            let place = cx.place.clone();
            draft.proxy.errorlocs.retain(|other| other.0 != status);
            draft.proxy.errorfiles.retain(|other| other.status != status);
            draft.proxy.errorfiles.push(ErrorFile { status, path: path.into(), content, place });
        }
        Err(_) => cx.wrong(args, 2, format!("errorfile : error opening file '{path}'.")),
    }
}

/// `errorloc CODE URL` and its forms with a fixed redirection.
pub(crate) fn errorloc(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let (name, url) = (args.get(0), args.get(2));
    if url.is_empty() {
        cx.wrong(args, 0, format!("{name} : expects <status_code> and <url> as arguments."));
        return;
    }
    let Some(status) = status(cx, args) else { return };
    let code = if name == "errorloc303" { 303 } else { 302 };
    draft.proxy.errorfiles.retain(|other| other.status != status);
    draft.proxy.errorlocs.retain(|other| other.0 != status);
    draft.proxy.errorlocs.push((status, code, url.into()));
}
