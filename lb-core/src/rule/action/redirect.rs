//! `redirect`.

use super::{Build, Built, Error, REQUEST_RESPONSE, Row, act, action, with_text};
use crate::exchange::Exchange;
use crate::log::Format;
use crate::rule::{Message, Reply, Verdict};
use haproxy_cfg_parser::model::ActionArg;
use haproxy_cfg_parser::raw;
use std::sync::Arc;

pub(super) const ROWS: &[Row] = &[action("redirect", REQUEST_RESPONSE, redirect)];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Location,
    Prefix,
    Scheme,
}

struct Redirect {
    target: Target,
    format: Format,
    code: u16,
    drop_query: bool,
    append_slash: bool,
    keep_query: bool,
    ignore_empty: bool,
    cookie: Option<Cookie>,
}

enum Cookie {
    Fixed(Vec<u8>),
    Computed(Format),
}

fn redirect(build: &mut Build<'_, '_>) -> Built {
    let targets = [("location", Target::Location), ("prefix", Target::Prefix), ("scheme", Target::Scheme)];
    let found = targets.into_iter().find_map(|(key, target)| Some((target, build.keyed(key)?)));
    let Some((target, ActionArg::Format(format))) = found else {
        return Err("redirection type expected ('prefix', 'location', or 'scheme')".into());
    };
    let format = build.compile_format(format)?;
    let code = u16::try_from(build.number("code").unwrap_or(302))
        .map_err(|_| Error::from("unsupported HTTP code"))?;
    let cookie = match (build.keyed("set-cookie"), build.keyed("set-cookie-fmt"), build.keyed("clear-cookie"))
    {
        (Some(ActionArg::Str(text)), ..) => {
            Some(Cookie::Fixed(raw::bytes(&format!("{text}; path=/;")).into_owned()))
        }
        (_, Some(ActionArg::Format(format)), _) => Some(Cookie::Computed(build.compile_format(format)?)),
        (.., Some(ActionArg::Str(text))) => {
            Some(Cookie::Fixed(raw::bytes(&format!("{text}; path=/; Max-Age=0;")).into_owned()))
        }
        _ => None,
    };
    let redirect = Redirect {
        target,
        format,
        code,
        drop_query: build.has("drop-query"),
        append_slash: build.has("append-slash"),
        keep_query: build.has("keep-query"),
        ignore_empty: build.has("ignore-empty"),
        cookie,
    };
    act((redirect, build.kind), |(redirect, kind), exchange| match redirect.message(exchange) {
        Some(message) => Verdict::Reply(Reply::local(Arc::new(message), *kind)),
        None => Verdict::Continue,
    })
}

impl Redirect {
    /// None when the rule is passed over.
    fn message(&self, exchange: &mut Exchange) -> Option<Message> {
        let location = with_text(&self.format, exchange, |text, exchange| self.location(text, exchange))?;
        let mut message = Message::new(self.code).header("content-length", "0").header("location", location);
        if matches!(self.code, 302 | 303 | 307) {
            message = message.header("cache-control", "no-cache");
        }
        Some(match &self.cookie {
            None => message,
            Some(Cookie::Fixed(text)) => message.header("set-cookie", text.as_slice()),
            Some(Cookie::Computed(format)) => {
                let mut text = format.text(exchange);
                text.extend_from_slice(b"; path=/;");
                message.header("set-cookie", text)
            }
        })
    }

    fn location(&self, text: &[u8], exchange: &Exchange) -> Option<Vec<u8>> {
        if self.ignore_empty && text.is_empty() {
            return None;
        }
        let request = &exchange.request;
        let mut out = Vec::with_capacity(text.len() + request.target().len() + 16);
        match self.target {
            Target::Location => {
                out.extend_from_slice(text);
                if let (true, Some(query)) = (self.keep_query, request.query()) {
                    out.push(if text.contains(&b'?') { b'&' } else { b'?' });
                    out.extend_from_slice(query);
                }
                return Some(out);
            }
            Target::Scheme => {
                out.extend_from_slice(text);
                out.extend_from_slice(b"://");
                out.extend_from_slice(request.authority().unwrap_or_default());
            }
            // The prefix `/` says: the same place.
            Target::Prefix if text == b"/" => {}
            Target::Prefix => out.extend_from_slice(text),
        }
        let path = if self.drop_query { request.path() } else { request.path_and_query() };
        out.extend_from_slice(if path.is_empty() { b"/" } else { path });
        if self.drop_query && self.append_slash && out.last() != Some(&b'/') {
            out.push(b'/');
        }
        Some(out)
    }
}
