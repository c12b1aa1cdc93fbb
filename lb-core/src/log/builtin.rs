//! The formats that options choose (manual 8.2.1 to 8.2.4), by their format strings.

use haproxy_cfg_parser::model::{FormatFlags, FormatPart, LogFormat};

/// A built-in format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builtin {
    /// `option httplog`.
    Http,
    /// `option httplog clf`.
    Clf,
    /// `option tcplog`.
    Tcp,
    /// No option in `mode http`.
    DefaultHttp,
    /// No option in `mode tcp`.
    DefaultTcp,
    /// The start of the line of a connection that became no session.
    Refusal,
}

impl Builtin {
    /// Its format string.
    pub fn text(self) -> &'static str {
        match self {
            Self::Http => {
                "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r"
            }
            Self::Clf => {
                "%{+Q}o %{-Q}ci - - [%trg] %r %ST %B \"\" \"\" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl"
            }
            Self::Tcp => "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq",
            Self::DefaultHttp => "Connect from %ci:%cp to %fi:%fp (%f/HTTP)",
            Self::DefaultTcp => "Connect from %ci:%cp to %fi:%fp (%f/TCP)",
            Self::Refusal => "%ci:%cp [%t] %f/",
        }
    }

    /// Its parts.
    pub fn format(self) -> LogFormat {
        LogFormat { parts: parts(self.text()), text: self.text().to_owned() }
    }
}

/// Parts of a format string of aliases and the quote flag only.
fn parts(text: &str) -> Vec<FormatPart> {
    let mut parts = Vec::new();
    let mut standing = false;
    for (index, piece) in text.split('%').enumerate() {
        if index == 0 {
            parts.push(FormatPart::Text(piece.to_owned()));
            continue;
        }
        let (quote, rest) = match piece.strip_prefix("{+Q}") {
            Some(rest) => (true, rest),
            None => piece.strip_prefix("{-Q}").map_or((standing, piece), |rest| (false, rest)),
        };
        let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let (name, literal) = rest.split_at(end);
        if name == "o" {
            standing = quote;
        } else {
            let flags = FormatFlags { quote, ..FormatFlags::default() };
            parts.push(FormatPart::Alias { name: name.to_owned(), flags, arg: None });
        }
        parts.push(FormatPart::Text(literal.to_owned()));
    }
    parts
}
