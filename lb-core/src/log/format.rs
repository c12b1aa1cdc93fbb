//! A compiled log format.

use super::alias::{self, Row};
use super::render::{IN_HTTP, Render, quoted, write_text};
use super::timers::Timers;
use crate::compile::Context;
use crate::exchange::Exchange;
use crate::sample::{Expr, Place, Sample, Type};
use haproxy_cfg_parser::model::{self, FormatFlags, FormatPart};
use haproxy_cfg_parser::raw;
use std::fmt;
use std::time::Instant;

/// A compiled log format: of log lines, of header values, of bodies, of names.
#[derive(Debug)]
pub struct Format {
    items: Box<[Item]>,
    style: Style,
}

/// How a format's text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A log line: what is missing is `-`, and runs of spaces are one.
    Log,
    /// A part of an HTTP message: control characters of expressions are encoded.
    Message,
    /// As [`Self::Message`], and runs of spaces are one (`unique-id-format`).
    Id,
    /// As it is (`set-var-fmt`).
    Plain,
}

impl Style {
    fn merges_spaces(self) -> bool {
        matches!(self, Self::Log | Self::Id)
    }

    fn encodes(self) -> bool {
        matches!(self, Self::Message | Self::Id)
    }
}

enum Item {
    /// One space, unless one has just been written or nothing yet.
    Space,
    Text(Box<[u8]>),
    Alias(&'static Row, FormatFlags),
    Expr(Expr, FormatFlags),
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Space => f.write_str("Space"),
            Self::Text(text) => write!(f, "{:?}", String::from_utf8_lossy(text)),
            Self::Alias(row, _) => write!(f, "%{}", row.name),
            Self::Expr(expr, _) => expr.fmt(f),
        }
    }
}

impl Format {
    /// Compiles a format for a place; on errors, records them and gives none.
    ///
    /// At [`Place::Log`] it makes log lines, elsewhere parts of HTTP messages.
    pub fn compile(format: &model::LogFormat, context: &mut Context<'_>, place: Place) -> Option<Self> {
        let style = if place == Place::Log { Style::Log } else { Style::Message };
        Self::styled(format, context, place, style)
    }

    /// As [`Self::compile`], for text of any style.
    pub fn styled(
        format: &model::LogFormat,
        context: &mut Context<'_>,
        place: Place,
        style: Style,
    ) -> Option<Self> {
        let log = style == Style::Log;
        let mut items = Vec::with_capacity(format.parts.len());
        let mut whole = true;
        for part in &format.parts {
            match part {
                FormatPart::Text(text) if style.merges_spaces() => push_words(&raw::bytes(text), &mut items),
                FormatPart::Text(text) => items.push(Item::Text((&*raw::bytes(text)).into())),
                // Flags for what follows; the parser has applied them.
                FormatPart::Alias { name, .. } if name == "o" => {}
                FormatPart::Alias { name, flags, .. } => match alias::row(name) {
                    Some(row) => items.push(Item::Alias(row, with_default(*flags, log))),
                    None => {
                        let place = context.proxy.map(|proxy| proxy.place.clone());
                        let message = format!(
                            "log-format variable '%{name}' is not supported yet in '{}'",
                            format.text
                        );
                        context.problem(place.as_ref(), message);
                        whole = false;
                    }
                },
                FormatPart::Expr { expr, flags } => match Expr::compile(expr, context, place) {
                    Some(expr) => items.push(Item::Expr(expr, with_default(*flags, log))),
                    None => whole = false,
                },
            }
        }
        whole.then(|| Self { items: items.into(), style })
    }

    /// The text when nothing in it depends on the exchange.
    pub fn constant(&self) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let mut spaced = true;
        for item in &self.items {
            match item {
                Item::Space if spaced => {}
                Item::Space => {
                    out.push(b' ');
                    spaced = true;
                }
                Item::Text(text) => {
                    out.extend_from_slice(text);
                    spaced = false;
                }
                _ => return None,
            }
        }
        Some(out)
    }

    /// Appends the text for an exchange; `now` is the end of its timers.
    #[inline]
    pub fn render(&self, exchange: &Exchange, now: Instant, out: &mut Vec<u8>) {
        let mut render =
            Render { exchange, timers: Timers::new(&exchange.times, now), flags: FormatFlags::default() };
        let mut spaced = true;
        for item in &self.items {
            match item {
                Item::Space => {
                    if !spaced {
                        out.push(b' ');
                        spaced = true;
                    }
                    continue;
                }
                Item::Text(text) => out.extend_from_slice(text),
                Item::Alias(row, flags) => {
                    render.flags = *flags;
                    if !(row.write)(&render, out) {
                        continue;
                    }
                }
                Item::Expr(expr, flags) => self.write_expr(expr.eval(exchange), *flags, out),
            }
            spaced = false;
        }
    }

    /// The text for an exchange, where it is needed at once: names, header values.
    pub fn text(&self, exchange: &Exchange) -> Vec<u8> {
        let mut out = Vec::new();
        self.render(exchange, Instant::now(), &mut out);
        out
    }

    #[inline]
    fn write_expr(&self, sample: Option<Sample<'_>>, flags: FormatFlags, out: &mut Vec<u8>) {
        let Some(sample) = sample.and_then(|sample| sample.cast(Type::Str)) else {
            return write_text(b"", flags, out);
        };
        let text = sample.into_bytes();
        if self.style.encodes() && !text.is_empty() {
            quoted(flags.quote, out, |out| IN_HTTP.push(&text, out));
        } else {
            // Text that is not encoded ends before the first NUL.
            write_text(text.split(|byte| *byte == 0).next().unwrap_or_default(), flags, out);
        }
    }
}

/// In logs, what is missing shows as `-`.
fn with_default(mut flags: FormatFlags, log: bool) -> FormatFlags {
    flags.mandatory |= log;
    flags
}

/// Text between spaces, and the spaces.
fn push_words(text: &[u8], items: &mut Vec<Item>) {
    for (index, word) in text.split(|byte| *byte == b' ').enumerate() {
        if index > 0 && !matches!(items.last(), Some(Item::Space)) {
            items.push(Item::Space);
        }
        if !word.is_empty() {
            items.push(Item::Text(word.into()));
        }
    }
}
