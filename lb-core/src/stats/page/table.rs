//! The table of a proxy: its name, headings, a row for each side and server, and the form that changes servers.

use super::cells::{Detail, GROUPS, Kind, OF_NAME};
use super::form::ACTIONS;
use super::html::escaped;
use crate::compile::Plan;
use crate::proxy::Backend;
use crate::server::{Operational, Server};
use crate::stats::{COLUMNS, Column, Row, Value};
use std::borrow::Cow;
use std::fmt::Write;
use std::sync::LazyLock;

/// A table that is open.
pub(super) struct Table {
    legends: bool,
    modules: bool,
    /// Its servers can be chosen, and changed by a form.
    form: bool,
    /// The proxy's id, by which the form names its backend.
    id: u32,
}

/// Columns of modules: those behind the mark `-`.
static MODULES: LazyLock<Vec<&'static Column>> =
    LazyLock::new(|| COLUMNS.iter().skip_while(|column| column.name != "-").skip(1).collect());

impl Table {
    /// Opens the table of the proxy that `row` is the first row of.
    pub(super) fn begin(
        row: &Row<'_>,
        plan: &Plan,
        admin: bool,
        legends: bool,
        modules: bool,
        out: &mut String,
    ) -> Self {
        let id = row.proxy_id();
        let servers =
            |backend: &std::sync::Arc<Backend>| backend.id == id && !backend.servers.load().is_empty();
        let form = admin && plan.backends.load().iter().any(servers);
        let name = escaped(row.proxy());
        out.push_str(if form { "<form class=\"proxy\" method=\"post\">" } else { "<div class=\"proxy\">" });
        let _ = write!(out, "<h3 id=\"{name}\"><a href=\"#{name}\">{name}</a>");
        if let Some(text) = description(row) {
            let _ = write!(out, " <small>{}</small>", escaped(text));
        }
        out.push_str("</h3><div class=\"wide\"><table><thead><tr>");
        if form {
            out.push_str(
                "<th rowspan=\"2\"><input type=\"checkbox\" title=\"All servers\" onclick=\"for(const c of \
                 this.closest('table').querySelectorAll('[name=s]'))c.checked=this.checked\">",
            );
        }
        out.push_str("<th rowspan=\"2\">");
        for group in GROUPS.iter() {
            let _ = write!(out, "<th class=\"group\" colspan=\"{}\">{}", group.cells.len(), group.title);
        }
        if modules {
            out.push_str("<th rowspan=\"2\">Modules");
        }
        out.push_str("</tr><tr>");
        for cell in GROUPS.iter().flat_map(|group| &group.cells) {
            let _ = write!(out, "<th title=\"{}\">{}", escaped(cell.column.doc), cell.title);
        }
        out.push_str("</tr></thead><tbody>\n");
        Self { legends, modules, form, id }
    }

    /// Appends a row.
    pub(super) fn row(&self, row: &Row<'_>, out: &mut String) {
        let _ = write!(out, "<tr class=\"{}\">", class(row));
        let name = escaped(name(row));
        if self.form {
            out.push_str("<td>");
            if let Row::Server(..) = row {
                let _ = write!(
                    out,
                    "<input type=\"checkbox\" name=\"s\" value=\"{name}\" aria-label=\"{name}\">"
                );
            }
        }
        let anchor = format!("{}/{name}", escaped(row.proxy()));
        let _ = write!(out, "<th scope=\"row\" id=\"{anchor}\">");
        let details: &[Detail] = if self.legends { &OF_NAME } else { &[] };
        with_details(&format!("<a href=\"#{anchor}\">{name}</a>"), details, row, out);
        for (index, group) in GROUPS.iter().enumerate() {
            for (at, cell) in group.cells.iter().enumerate() {
                let value = cell.column.read(row);
                let text = match (cell.kind, row) {
                    (Kind::Mark, Row::Server(..)) if value == Value::U32(1) => "Y".into(),
                    (Kind::Mark, Row::Server(..)) => "-".into(),
                    (Kind::Text, _) if cell.column.name == "status" => state(row, &value).into(),
                    (kind, _) => shown(&value, kind),
                };
                let begins = if at == 0 && index > 0 { " b" } else { "" };
                let is_text = if cell.kind == Kind::Text { " t" } else { "" };
                match format!("{begins}{is_text}").trim() {
                    "" => out.push_str("<td>"),
                    class => {
                        let _ = write!(out, "<td class=\"{class}\">");
                    }
                }
                with_details(&escaped(&text), &cell.details, row, out);
            }
        }
        if self.modules {
            out.push_str("<td class=\"b t\">");
            modules(row, out);
        }
        out.push_str("</tr>\n");
    }

    /// Closes the table.
    pub(super) fn end(self, out: &mut String) {
        out.push_str("</tbody></table></div>");
        if !self.form {
            out.push_str("</div>\n");
            return;
        }
        out.push_str(
            "<p class=\"act\"><label>With the chosen servers: <select name=\"action\"><option value=\"\">",
        );
        for action in ACTIONS {
            let _ = write!(out, "<option value=\"{}\">{}", action.value, action.text);
        }
        let _ = writeln!(
            out,
            "</select></label> <input type=\"hidden\" name=\"b\" value=\"#{}\"><button>Apply</button></p></form>",
            self.id
        );
    }
}

/// `description` of the proxy.
fn description<'a>(row: &'a Row<'_>) -> Option<&'a str> {
    match row {
        Row::Frontend(frontend) => frontend.description.as_deref(),
        Row::Server(backend, _) | Row::Backend(backend) => backend.description.as_deref(),
    }
}

fn name<'a>(row: &'a Row<'_>) -> &'a str {
    match row {
        Row::Frontend(_) => "Frontend",
        Row::Backend(_) => "Backend",
        Row::Server(_, server) => &server.name,
    }
}

/// The row's colour.
fn class(row: &Row<'_>) -> &'static str {
    let Row::Server(_, server) = row else { return "side" };
    match (colour(server), server.config.backup) {
        ("up", true) => "up backup",
        ("nocheck", true) => "nocheck backup",
        (class, _) => class,
    }
}

fn colour(server: &Server) -> &'static str {
    match server.state() {
        _ if server.in_maintenance() => "maint",
        Operational::Stopped => "down",
        Operational::Starting => "going",
        Operational::Stopping => "drain",
        Operational::Running if server.draining() => "drain",
        Operational::Running if !server.config.check.enabled => "nocheck",
        Operational::Running => "up",
    }
}

/// The state with its age, where it has one.
fn state(row: &Row<'_>, status: &Value) -> String {
    let status = status.text(false);
    match row {
        Row::Server(_, server) if colour(server) == "nocheck" => status.into_owned(),
        _ => {
            let age = super::cells::since().map_or(Value::None, |column| column.read(row));
            match age {
                Value::None => status.into_owned(),
                age => format!("{} {status}", shown(&age, Kind::Duration)),
            }
        }
    }
}

/// A cell's text, and what more is shown when it is pointed at. `text` is HTML.
fn with_details(text: &str, details: &[Detail], row: &Row<'_>, out: &mut String) {
    let start = out.len();
    out.push_str("<span class=\"tip\" tabindex=\"0\">");
    out.push_str(text);
    out.push_str("<span role=\"tooltip\"><dl>");
    let empty = out.len();
    for detail in details {
        let values: Vec<_> = detail.columns.iter().map(|column| column.read(row)).collect();
        if values.iter().all(|value| *value == Value::None) {
            continue;
        }
        let values: Vec<_> = values.iter().map(|value| shown(value, Kind::Number)).collect();
        let _ = write!(out, "<dt>{}<dd>{}", detail.text, escaped(&values.join(" / ")));
    }
    if out.len() == empty {
        out.truncate(start);
        out.push_str(text);
    } else {
        out.push_str("</dl></span></span>");
    }
}

/// Statistics of modules, for as many as have any.
fn modules(row: &Row<'_>, out: &mut String) {
    let mut filled =
        MODULES.iter().map(|column| (column, column.read(row))).filter(|(_, value)| *value != Value::None);
    let Some(first) = filled.next() else { return };
    out.push_str("<span class=\"tip\" tabindex=\"0\">\u{2026}<span role=\"tooltip\"><dl>");
    for (column, value) in std::iter::once(first).chain(filled) {
        let _ = write!(out, "<dt>{}<dd>{}", escaped(column.doc), escaped(&shown(&value, Kind::Number)));
    }
    out.push_str("</dl></span></span>");
}

/// A value as people read it.
pub(super) fn shown(value: &Value, kind: Kind) -> Cow<'_, str> {
    let number = match value {
        Value::U32(number) => u64::from(*number),
        Value::U64(number) => *number,
        Value::S32(number) if *number >= 0 => u64::from(number.unsigned_abs()),
        Value::S32(_) => return "-".into(),
        Value::None if kind == Kind::Limit => return "-".into(),
        other => return other.text(false),
    };
    match kind {
        Kind::Limit if number == 0 => "-".into(),
        Kind::Age | Kind::Duration => duration(number).into(),
        _ => grouped(number).into(),
    }
}

/// Thousands apart by a thin space.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 2);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// The two largest units.
fn duration(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m{}s", seconds % 60),
        (0, ..) => format!("{hours}h{minutes}m"),
        _ => format!("{days}d{hours}h"),
    }
}
