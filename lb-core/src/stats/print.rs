//! Printed forms: CSV, typed, JSON, and lines of `show info`.

use super::column::COLUMNS;
use super::info::{FIELDS, Source};
use super::row::{Only, Row, rows};
use super::value::{Tags, Value};
use super::{Process, column};
use crate::compile::Plan;
use std::fmt::Write;

/// How to print.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// `typed`.
    pub typed: bool,
    /// `json`; beats `typed`.
    pub json: bool,
    /// `desc`: with descriptions.
    pub desc: bool,
    /// `float`: seconds with their fraction.
    pub float: bool,
    /// Columns for operators too.
    pub private: bool,
}

/// `show stat`.
pub fn print_stat(plan: &Plan, only: Only, style: Style) -> String {
    let mut out = String::new();
    begin_stat(style, &mut out);
    for (at, row) in rows(plan, only).iter().enumerate() {
        stat_row(row, at == 0, style, &mut out);
    }
    end_stat(style, &mut out);
    out
}

/// What stands before the first row.
pub(super) fn begin_stat(style: Style, out: &mut String) {
    if style.json {
        out.push('[');
    } else if !style.typed {
        out.push_str("# ");
        for column in COLUMNS {
            out.push_str(column.name);
            out.push(',');
        }
        out.push('\n');
    }
}

/// One row.
pub(super) fn stat_row(row: &Row<'_>, first: bool, style: Style, out: &mut String) {
    if style.json {
        if !first {
            out.push(',');
        }
        out.push_str(&json_row(row, style));
    } else if style.typed {
        typed_row(row, style, out);
    } else {
        for (_, _, value) in values(row, style) {
            csv(&value.text(style.float), out);
            out.push(',');
        }
        out.push('\n');
    }
}

/// What stands after the last row.
pub(super) fn end_stat(style: Style, out: &mut String) {
    if style.json {
        out.push_str("]\n");
    }
}

/// Position, column and value of all columns of a row.
fn values<'a>(
    row: &'a Row<'_>,
    style: Style,
) -> impl Iterator<Item = (usize, &'static column::Column, Value)> + 'a {
    COLUMNS.iter().enumerate().map(move |(at, column)| {
        let hidden = column.private && !style.private;
        (at, column, if hidden { Value::None } else { column.read(row) })
    })
}

/// Those of them that are printed one by one.
fn filled<'a>(
    row: &'a Row<'_>,
    style: Style,
) -> impl Iterator<Item = (usize, &'static column::Column, Value)> + 'a {
    values(row, style).filter(|(_, column, value)| *value != Value::None && column.name != "-")
}

fn typed_row(row: &Row<'_>, style: Style, out: &mut String) {
    for (at, column, value) in filled(row, style) {
        let (letter, proxy, id) = (row.letter(), row.proxy_id(), row.id());
        let _ = write!(out, "{letter}.{proxy}.{id}.{at}.{}.1:", column.name);
        typed(column.tags, &value, column.doc, style, out);
    }
}

fn typed(tags: Tags, value: &Value, doc: &str, style: Style, out: &mut String) {
    let _ = write!(out, "{}:{}:{}", tags.letters(), value.type_name(), value.text(style.float));
    describe(doc, style, out);
    out.push('\n');
}

fn describe(doc: &str, style: Style, out: &mut String) {
    if style.desc {
        let _ = write!(out, ":\"{doc}\"");
    }
}

fn json_row(row: &Row<'_>, style: Style) -> String {
    let fields: Vec<_> = filled(row, style)
        .map(|(at, column, value)| {
            let head = format!(
                "\"objType\":\"{}\",\"proxyId\":{},\"id\":{},",
                row.type_name(),
                row.proxy_id(),
                row.id()
            );
            json(&head, at, column.name, column.tags, &value, column.doc, style)
        })
        .collect();
    format!("[{}]", fields.join(","))
}

fn json(head: &str, at: usize, name: &str, tags: Tags, value: &Value, doc: &str, style: Style) -> String {
    let content = match value {
        Value::Str(text) => json_text(text),
        other => other.text(style.float).into_owned(),
    };
    let doc = if style.desc { format!(",\"desc\":{}", json_text(doc)) } else { String::new() };
    format!(
        "{{{head}\"field\":{{\"pos\":{at},\"name\":\"{name}\"}},\"processNum\":1,\
         \"tags\":{{\"origin\":\"{}\",\"nature\":\"{}\",\"scope\":\"{}\"}},\
         \"value\":{{\"type\":\"{}\",\"value\":{content}}}{doc}}}",
        tags.origin(),
        tags.nature(),
        tags.scope(),
        value.type_name(),
    )
}

/// A JSON string (RFC 8259, 7).
pub fn json_text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A CSV field, quoted where it must be (RFC 4180).
fn csv(text: &str, out: &mut String) {
    if text.contains([',', '"', '\n', '\r']) {
        out.push('"');
        out.push_str(&text.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(text);
    }
}

/// `show info`.
pub fn print_info(plan: &Plan, process: &Process, style: Style) -> String {
    let source = Source { plan, process };
    let mut out = String::new();
    let fields = || {
        FIELDS.iter().enumerate().map(|(at, field)| (at, field, (field.read)(&source))).filter(
            |(_, field, value)| {
                // A description is printed even when there is none, in lines only.
                *value != Value::None || (field.name == "description" && !style.json && !style.typed)
            },
        )
    };
    if style.json {
        let fields: Vec<_> = fields()
            .map(|(at, field, value)| json("", at, field.name, field.tags, &value, field.doc, style))
            .collect();
        let _ = writeln!(out, "[{}]", fields.join(","));
        return out;
    }
    for (at, field, value) in fields() {
        if style.typed {
            let _ = write!(out, "{at}.{}.1:", field.name);
            typed(field.tags, &value, field.doc, style, &mut out);
        } else {
            let _ = write!(out, "{}: {}", field.name, value.text(style.float));
            describe(field.doc, style, &mut out);
            out.push('\n');
        }
    }
    out
}
