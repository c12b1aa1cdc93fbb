//! Diagnostics as text: HAProxy's own lines, and lines with carets.

use crate::model::Place;
use crate::{Diagnostic, Severity, Source, raw};
use std::collections::HashMap;
use std::fmt::Write;

/// The label of a severity, without brackets.
fn label(severity: Severity) -> &'static str {
    match severity {
        Severity::Diag => "DIAG",
        Severity::Notice => "NOTICE",
        Severity::Warning => "WARNING",
        Severity::Alert => "ALERT",
    }
}

/// One diagnostic as HAProxy writes it: `[ALERT]    (123) : config : parsing [f:l] : ...`.
///
/// The label is padded to ten characters. The text may have several lines; no newline ends it.
pub fn render(diagnostic: &Diagnostic, pid: u32) -> String {
    let label = format!("[{}]", label(diagnostic.severity));
    format!("{label:<10} ({pid}) : config : {}", raw::shown(&diagnostic.message))
}

/// One diagnostic with its line, carets under the word, and advice.
///
/// `sources` are those that were parsed; no newline ends the text. For many diagnostics use [`render_carets`].
pub fn render_caret(diagnostic: &Diagnostic, sources: &[Source]) -> String {
    render_carets(std::slice::from_ref(diagnostic), sources).concat()
}

/// As [`render_caret`], each diagnostic a text.
pub fn render_carets(diagnostics: &[Diagnostic], sources: &[Source]) -> Vec<String> {
    let lines: HashMap<&str, Vec<&[u8]>> = sources
        .iter()
        .map(|source| (source.name.as_ref(), source.bytes.split(|byte| *byte == b'\n').collect()))
        .collect();
    let line = |place: &Place| {
        let lines = lines.get(place.file.as_ref())?;
        lines.get(place.line.saturating_sub(1) as usize).copied()
    };
    diagnostics.iter().map(|diagnostic| with_carets(diagnostic, line)).collect()
}

fn with_carets<'a>(diagnostic: &Diagnostic, line: impl Fn(&Place) -> Option<&'a [u8]>) -> String {
    let kind = match diagnostic.severity {
        Severity::Diag => "diag",
        Severity::Notice => "notice",
        Severity::Warning => "warning",
        Severity::Alert => "error",
    };
    // The place is shown below, and the lexer's own excerpt would come twice.
    let first = diagnostic.message.lines().next().unwrap_or_default();
    let mut text = format!("{kind}: {}", raw::shown(plain(first, diagnostic)));
    if let Some(place) = &diagnostic.place {
        let line = line(place).map(<[u8]>::trim_ascii_end);
        let number = place.line.to_string();
        let margin = " ".repeat(number.len());
        let _ = write!(text, "\n{margin}--> {place}");
        if let Some(line) = line.filter(|line| !line.is_empty()) {
            let shown = String::from_utf8_lossy(line).replace('\t', " ");
            let _ = write!(text, "\n{margin} |\n{number} | {shown}");
            if let Some((start, end)) = diagnostic.span.filter(|(start, end)| start < end) {
                let width = |upto: u32| {
                    let part = line.get(..upto as usize).unwrap_or(line);
                    String::from_utf8_lossy(part).chars().count()
                };
                let (start, end) = (width(start), width(end));
                let _ = write!(
                    text,
                    "\n{margin} | {}{}",
                    " ".repeat(start),
                    "^".repeat(end.saturating_sub(start).max(1))
                );
            }
        }
        if let Some(help) = &diagnostic.help {
            let _ = write!(text, "\n{margin} = help: {help}");
        }
    } else if let Some(help) = &diagnostic.help {
        let _ = write!(text, "\n= help: {help}");
    }
    text
}

/// The message without its own naming of the place.
fn plain<'a>(message: &'a str, diagnostic: &Diagnostic) -> &'a str {
    let Some(place) = &diagnostic.place else { return message };
    let mut rest = message;
    for _ in 0..2 {
        for start in [format!("parsing [{place}]"), format!("[{place}]"), format!("Parsing [{place}]")] {
            if let Some(after) = rest.strip_prefix(start.as_str()) {
                rest = after.trim_start_matches([' ', ':']);
            }
        }
    }
    rest
}

/// The line after the errors of a file: `Error(s) found in configuration file : F`.
pub fn errors_found(file: &str) -> String {
    format!("Error(s) found in configuration file : {file}")
}

/// The last line when a configuration cannot be used.
pub fn fatal_errors() -> &'static str {
    "Fatal errors found in configuration."
}

/// The line after a valid configuration with warnings.
pub fn warnings_found() -> &'static str {
    "Warnings were found."
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Place;

    #[test]
    fn both_forms() {
        let source = Source::new("a.cfg", "global\n    maxcon 10\n");
        let diagnostic = Diagnostic {
            severity: Severity::Alert,
            place: Some(Place { file: "a.cfg".into(), line: 2 }),
            span: Some((4, 10)),
            message: "parsing [a.cfg:2] : unknown keyword 'maxcon' in 'global' section".into(),
            help: Some("did you mean `maxconn`?".into()),
        };
        assert_eq!(
            render(&diagnostic, 7),
            "[ALERT]    (7) : config : parsing [a.cfg:2] : unknown keyword 'maxcon' in 'global' section"
        );
        assert_eq!(
            render_caret(&diagnostic, &[source]),
            "error: unknown keyword 'maxcon' in 'global' section\n --> a.cfg:2\n  |\n2 |     maxcon 10\n  |     ^^^^^^\n  = help: did you mean `maxconn`?"
        );
    }
}
