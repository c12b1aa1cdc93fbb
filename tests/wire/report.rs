//! What matched and what did not, for people.

use crate::{
    case::{Case, Side},
    outcome::Outcome,
    play::Results,
};
use std::fmt::Write;

/// The comparison of results with the record.
pub(crate) struct Report<'a> {
    rows: Vec<(&'a Case, Option<String>)>,
}

impl<'a> Report<'a> {
    /// Compares; cases that were not played are left out. Without `log_bytes`, the byte counts of log lines are not
    /// looked at.
    pub(crate) fn new(
        side: Side,
        cases: impl IntoIterator<Item = &'a Case>,
        results: &Results,
        log_bytes: bool,
    ) -> Self {
        let compared =
            |outcome: &Outcome| if log_bytes { outcome.clone() } else { outcome.without_log_bytes() };
        let row = |case: &'a Case| {
            Some(match (results.get(&case.name)?, case.expected(side)) {
                (Err(why), _) => (case, Some(why.clone())),
                (Ok(_), None) => (case, Some("has no record".into())),
                (Ok(got), Some(expect)) => {
                    let (expect, got) = (compared(expect), compared(got));
                    (case, (got != expect).then(|| difference(&expect, &got)))
                }
            })
        };
        Self { rows: cases.into_iter().filter_map(row).collect() }
    }

    /// The names of the cases that match.
    pub(crate) fn matching(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().filter(|(_, diff)| diff.is_none()).map(|(case, _)| case.name.as_str())
    }

    /// How many match, in one line.
    pub(crate) fn summary(&self) -> String {
        format!("{} of {} cases match the record", self.matching().count(), self.rows.len())
    }

    /// The differences of the cases that `wanted` wants: `-` lines are the record's, `+` lines are what was seen.
    pub(crate) fn text(&self, wanted: impl Fn(&str) -> bool) -> String {
        let mut text = String::new();
        let mut last = "";
        for (case, diff) in &self.rows {
            if let Some(diff) = diff.as_ref().filter(|_| wanted(&case.name)) {
                // What befell a whole configuration is said once.
                let shown = if diff == last && diff.starts_with("configs/") { "(the same)\n" } else { diff };
                let _ = writeln!(text, "== {} ({}): {}\n{shown}", case.name, case.config, case.doc.join(" "));
                last = diff;
            }
        }
        text
    }
}

/// The lines that differ, those in common at either end left out.
fn difference(expect: &Outcome, got: &Outcome) -> String {
    let (expect, got) = (expect.lines(), got.lines());
    let before = expect.iter().zip(&got).take_while(|(a, b)| a == b).count();
    let (expect, got) = (&expect[before..], &got[before..]);
    let behind = expect.iter().rev().zip(got.iter().rev()).take_while(|(a, b)| a == b).count();
    let lines = |sign: char, lines: &[String]| {
        lines[..lines.len() - behind].iter().map(|line| format!("{sign} {line}\n")).collect::<String>()
    };
    lines('-', expect) + &lines('+', got)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lb_harness::{End, Heard};

    #[test]
    fn only_the_lines_that_differ_are_shown() {
        let outcome = |text: &str| Outcome {
            client: Heard { bytes: text.into(), end: End::Open },
            ..Outcome::default()
        };
        assert_eq!(difference(&outcome("a\nb\nc\n"), &outcome("a\nx\nc\n")), "- | b\\n\n+ | x\\n\n");
    }
}
