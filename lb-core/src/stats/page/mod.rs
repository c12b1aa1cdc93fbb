//! The statistics page (manual 4.2 "stats enable" and its kin; management guide 9.1 for its exports).

mod cells;
mod export;
mod form;
mod html;
mod panel;
mod table;
mod view;

use crate::acl::Condition;
use crate::exchange::{Cause, Exchange, Phase};
use crate::http::message::{Method, Request};
use crate::rule::{Message, Reply, Ruleset, error_reply};
use crate::sample;
use crate::service::{Answer, Present, Service};
use crate::stats::{Only, Row};
use form::{Order, Outcome};
use haproxy_cfg_parser::raw;
use std::sync::Arc;
use view::{Form, View};

/// Where the page is unless `stats uri` says otherwise.
pub const DEFAULT_URI: &str = "/haproxy?stats";
/// What is asked for the password unless `stats realm` says otherwise.
pub const DEFAULT_REALM: &str = "HAProxy Statistics";

/// The page of a proxy.
#[derive(Debug)]
pub struct Page {
    /// `stats uri`: what the target begins with.
    pub uri: String,
    /// `stats realm`.
    pub realm: String,
    /// `stats auth`: names and passwords; empty: everybody may see it.
    pub users: Vec<(String, String)>,
    /// `stats http-request`.
    pub rules: Ruleset,
    /// `stats admin`: servers can be changed when one of these holds.
    pub admin: Vec<Condition>,
    /// `stats refresh`, in seconds.
    pub refresh: Option<u64>,
    /// `stats scope`: names of proxies that are shown; empty: all.
    pub scope: Vec<String>,
    /// `stats hide-version`.
    pub hide_version: bool,
    /// `stats show-node`: its name; none inside: that of the process.
    pub node: Option<Option<String>>,
    /// `stats show-desc`: its text; none inside: that of the process.
    pub description: Option<Option<String>>,
    /// `stats show-legends`.
    pub legends: bool,
    /// `stats show-modules`.
    pub modules: bool,
}

impl Page {
    /// The request is for the page: its target begins with `stats uri`, and its method is one that the page knows.
    pub fn is_asked(&self, request: &Request) -> bool {
        matches!(request.method, Method::Get | Method::Head | Method::Post)
            && self.target(request).starts_with(self.uri.as_bytes())
    }

    /// What `stats uri` is compared with: the path with its query, or all of the target for one that is no path.
    fn target<'a>(&self, request: &'a Request) -> &'a [u8] {
        if self.uri.starts_with('/') { request.path_and_query() } else { request.target() }
    }

    /// The demand for a password, where the request has none that is right.
    pub fn challenge(&self, exchange: &Exchange) -> Option<Reply> {
        if self.users.is_empty() {
            return None;
        }
        let given = sample::basic_credentials(exchange);
        let known = given.is_some_and(|(user, password)| {
            // All are looked at, so that the time does not tell how far a guess was right.
            self.users.iter().fold(false, |found, (name, secret)| {
                found | (*raw::bytes(name) == *user && same(&raw::bytes(secret), &password))
            })
        });
        if known {
            return None;
        }
        let message = error_reply(exchange, 401).as_ref().clone();
        let message = message.header("www-authenticate", format!("Basic realm=\"{}\"", self.realm));
        let (cause, phase) = (Cause::Local, Phase::Request);
        Some(Reply { message: Arc::new(message), denied: false, cause, phase })
    }

    /// Servers may be changed by this request.
    fn is_admin(&self, exchange: &Exchange) -> bool {
        self.admin.iter().any(|condition| condition.holds(exchange))
    }

    /// The row is in the page's scope, and in what the request asks for.
    fn shows(&self, view: &View, row: &Row<'_>) -> bool {
        let only = Only { up: view.up, no_maint: view.no_maint, ..Only::default() };
        self.has_in_scope(row.proxy()) && view.is_in_scope(row.proxy()) && only.wants(row)
    }

    fn has_in_scope(&self, proxy: &str) -> bool {
        self.scope.is_empty() || self.scope.iter().any(|name| name == proxy)
    }

    fn view(&self, request: &Request) -> View {
        let rest = self.target(request).get(self.uri.len()..).unwrap_or_default();
        View::parse(&String::from_utf8_lossy(rest))
    }

    /// Back to the page, which will tell what became of a form.
    fn see_page(&self, view: &View, outcome: Outcome) -> Message {
        let location = format!("{};st={}{}", self.uri, outcome.code(), view.suffix());
        Message::new(303)
            .header("cache-control", "no-cache")
            .header("content-type", "text/plain")
            .body("")
            .header("location", location)
    }
}

/// Compares secrets in a time that depends on their lengths only.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

impl Service for Page {
    fn name(&self) -> &'static str {
        "<STATS>"
    }

    fn reads_body(&self, exchange: &Exchange) -> bool {
        exchange.request.method == Method::Post && self.is_admin(exchange)
    }

    fn answer(self: Arc<Self>, exchange: &Exchange, body: Option<&[u8]>, present: &Present) -> Answer {
        let request = &exchange.request;
        let view = self.view(request);
        let admin = self.is_admin(exchange);
        if request.method == Method::Post {
            let outcome = match body {
                _ if !admin || form::is_foreign(request) => Outcome::Denied,
                None => Outcome::TooLong,
                Some(body) => {
                    let in_scope = |name: &str| self.has_in_scope(name);
                    let Order { outcome, changes, end } = form::read(body, &present.plan, in_scope);
                    if !end.is_empty() {
                        // The threads do it; the answer need not wait for them.
                        drop(present.admin.end_sessions(&end));
                    }
                    if !changes.is_empty() {
                        let failed = self.see_page(&view, Outcome::Wrong);
                        return Answer::Changes(changes, self.see_page(&view, outcome), failed);
                    }
                    outcome
                }
            };
            return Answer::Message(self.see_page(&view, outcome));
        }
        let content_type = match view.form {
            Form::Html => "text/html",
            Form::Json => "application/json",
            Form::Csv | Form::Typed => "text/plain",
        };
        let mut head =
            Message::new(200).header("cache-control", "no-cache").header("content-type", content_type);
        if let Some(seconds) = self.refresh.filter(|_| !view.norefresh) {
            head = head.header("refresh", seconds.to_string());
        }
        if admin && view.form == Form::Html {
            // Its buttons must not be clicked through somebody else's page.
            head = head.header("x-frame-options", "SAMEORIGIN");
        }
        match view.form {
            Form::Html => Answer::Pieces(head, Box::new(html::Html::new(&self, view, admin, present))),
            _ => Answer::Pieces(head, Box::new(export::Export::new(&self, view, present))),
        }
    }
}

#[cfg(test)]
mod tests;
