//! What `return`, `deny` and `tarpit` answer with.

use super::{Build, Error};
use crate::exchange::Exchange;
use crate::log::Format;
use crate::rule::replies::section;
use crate::rule::{Message, Replies, error_reply};
use haproxy_cfg_parser::model::ActionArg;
use haproxy_cfg_parser::raw;
use std::sync::Arc;

/// An answer, as far as it is known at load.
#[derive(Debug)]
pub(in crate::rule) enum Payload {
    /// The error page of a status, as the proxies at hand have it.
    Page(u16),
    /// Always the same.
    Fixed(Arc<Message>),
    /// Made for each exchange.
    Computed(Computed),
}

#[derive(Debug)]
pub(in crate::rule) struct Computed {
    status: u16,
    headers: Vec<(String, Format)>,
    content_type: Option<Vec<u8>>,
    body: Body,
}

#[derive(Debug)]
enum Body {
    None,
    Fixed(bytes::Bytes),
    Format(Format),
}

impl Payload {
    /// Of `deny` and `tarpit`: without arguments the error page of the usual status, with `deny_status` that of the
    /// status, otherwise as [`Self::answer`].
    pub(super) fn refusal(build: &mut Build<'_, '_>, usual: u16) -> Result<Self, Error> {
        match (build.args, build.number("deny_status")) {
            ([], _) => Ok(Self::Page(usual)),
            ([_], Some(status)) => page(status),
            _ => Self::build(build, usual),
        }
    }

    /// Of `return`: status 200 unless another is named.
    pub(in crate::rule) fn answer(build: &mut Build<'_, '_>) -> Result<Self, Error> {
        Self::build(build, 200)
    }

    fn build(build: &mut Build<'_, '_>, usual: u16) -> Result<Self, Error> {
        let status = build.number("status").or_else(|| build.number("deny_status")).unwrap_or(usual.into());
        if build.has("default-errorfiles") {
            return page(status);
        }
        let status = u16::try_from(status).map_err(|_| Error::from("the status is out of range"))?;
        if let Some(ActionArg::Str(name)) = build.keyed("errorfiles") {
            // A status that the section lacks has the usual page.
            let own = section(name, build.context).remove(&status);
            return Ok(own.map_or(Self::Page(status), Self::Fixed));
        }
        if let Some(ActionArg::File(path, bytes)) = build.keyed("errorfile") {
            let message =
                Message::parse(status, bytes).map_err(|reason| format!("error file '{path}': {reason}"))?;
            return Ok(Self::Fixed(Arc::new(message)));
        }
        let mut headers = Vec::new();
        for arg in build.args {
            if let ActionArg::Header(name, format) = arg {
                headers.push((name.clone(), build.compile_format(format)?));
            }
        }
        let content_type = match build.keyed("content-type") {
            Some(ActionArg::Str(text)) => Some(raw::bytes(text).into_owned()),
            _ => None,
        };
        let formatted = build.keyed("lf-string").or_else(|| build.keyed("lf-file"));
        let body = match (formatted, build.keyed("string"), build.keyed("file")) {
            (Some(ActionArg::Format(format)), ..) => Body::Format(build.compile_format(format)?),
            (_, Some(ActionArg::Str(text)), _) => Body::Fixed(raw::bytes(text).into_owned().into()),
            (.., Some(ActionArg::File(_, bytes))) => Body::Fixed(bytes.clone().into()),
            _ => Body::None,
        };
        let computed = Computed { status, headers, content_type, body };
        let fixed = computed.headers.is_empty() && !matches!(computed.body, Body::Format(_));
        Ok(if fixed { Self::Fixed(Arc::new(computed.make(None))) } else { Self::Computed(computed) })
    }

    /// The answer for an exchange.
    pub(in crate::rule) fn message(&self, exchange: &Exchange) -> Arc<Message> {
        match self {
            Self::Page(status) => error_reply(exchange, *status),
            Self::Fixed(message) => message.clone(),
            Self::Computed(computed) => Arc::new(computed.make(Some(exchange))),
        }
    }
}

fn page(status: i64) -> Result<Payload, Error> {
    match u16::try_from(status) {
        Ok(status) if Replies::has_page(status) => Ok(Payload::Page(status)),
        _ => Err(Error::Text(format!(
            "status code '{status}' not handled by default with 'default-errorfiles' argument."
        ))),
    }
}

impl Computed {
    fn make(&self, exchange: Option<&Exchange>) -> Message {
        let text = |format: &Format| exchange.map(|exchange| format.text(exchange)).unwrap_or_default();
        let mut message = Message::new(self.status);
        for (name, value) in &self.headers {
            // A header without a value is left out (haproxy 2.6.12 does so here, not in `set-header`).
            let value = text(value);
            if !value.is_empty() {
                message = message.header(name, value);
            }
        }
        let body = match &self.body {
            Body::None => bytes::Bytes::new(),
            Body::Fixed(body) => body.clone(),
            Body::Format(format) => text(format).into(),
        };
        let empty = body.is_empty();
        message = message.body(body);
        match &self.content_type {
            Some(kind) if !empty => message.header("content-type", kind.as_slice()),
            _ => message,
        }
    }
}
