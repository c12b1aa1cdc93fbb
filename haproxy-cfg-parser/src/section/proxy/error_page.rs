//! `errorfile`, `errorfiles`, `errorloc` and relatives.

use crate::model::{ErrorFile, ErrorPage};
use crate::parse::{Args, Cx};
use crate::section::draft::Draft;

/// Statuses that have an error page.
pub(crate) const STATUSES: &[u16] = &[
    200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 414, 421, 422, 425, 429, 431, 500, 501, 502, 503, 504,
];

fn status(cx: &mut Cx<'_>, args: &Args<'_>, index: usize) -> Option<u16> {
    let text = args.get(index);
    let status = text.parse().ok().filter(|status| STATUSES.contains(status));
    if status.is_none() {
        let text = format!("{} : status code '{text}' not handled.", args.get(0));
        cx.wrong(args, index, text);
    }
    status
}

/// `errorfile CODE FILE`.
pub(crate) fn errorfile(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    draft.proxy.error_pages.extend(file(cx, args, "errorfile : ").map(ErrorPage::File));
}

/// `errorfile CODE FILE` of any section; `title` begins the message about missing words.
pub(crate) fn file(cx: &mut Cx<'_>, args: &Args<'_>, title: &str) -> Option<ErrorFile> {
    let path = args.get(2);
    if path.is_empty() {
        cx.wrong(args, 0, format!("{title}expects <status_code> and <file> as arguments."));
        return None;
    }
    let status = status(cx, args, 1)?;
    match cx.read(path) {
        Ok(content) => Some(ErrorFile { status, path: path.into(), content, place: cx.place.clone() }),
        Err(_) => {
            cx.wrong(args, 2, format!("errorfile : error opening file '{path}'."));
            None
        }
    }
}

/// `errorfiles NAME [CODE]*`.
pub(crate) fn errorfiles(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let name = args.get(1).to_owned();
    if name.is_empty() {
        cx.wrong(args, 0, "errorfiles : expects <name> as argument.");
        return;
    }
    let count = args.rest(2).len();
    let statuses: Option<Vec<u16>> = (2..2 + count).map(|index| status(cx, args, index)).collect();
    let place = cx.place.clone();
    draft.proxy.error_pages.extend(statuses.map(|statuses| ErrorPage::Section { name, statuses, place }));
}

/// `errorloc CODE URL` and its forms with a fixed redirection.
pub(crate) fn errorloc(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let (name, url) = (args.get(0), args.get(2));
    if url.is_empty() {
        cx.wrong(args, 0, format!("{name} : expects <status_code> and <url> as arguments."));
        return;
    }
    let Some(status) = status(cx, args, 1) else { return };
    let code = if name == "errorloc303" { 303 } else { 302 };
    draft.proxy.error_pages.push(ErrorPage::Location { status, code, url: url.into() });
}
