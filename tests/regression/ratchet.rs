//! The list of tests that must not regress.

use std::collections::BTreeSet;
use std::fs;
use std::io;

use lb_harness::suite::Outcomes;
use lb_harness::varnishtest::Outcome;

/// One name a line, sorted; lines that begin with `#` are remarks.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/regression/passing.txt");

const HEADING: &str =
    "# HAProxy's regression tests that lb passes. Rewritten by `just regression --update`.\n";

/// The names in the file.
#[derive(Debug, Default)]
pub(crate) struct Ratchet(BTreeSet<String>);

impl Ratchet {
    /// Reads the file.
    pub(crate) fn read() -> io::Result<Ratchet> {
        let text = fs::read_to_string(FILE)?;
        let names = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        Ok(Ratchet(names.map(str::to_owned).collect()))
    }

    /// Whether the test must pass.
    pub(crate) fn holds(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// Names that are in the file, and wanted, and didn't pass. One that was skipped or is no longer there
    /// counts as well.
    pub(crate) fn lost(&self, outcomes: &Outcomes, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let lost = |name: &&String| wanted(name) && outcomes.get(*name) != Some(&Outcome::Passed);
        self.0.iter().filter(lost).cloned().collect()
    }

    /// Rewrites the file: what passed now, and what was in it and wasn't run.
    pub(crate) fn write(&self, outcomes: &Outcomes) -> io::Result<()> {
        let passed =
            outcomes.iter().filter(|(_, outcome)| **outcome == Outcome::Passed).map(|(name, _)| name);
        let not_run = self.0.iter().filter(|name| !outcomes.contains_key(*name));
        let names: BTreeSet<&String> = passed.chain(not_run).collect();
        let lines: String = names.into_iter().map(|name| format!("{name}\n")).collect();
        fs::write(FILE, format!("{HEADING}{lines}"))
    }
}
