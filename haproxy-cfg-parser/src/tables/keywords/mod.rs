//! Keywords that start a line, and options of `bind` and `server` lines.

pub(crate) mod bind;
pub(crate) mod cluster;
pub(crate) mod global;
pub(crate) mod option;
pub(crate) mod other;
pub(crate) mod proxy;
pub(crate) mod resolvers;
pub(crate) mod server;
pub(crate) mod timeout;
pub(crate) mod tune;
pub(crate) mod userlist;

use crate::model::Class;
use crate::parse::{Args, Cx};
use crate::tables::Row;

/// Sections in which a keyword acts: bits of [`FE`] and [`BE`].
pub(crate) type Sides = u8;
/// It acts in frontends.
pub(crate) const FE: Sides = 1;
/// It acts in backends.
pub(crate) const BE: Sides = 2;
/// It acts in both.
pub(crate) const BOTH: Sides = FE | BE;

/// A keyword that starts a line.
pub(crate) struct Keyword<T: 'static> {
    /// Its canonical name: one word, or two as in `timeout client`.
    pub(crate) name: &'static str,
    /// Where it acts.
    pub(crate) sides: Sides,
    /// It may stand in `defaults`.
    pub(crate) defaults: bool,
    /// In the wrong section it is an error rather than a warning.
    pub(crate) strict: bool,
    /// What to write instead in the wrong section.
    pub(crate) hint: &'static str,
    pub(crate) parse: fn(&mut Cx<'_>, &mut T, &Args<'_>),
    /// One line of doc.
    pub(crate) doc: &'static str,
    /// A line that parses.
    pub(crate) example: &'static str,
}

impl<T> Keyword<T> {
    pub(crate) const fn new(
        name: &'static str,
        sides: Sides,
        parse: fn(&mut Cx<'_>, &mut T, &Args<'_>),
        doc: &'static str,
        example: &'static str,
    ) -> Self {
        Self { name, sides, defaults: true, strict: false, hint: "", parse, doc, example }
    }

    /// It may not stand in `defaults`.
    pub(crate) const fn not_in_defaults(mut self) -> Self {
        self.defaults = false;
        self
    }

    /// In the wrong section it is an error.
    pub(crate) const fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// What to write instead in the wrong section.
    pub(crate) const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }
}

/// Every row of these tables.
pub(super) fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    add(&mut rows, "global", global::ROWS);
    add(&mut rows, "global", tune::ROWS);
    add(&mut rows, "proxy", proxy::ROWS);
    add(&mut rows, "proxy", timeout::ROWS);
    add(&mut rows, "cluster", cluster::ROWS);
    add(&mut rows, "resolvers", resolvers::ROWS);
    add(&mut rows, "userlist", userlist::ROWS);
    rows.extend(option::ROWS.iter().map(|row| Row::keyword("proxy", row.name, row.doc, row.example)));
    for section in ["global", "proxy"] {
        rows.push(Row::keyword(section, "log", "Where to log.", "log 127.0.0.1:514 local0"));
    }
    rows.push(Row::keyword("http-errors", "errorfile", "An error page.", "errorfile 400 400.http"));
    rows.push(Row::keyword("mailers", "mailer", "A mail server.", "mailer a 127.0.0.1:25"));
    rows.push(Row::keyword("mailers", "timeout", "Time for sending a mail.", "timeout mail 10s"));
    let words = |name: &str, example: &str| format!("{name} {example}").trim_end().to_owned();
    rows.extend(
        bind::ROWS.iter().map(|row| Row::new(Class::Bind, row.name, row.doc, words(row.name, row.example))),
    );
    rows.extend(
        server::ROWS
            .iter()
            .map(|row| Row::new(Class::Server, row.name, row.doc, words(row.name, row.example))),
    );
    rows.push(Row::new(Class::Server, server::SOURCE.0, server::SOURCE.1, "source 127.0.0.1"));
    for section in other::SECTIONS {
        rows.push(Row::new(Class::Section, section.name, section.doc, ""));
        rows.extend(
            section.keywords.iter().map(|row| Row::keyword(section.name, row.name, row.doc, row.example)),
        );
    }
    rows.extend(SECTIONS.iter().map(|(name, doc)| Row::new(Class::Section, name, doc, "")));
    rows
}

fn add<T>(rows: &mut Vec<Row>, section: &'static str, table: &[Keyword<T>]) {
    rows.extend(table.iter().map(|row| Row::keyword(section, row.name, row.doc, row.example)));
}

/// Sections with a file of their own.
const SECTIONS: &[(&str, &str)] = &[
    ("cluster", "Nodes that share a virtual address and agree on health."),
    ("http-errors", "A named set of error pages."),
    ("mailers", "Mail servers for alerts."),
    ("resolvers", "Name servers and how answers are kept."),
    ("userlist", "Users and groups for HTTP authentication."),
];
