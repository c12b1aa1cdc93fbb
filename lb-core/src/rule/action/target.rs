//! The request line: `set-method`, `set-uri`, `set-path`, `set-pathq`, `set-query`, `replace-path`, `replace-pathq`,
//! `replace-uri`.

use super::{Build, Built, REQUEST, Row, act, action, with_text};
use crate::acl::Pattern;
use crate::exchange::Exchange;
use crate::http::Request;
use crate::rule::Verdict;

pub(super) const ROWS: &[Row] = &[
    action("set-method", REQUEST, |build| {
        set(build, |request, text| {
            if !text.is_empty() {
                request.set_method(text);
            }
        })
    }),
    action("set-uri", REQUEST, |build| {
        set(build, |request, text| {
            if !text.is_empty() {
                request.set_uri(text);
            }
        })
    }),
    action("set-path", REQUEST, |build| set(build, set_path)),
    action("set-pathq", REQUEST, |build| set(build, Request::set_path_and_query)),
    action("set-query", REQUEST, |build| set(build, set_query)),
    action("replace-path", REQUEST, |build| replace(build, Request::path, set_path)),
    action("replace-pathq", REQUEST, |build| {
        replace(build, Request::path_and_query, Request::set_path_and_query)
    }),
    action("replace-uri", REQUEST, |build| replace(build, Request::target, Request::set_uri)),
];

fn set(build: &mut Build<'_, '_>, apply: fn(&mut Request, &[u8])) -> Built {
    act((build.format(0)?, apply), |(format, apply), exchange| {
        with_text(format, exchange, |text, exchange| apply(&mut exchange.request, text));
        Verdict::Continue
    })
}

/// The part that the expression matches in becomes the format with its groups.
fn replace(build: &mut Build<'_, '_>, part: fn(&Request) -> &[u8], apply: fn(&mut Request, &[u8])) -> Built {
    let pattern = Pattern::new(build.text(0)?, false)?;
    act((pattern, build.format(1)?, part, apply), |(pattern, format, part, apply), exchange| {
        with_text(format, exchange, |with, exchange: &mut Exchange| {
            if let Some(new) = pattern.compose(part(&exchange.request), with) {
                apply(&mut exchange.request, &new);
            }
        });
        Verdict::Continue
    })
}

/// Replaces the path and keeps the query.
fn set_path(request: &mut Request, path: &[u8]) {
    match request.query() {
        Some(query) => {
            let whole = [path, b"?", query].concat();
            request.set_path_and_query(&whole);
        }
        None => request.set_path_and_query(path),
    }
}

/// Replaces the query and keeps the path.
fn set_query(request: &mut Request, query: &[u8]) {
    let whole = [request.path(), if query.is_empty() { b"" } else { b"?" }, query].concat();
    request.set_path_and_query(&whole);
}
