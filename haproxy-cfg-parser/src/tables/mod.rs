//! The language as tables: one row per thing, with its signature, its place and a line of doc.
//!
//! What a row's thing does is the engine's; the two are joined by name.

pub mod acl;
pub mod action;
pub mod converter;
pub mod fetch;
pub mod format;
pub(crate) mod group;
pub(crate) mod keywords;
pub mod reach;
mod signature;

pub use action::Ruleset;
pub use converter::Converter;
pub use fetch::Fetch;
pub(crate) use signature::{Param, Signature};

use crate::model::Class;

/// Type of a sample (manual 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// Any of them, known at run time only.
    Any,
    /// True or false.
    Bool,
    /// A signed 64-bit integer.
    Sint,
    /// An IPv4 or IPv6 address.
    Addr,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// Text.
    Str,
    /// Bytes.
    Bin,
    /// An HTTP method.
    Meth,
}

impl Type {
    /// Its name as `-dK` prints it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Bool => "bool",
            Self::Sint => "sint",
            Self::Addr => "addr",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Str => "str",
            Self::Bin => "bin",
            Self::Meth => "meth",
        }
    }

    /// True if a sample of this type can be turned into the other (manual 7.1, table of casts).
    pub fn casts_to(self, to: Self) -> bool {
        use Type::*;
        if self == to || self == Any || to == Any {
            return true;
        }
        match self {
            Any => true,
            Bool => matches!(to, Sint | Str),
            Sint => matches!(to, Bool | Addr | Ipv4 | Ipv6 | Str | Bin),
            Addr => matches!(to, Ipv4 | Ipv6 | Str | Bin),
            Ipv4 => matches!(to, Sint | Addr | Ipv6 | Str | Bin),
            Ipv6 => matches!(to, Addr | Ipv4 | Str | Bin),
            Str => true,
            Bin => matches!(to, Str | Meth),
            Meth => matches!(to, Str | Bin),
        }
    }
}

/// A row of any table, for printing.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which table.
    pub class: Class,
    /// For a keyword: the section it stands in (`proxy` for `defaults`, `frontend`, `backend` and `listen`). Else empty.
    pub section: &'static str,
    /// The canonical name, as in [`crate::model::Use`].
    pub name: &'static str,
    /// One line of doc.
    pub doc: &'static str,
    /// A line, or the part of one, that parses; empty where the name alone says it.
    pub example: String,
}

impl Row {
    pub(crate) fn new(
        class: Class,
        name: &'static str,
        doc: &'static str,
        example: impl Into<String>,
    ) -> Self {
        Self { class, section: "", name, doc, example: example.into() }
    }

    pub(crate) fn keyword(
        section: &'static str,
        name: &'static str,
        doc: &'static str,
        example: impl Into<String>,
    ) -> Self {
        Self { section, ..Self::new(Class::Keyword, name, doc, example) }
    }
}

/// A section as rows name it: proxies and their defaults share one table.
pub fn section_of(kind: &'static str) -> &'static str {
    match kind {
        "defaults" | "frontend" | "backend" | "listen" => "proxy",
        other => other,
    }
}

/// Every row of every table, in no particular order.
pub fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = keywords::rows();
    rows.extend(
        action::all().map(|row| Row::new(Class::Action, row.full_name, row.doc, row.example.clone())),
    );
    rows.extend(fetch::all().map(|row| Row::new(Class::Fetch, row.name, row.doc, row.args)));
    rows.extend(converter::all().map(|row| Row::new(Class::Converter, row.name, row.doc, row.args)));
    let matchers = acl::MATCHERS.iter().chain(acl::FLAGS);
    rows.extend(matchers.map(|(name, doc)| Row::new(Class::Matcher, name, doc, "")));
    rows.push(Row::new(Class::Matcher, acl::AUTH, "The user is in one of the groups.", ""));
    rows
}

#[cfg(test)]
mod tests;
