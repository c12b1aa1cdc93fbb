//! The error answers of a proxy: its own over the built-in ones.

use super::action::{Build, Error, Payload};
use super::message::Message;
use super::{Kind, builtin};
use crate::compile::Context;
use crate::exchange::Exchange;
use haproxy_cfg_parser::model::{self, ActionArg, ErrorFile, ErrorPage, Place};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

static BUILTIN: LazyLock<HashMap<u16, Arc<Message>>> =
    LazyLock::new(|| builtin::pages().map(|page| (page.status, Arc::new(page))).collect());

/// Answers that lb gives itself: `errorfile`s and `errorloc`s over the built-in pages.
#[derive(Debug, Default)]
pub struct Replies {
    own: HashMap<u16, Payload>,
}

impl Replies {
    /// Reads a proxy's `errorfile`, `errorfiles`, `errorloc`, `errorloc302`, `errorloc303` and `http-error`; errors are
    /// recorded.
    pub fn compile(proxy: &model::Proxy, context: &mut Context<'_>) -> Self {
        let mut own = HashMap::new();
        for page in &proxy.error_pages {
            match page {
                ErrorPage::File(file) => {
                    own.extend(read(file, context).map(|page| (file.status, Payload::Fixed(page))));
                }
                ErrorPage::Location { status, code, url } => {
                    let message = Message::new(*code)
                        .header("cache-control", "no-cache")
                        .header("content-length", "0")
                        .header("location", url.as_str());
                    own.insert(*status, Payload::Fixed(Arc::new(message)));
                }
                ErrorPage::Section { name, statuses, .. } => {
                    let wanted = |status| statuses.is_empty() || statuses.contains(&status);
                    let pages = section(name, context).into_iter().filter(|(status, _)| wanted(*status));
                    own.extend(pages.map(|(status, page)| (status, Payload::Fixed(page))));
                }
                ErrorPage::Reply { status, args, place } => {
                    own.extend(reply(*status, args, place, context).map(|page| (*status, page)));
                }
            }
        }
        Self { own }
    }

    /// The proxy's own answer for a status.
    fn own(&self, status: u16, exchange: &Exchange) -> Option<Arc<Message>> {
        Some(self.own.get(&status)?.message(exchange))
    }

    /// The built-in page for a status, or (for a status without one) that of 500.
    pub fn builtin(status: u16) -> Arc<Message> {
        let message = BUILTIN.get(&status).or_else(|| BUILTIN.get(&500));
        message.cloned().unwrap_or_else(|| Arc::new(Message::new(status)))
    }

    /// True for statuses that have a page.
    pub fn has_page(status: u16) -> bool {
        builtin::has_page(status)
    }
}

/// The pages of an `http-errors` section; the parser has made sure that it is there.
pub(super) fn section(name: &str, context: &mut Context<'_>) -> HashMap<u16, Arc<Message>> {
    let set = context.config.http_errors.iter().find(|set| set.name == name);
    let files = set.map_or(&[][..], |set| &set.files);
    files.iter().filter_map(|file| Some((file.status, read(file, context)?))).collect()
}

fn read(file: &ErrorFile, context: &mut Context<'_>) -> Option<Arc<Message>> {
    match Message::parse(file.status, &file.content) {
        Ok(message) => Some(Arc::new(message)),
        Err(reason) => {
            let path = &file.path;
            let text =
                format!("errorfile : unable to convert message in HTX : error file <{path}> : {reason}.");
            context.error(&file.place, text);
            None
        }
    }
}

/// `http-error`: an answer as `http-request return` gives it.
fn reply(status: u16, args: &[ActionArg], place: &Place, context: &mut Context<'_>) -> Option<Payload> {
    let kind = Kind::HttpRequest;
    let proxy = context.proxy.map(|proxy| proxy.kind);
    match Payload::answer(&mut Build { args, kind, place: kind.place(proxy), context }) {
        // `default-errorfiles`: the page that there would be without any.
        Ok(Payload::Page(_)) => Some(Payload::Fixed(Replies::builtin(status))),
        Ok(payload) => Some(payload),
        Err(Error::Reported) => None,
        Err(Error::Text(reason)) => {
            context.error(place, format!("http-error : {reason}"));
            None
        }
    }
}

/// The answer for a status within an exchange: the backend's own, else the frontend's, else the built-in page.
pub fn error_reply(exchange: &Exchange, status: u16) -> Arc<Message> {
    let backend = exchange.backend.as_ref().and_then(|backend| backend.replies.own(status, exchange));
    let own = backend.or_else(|| exchange.frontend.replies.own(status, exchange));
    own.unwrap_or_else(|| Replies::builtin(status))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::http::Response;

    #[test]
    fn pages_are_haproxys() {
        let mut response = Response::default();
        let message = Replies::builtin(403);
        message.write(&mut response);
        let mut out = Vec::new();
        response.headers.write_lines(&mut out);
        assert_eq!(out, b"content-length: 93\r\ncache-control: no-cache\r\ncontent-type: text/html\r\n");
        assert_eq!(
            &message.body[..],
            b"<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n</body></html>\n"
        );
        for (status, length) in [(200, 58), (405, 146), (407, 112), (501, 136), (504, 92)] {
            assert_eq!(Replies::builtin(status).body.len(), length, "{status}");
        }
    }

    #[test]
    fn error_files_are_read() {
        let message =
            Message::parse(503, b"HTTP/1.0 503 Gone fishing\r\nConnection: close\r\nX: y\r\n\r\nbye")
                .unwrap();
        assert_eq!(
            (message.status, &*message.reason, &message.body[..]),
            (503, &b"Gone fishing"[..], &b"bye"[..])
        );
        assert_eq!(message.headers.len(), 1);
        assert_eq!(message.version, crate::http::Version::Http10);
        assert!(Message::parse(503, b"").unwrap().silent);
        assert!(Message::parse(503, b"HTTP/1.0 503 x\r\nContent-Length: 9\r\n\r\nbye").is_err());
        assert!(Message::parse(503, b"nonsense").is_err());
    }
}
