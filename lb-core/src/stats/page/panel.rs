//! The section that an extension adds to the page.

use super::html::escaped;
use crate::extension::{Look, Panel};
use std::fmt::Write;

/// Writes it.
pub(super) fn write(panel: &Panel, out: &mut String) {
    let (title, summary) = (escaped(&panel.title), escaped(&panel.summary));
    let _ = write!(out, "<div class=\"proxy\"><h3>{title} <small>{summary}</small></h3>");
    out.push_str("<div class=\"wide\"><table><thead><tr>");
    for name in &panel.head {
        let _ = write!(out, "<th>{}", escaped(name));
    }
    out.push_str("<tbody>");
    for (look, cells) in &panel.rows {
        let class = match look {
            Look::Good => "up",
            Look::Bad => "down",
            Look::Unknown => "nocheck",
        };
        let _ = write!(out, "<tr class=\"{class}\">");
        for (index, cell) in cells.iter().enumerate() {
            let _ = write!(out, "<{}>{}", if index == 0 { "th" } else { "td" }, escaped(cell));
        }
    }
    out.push_str("</table></div></div>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_says_is_text() {
        let panel = Panel {
            title: "cluster <a>".into(),
            summary: "term 1".into(),
            head: vec!["node"],
            rows: vec![(Look::Bad, vec!["\"x\"".into()])],
        };
        let mut out = String::new();
        write(&panel, &mut out);
        assert!(out.contains("cluster &lt;a&gt; <small>term 1</small>"), "{out}");
        assert!(out.contains("<tr class=\"down\"><th>&quot;x&quot;"), "{out}");
    }
}
