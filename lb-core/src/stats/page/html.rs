//! The page as HTML, in pieces: a head, then a table for each proxy.

use super::Page;
use super::cells::Kind;
use super::form::Outcome;
use super::panel;
use super::table::{Table, shown};
use super::view::View;
use crate::compile::Plan;
use crate::extension::Extension;
use crate::service::{PIECE, Pieces, Present};
use crate::stats::{FIELDS, Process, Source, Value, Walk};
use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

const STYLE: &str = include_str!("style.css");

/// A page on its way.
pub(super) struct Html {
    page: Arc<Page>,
    view: View,
    admin: bool,
    plan: Arc<Plan>,
    process: Arc<Process>,
    extension: Arc<Extension>,
    walk: Walk,
    began: bool,
    /// The table that is open, and the id of its proxy.
    table: Option<(u32, Table)>,
}

impl Html {
    pub(super) fn new(page: &Arc<Page>, view: View, admin: bool, present: &Present) -> Self {
        Self {
            page: Arc::clone(page),
            view,
            admin,
            plan: Arc::clone(&present.plan),
            process: Arc::clone(&present.admin.process),
            extension: Arc::clone(&present.admin.extension),
            walk: Walk::new(&present.plan),
            began: false,
            table: None,
        }
    }
}

impl Pieces for Html {
    fn next(&mut self, out: &mut String) -> bool {
        if !self.began {
            self.began = true;
            self.head(out);
        }
        let plan = Arc::clone(&self.plan);
        while out.len() < PIECE {
            let Some(row) = self.walk.next(&plan) else {
                if let Some((_, table)) = self.table.take() {
                    table.end(out);
                }
                out.push_str("</main></body></html>\n");
                return false;
            };
            if !self.page.shows(&self.view, &row) {
                continue;
            }
            if self.table.as_ref().is_none_or(|(id, _)| *id != row.proxy_id()) {
                if let Some((_, table)) = self.table.take() {
                    table.end(out);
                }
                let (legends, modules) = (self.page.legends, self.page.modules);
                self.table =
                    Some((row.proxy_id(), Table::begin(&row, &plan, self.admin, legends, modules, out)));
            }
            if let Some((_, table)) = &mut self.table {
                table.row(&row, out);
            }
        }
        true
    }
}

/// A link to another view of the page.
struct Link {
    text: &'static str,
    /// Its text when the view is that already, and it leads back.
    back: &'static str,
    is_set: fn(&View) -> bool,
    form: &'static str,
    change: fn(&mut View),
}

const fn link(
    text: &'static str,
    back: &'static str,
    is_set: fn(&View) -> bool,
    form: &'static str,
    change: fn(&mut View),
) -> Link {
    Link { text, back, is_set, form, change }
}

const DISABLE_REFRESH: &str = "Disable refresh";

#[rustfmt::skip]
static LINKS: &[Link] = &[
    link("Refresh now", "", |_| false, "", |_| {}),
    link("Hide 'DOWN' servers", "Show all servers", |v| v.up, "", |v| v.up = !v.up),
    link("Hide 'MAINT' servers", "Show 'MAINT' servers", |v| v.no_maint, "", |v| v.no_maint = !v.no_maint),
    link(DISABLE_REFRESH, "Enable refresh", |v| v.norefresh, "", |v| v.norefresh = !v.norefresh),
    link("CSV export", "", |_| false, ";csv", |v| v.norefresh = true),
    link("JSON export", "", |_| false, ";json", |v| v.norefresh = true),
];

/// Facts of the process: text, and field of `show info`.
const FACTS: &[(&str, &str)] = &[
    ("Process", "Pid"),
    ("Threads", "Nbthread"),
    ("Uptime", "Uptime"),
    ("Limit of files", "Ulimit-n"),
    ("Limit of connections", "Maxconn"),
    ("Connections now", "CurrConns"),
    ("Connections a second", "ConnRate"),
    ("Sessions a second", "SessRate"),
    ("Requests", "CumReq"),
    ("Bytes sent", "TotalBytesOut"),
    ("Idle, percent", "Idle_pct"),
];

/// What the colours mean.
const LEGEND: &str = "<section><h2>States</h2><ul class=\"legend\">\
<li class=\"up\">active UP<li class=\"up backup\">backup UP\
<li class=\"down\">DOWN<li class=\"going\">going up or down\
<li class=\"maint\">maintenance (MAINT)<li class=\"drain\">no new sessions (DRAIN, NOLB)\
<li class=\"nocheck\">not checked</ul></section>";

impl Html {
    /// What stands above the tables.
    fn head(&self, out: &mut String) {
        let page = &self.page;
        let named = page.node.as_ref().map(|name| name.as_deref().unwrap_or(&self.process.node));
        let described = match &page.description {
            Some(own) => own.as_deref().or(self.process.description.as_deref()),
            None => None,
        };
        let on = named.map_or_else(String::new, |node| format!(" on {}", escaped(node)));
        let _ = write!(
            out,
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\">\
             <title>Statistics Report for {product}{on}</title><link rel=\"icon\" href=\"data:,\">\
             <style>{STYLE}</style></head>\n<body><header><h1>{product}",
            product = escaped(&self.process.product),
        );
        if !page.hide_version {
            let _ = write!(
                out,
                " version {}, released {}",
                escaped(&self.process.version),
                escaped(&self.process.release_date)
            );
        }
        let pid = self.process.pid;
        let _ = write!(out, "</h1><p class=\"sub\">Statistics Report for pid {pid}{on}");
        if let Some(text) = described {
            let _ = write!(out, ": {}", escaped(text));
        }
        out.push_str("</p></header>\n<div class=\"top\">");
        self.process_facts(out);
        out.push_str(LEGEND);
        self.links(out);
        out.push_str("</div>\n");
        self.notice(out);
        out.push_str("<main>\n");
        if let Some(read) = &self.extension.panels {
            read().iter().for_each(|one| panel::write(one, out));
        }
    }

    /// Numbers of the process.
    fn process_facts(&self, out: &mut String) {
        let source = Source { plan: &self.plan, process: &self.process };
        out.push_str("<section><h2>General process information</h2><dl>");
        for (text, name) in FACTS {
            if let Some(field) = FIELDS.iter().find(|field| field.name == *name) {
                let value = (field.read)(&source);
                if value != Value::None {
                    let _ = write!(out, "<dt>{text}<dd>{}", escaped(&shown(&value, Kind::Number)));
                }
            }
        }
        out.push_str("</dl></section>");
    }

    /// Other views of the page.
    fn links(&self, out: &mut String) {
        let uri = escaped(&self.page.uri);
        out.push_str("<section><h2>Display option</h2><form method=\"get\">");
        // A form of this method replaces the query that `stats uri` may have.
        let query = self.page.uri.split_once('?').map_or("", |(_, query)| query);
        for name in query.split('&').filter(|name| !name.is_empty()) {
            let _ = write!(out, "<input type=\"hidden\" name=\"{}\">", escaped(name));
        }
        let _ = write!(
            out,
            "<label>Scope <input name=\"scope\" size=\"10\" maxlength=\"20\" value=\"{}\"></label></form><ul>",
            escaped(&self.view.scope)
        );
        for Link { text, back, is_set, form, change } in LINKS {
            let text = if is_set(&self.view) { back } else { text };
            if *text == DISABLE_REFRESH && self.page.refresh.is_none() {
                continue;
            }
            let mut view = self.view.clone();
            change(&mut view);
            let suffix = escaped(&view.suffix()).into_owned();
            let _ = write!(out, "<li><a href=\"{uri}{form}{suffix}\">{text}</a>");
        }
        out.push_str("</ul></section>");
    }

    /// What became of the form that was sent.
    fn notice(&self, out: &mut String) {
        if self.view.status.is_empty() {
            return;
        }
        let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.code() == self.view.status);
        let text = outcome.map_or("Unexpected result.", Outcome::text);
        let class = match outcome {
            Some(Outcome::Done) => "good",
            Some(Outcome::Nothing | Outcome::Part) => "fair",
            _ => "bad",
        };
        let address = self.page.uri.clone() + &self.view.suffix();
        let _ = writeln!(
            out,
            "<p class=\"notice {class}\"><a href=\"{}\" title=\"Remove this message\">\u{d7}</a> {text}</p>",
            escaped(&address)
        );
    }
}

/// Text in HTML, also between quotes.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out.into()
}
