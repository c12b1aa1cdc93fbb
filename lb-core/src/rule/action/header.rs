//! `set-header`, `add-header`, `del-header`, `replace-header`, `replace-value`, `set-status`.

use super::{Build, Built, Error, HTTP, RESPONSES, Row, act, action, headers, with_text};
use crate::acl::{Matcher, Pattern};
use crate::exchange::Exchange;
use crate::http::{HeaderId, HeaderKey};
use crate::rule::{Kind, Verdict};
use crate::sample::Sample;
use haproxy_cfg_parser::model::ActionArg;
use haproxy_cfg_parser::raw;

pub(super) const ROWS: &[Row] = &[
    action("set-header", HTTP, |build| {
        act((key(build)?, build.format(1)?, build.kind), |(key, format, kind), exchange| {
            with_text(format, exchange, |value, exchange| {
                headers(*kind, exchange).set(key, value);
                changed(*kind, key, exchange);
            });
            Verdict::Continue
        })
    }),
    action("add-header", HTTP, |build| {
        act((key(build)?, build.format(1)?, build.kind), |(key, format, kind), exchange| {
            with_text(format, exchange, |value, exchange| {
                headers(*kind, exchange).append_key(key, value);
                changed(*kind, key, exchange);
            });
            Verdict::Continue
        })
    }),
    action("del-header", HTTP, del_header),
    action("replace-header", HTTP, |build| replace(build, false)),
    action("replace-value", HTTP, |build| replace(build, true)),
    action("set-status", RESPONSES, |build| {
        let Some(ActionArg::Int(status)) = build.args.first() else { return Err("missing status".into()) };
        let status = u16::try_from(*status).map_err(|_| Error::from("the status is out of range"))?;
        let reason = match build.keyed("reason") {
            Some(ActionArg::Str(text)) => text.clone(),
            _ => crate::rule::message::reason(status).to_owned(),
        };
        act((status, raw::bytes(&reason).into_owned()), |(status, reason), exchange| {
            exchange.response.set_status(*status, reason);
            Verdict::Continue
        })
    }),
];

fn key(build: &Build<'_, '_>) -> Result<HeaderKey, Error> {
    let name = build.text(0)?;
    if name.is_empty() {
        Err("the header's name is empty".into())
    } else {
        Ok(HeaderKey::new(&raw::bytes(name)))
    }
}

/// `del-header NAME [-m METHOD]`.
fn del_header(build: &mut Build<'_, '_>) -> Built {
    let name = build.text(0)?;
    let method = match build.keyed("-m") {
        Some(ActionArg::Str(method)) if method != "str" => method.as_str(),
        _ => {
            return act((key(build)?, build.kind), |(key, kind), exchange| {
                headers(*kind, exchange).remove(key);
                Verdict::Continue
            });
        }
    };
    // Names are compared in lower case.
    let lower = name.to_ascii_lowercase();
    let pattern = if method == "reg" { name } else { lower.as_str() };
    let matcher = Matcher::compile(method, &[pattern], Default::default())?;
    act((matcher, build.kind), |(matcher, kind), exchange| {
        headers(*kind, exchange).remove_if(|name, _| matcher.matches(Sample::str(name)));
        Verdict::Continue
    })
}

/// `replace-header NAME REGEX FORMAT` on whole lines, `replace-value` on each value of a list: where the expression
/// matches, the format with its groups replaces all of the line or value.
fn replace(build: &mut Build<'_, '_>, values: bool) -> Built {
    let pattern = Pattern::new(build.text(1)?, false)?;
    let data = (key(build)?, pattern, build.format(2)?, build.kind, values);
    act(data, |(key, pattern, format, kind, values), exchange| {
        let kind: Kind = *kind;
        if headers(kind, exchange).contains(key) {
            with_text(format, exchange, |with, exchange| {
                headers(kind, exchange).edit_values(key, |line| {
                    if *values { replace_elements(pattern, line, with) } else { pattern.compose(line, with) }
                });
                changed(kind, key, exchange);
            });
        }
        Verdict::Continue
    })
}

/// What must agree with a header that was set, added or replaced.
fn changed(kind: Kind, key: &HeaderKey, exchange: &mut Exchange) {
    if key.id() == HeaderId::Host && !kind.is_response() {
        exchange.request.follow_host();
    }
}

/// The elements of a list, each replaced where it matches; none when no one does.
fn replace_elements(pattern: &Pattern, line: &[u8], with: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(line.len());
    let mut changed = false;
    let mut rest = 0;
    for element in crate::http::header::list_elements(line) {
        // Elements are parts of the line, in order.
        let start = element.as_ptr() as usize - line.as_ptr() as usize;
        out.extend_from_slice(line.get(rest..start)?);
        match pattern.compose(element, with) {
            Some(new) => {
                out.extend_from_slice(&new);
                changed = true;
            }
            None => out.extend_from_slice(element),
        }
        rest = start + element.len();
    }
    out.extend_from_slice(line.get(rest..)?);
    changed.then_some(out)
}
