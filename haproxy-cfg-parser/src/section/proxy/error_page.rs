//! `errorfile`, `errorfiles`, `errorloc` and relatives.

use crate::expr::Site;
use crate::model::{ActionArg, ErrorFile, ErrorPage};
use crate::parse::{Args, Cx};
use crate::rule::{self, Reader};
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

/// `http-error status CODE [REPLY]`.
pub(crate) fn http_error(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if args.get(1) != "status" {
        cx.wrong(args, 0, "http-error : expects at least a <status> as arguments.");
        return;
    }
    let mut reader = Reader::new(cx, *args, 1, Site::new(u32::MAX), None, "http-error");
    let parsed = rule::give_back(&mut reader);
    let next = reader.position();
    let reply = match parsed {
        Err(reason) => return cx.wrong(args, 0, format!("http-error : {reason}")),
        Ok(_) if args.has(next) => {
            return cx.wrong(args, next, format!("http-error : unknown keyword '{}'.", args.get(next)));
        }
        Ok(reply) => reply,
    };
    let keyed = |wanted| reply.iter().find_map(|arg| arg.keyed(wanted));
    let Some(ActionArg::Int(code)) = keyed("status") else { return };
    let known = u16::try_from(*code).ok().filter(|status| STATUSES.contains(status));
    let Some(status) = known else {
        let text = format!("{} : http-error: status code '{code}' not handled.", cx.here());
        return cx.alert_word(args, 2, text);
    };
    let place = cx.place.clone();
    draft.proxy.error_pages.push(match (keyed("errorfiles"), keyed("errorfile")) {
        (Some(ActionArg::Str(name)), _) => {
            ErrorPage::Section { name: name.clone(), statuses: vec![status], place }
        }
        (_, Some(ActionArg::File(path, content))) => {
            ErrorPage::File(ErrorFile { status, path: path.clone(), content: content.clone(), place })
        }
        _ => ErrorPage::Reply { status, args: reply, place },
    });
}
