//! What a scrape asks for: `scope=server&metrics=haproxy_server_status&no-maint`.

use crate::service::decode_field;

/// A kind of thing that has metrics of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Scope {
    Process = 1,
    Frontend = 2,
    Backend = 4,
    Server = 8,
}

/// Words for scopes, with the bits of those that have metrics here.
const SCOPES: &[(&str, u8)] = &[
    ("global", Scope::Process as u8),
    ("frontend", Scope::Frontend as u8),
    ("backend", Scope::Backend as u8),
    ("server", Scope::Server as u8),
    ("listener", 0),
    ("sticktable", 0),
    ("resolver", 0),
    ("*", u8::MAX),
    ("", 0),
];

/// A query.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    scopes: u8,
    /// `no-maint`: no servers in maintenance.
    pub(super) no_maint: bool,
    /// `desc-labels`: descriptions of proxies as a label.
    pub(super) descriptions: bool,
    /// `metrics`: only these; empty: all.
    only: Vec<String>,
    /// `metrics` with a `-`: not these.
    without: Vec<String>,
}

impl Query {
    /// From the query of the target; none: it names a scope that does not exist. Other words are passed over.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut query = Self::default();
        let mut scoped = false;
        for field in text.split('&') {
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            match name {
                "scope" => {
                    let value = decode_field(value.as_bytes());
                    query.scopes |= SCOPES.iter().find(|(word, _)| *word == value)?.1;
                    scoped = true;
                }
                "no-maint" => query.no_maint = true,
                "desc-labels" => query.descriptions = true,
                "metrics" => {
                    for word in decode_field(value.as_bytes()).split(',').filter(|word| !word.is_empty()) {
                        match word.strip_prefix('-') {
                            Some(name) => query.without.push(full(name)),
                            None => query.only.push(full(word.trim_start_matches('+'))),
                        }
                    }
                }
                _ => {}
            }
        }
        if !scoped {
            query.scopes = u8::MAX;
        }
        Some(query)
    }

    /// The family of that name is wanted.
    pub(super) fn wants(&self, scope: Scope, name: &str) -> bool {
        self.scopes & scope as u8 != 0
            && (self.only.is_empty() || self.only.iter().any(|one| one == name))
            && !self.without.iter().any(|one| one == name)
    }
}

/// A name with its prefix, which may be left out.
fn full(name: &str) -> String {
    if name.starts_with("haproxy_") || name.starts_with("lb_") {
        name.to_owned()
    } else {
        format!("haproxy_{name}")
    }
}
