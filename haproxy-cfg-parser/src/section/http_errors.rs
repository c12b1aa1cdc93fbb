//! `http-errors` sections (manual 3.8): named sets of error pages.

use super::proxy::error_page;
use crate::model::{Class, HttpErrors};
use crate::parse::{Args, Cx};
use crate::value;

/// Opens a set; false, and an error, if it has no usable name.
pub(super) fn open(cx: &mut Cx<'_>, args: &Args<'_>) -> bool {
    let name = args.get(1);
    if name.is_empty() {
        cx.wrong(args, 0, "missing name for http-errors section.");
        return false;
    }
    if let Some(c) = value::not_in_name(name) {
        cx.wrong(args, 1, format!("character '{c}' is not permitted in 'http-errors' name '{name}'."));
        return false;
    }
    if let Some(there) = cx.named_before("http-errors", name) {
        let here = cx.here();
        let text = format!("{here}: http-errors section '{name}' already exists (declared at {there}).");
        cx.alert_word(args, 1, text);
    }
    let place = cx.place.clone();
    cx.config.http_errors.push(HttpErrors { name: name.into(), place, files: Vec::new() });
    true
}

/// One line of the set that was opened last.
pub(super) fn line(cx: &mut Cx<'_>, args: &Args<'_>) {
    if args.get(0) != "errorfile" {
        super::other::unknown(cx, args, "http-errors", None);
        return;
    }
    cx.uses(Class::Keyword, "errorfile");
    if let Some(file) = error_page::file(cx, args, "errorfile: ")
        && let Some(set) = cx.config.http_errors.last_mut()
    {
        set.files.push(file);
    }
}
