//! The command line and the tables of the suites that run `.vtc` files as test targets of their own harness.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use crate::varnishtest::Outcome;

/// What such a suite's command line says. Flags of Rust's own test harness are taken and mean nothing.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Run this program in place of the usual ones.
    pub program: Option<PathBuf>,
    /// Only names that contain one of these; none means all.
    pub filters: Vec<String>,
    /// How many tests at a time.
    pub jobs: Option<usize>,
    /// Rewrite the list of names.
    pub update: bool,
    /// Run although the suite wouldn't without being asked.
    pub run: bool,
    /// The suite has been named as one test, for runners such as cargo-nextest: that was all.
    pub list: bool,
}

impl Options {
    /// Reads the process's arguments. `suite` is the target's name: filtering for exactly it means all tests.
    ///
    /// # Errors
    /// A flag that neither this nor Rust's harness knows, or a value that can't be read.
    pub fn parse(suite: &str) -> Result<Options, lexopt::Error> {
        use lexopt::prelude::*;
        let mut options = Options::default();
        let mut only_ignored = false;
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("program") => options.program = Some(arguments.value()?.into()),
                Long("jobs") => options.jobs = Some(arguments.value()?.parse()?),
                Long("update") => options.update = true,
                Long("run") => options.run = true,
                Long("list") => options.list = true,
                Long("ignored") => only_ignored = true,
                Value(filter) => options.filters.push(filter.string()?),
                Long("test-threads" | "format" | "skip" | "color") => drop(arguments.value()?),
                Long("nocapture" | "no-capture" | "show-output" | "quiet" | "exact")
                | Long("include-ignored" | "test" | "bench")
                | Short('q') => {}
                other => return Err(other.unexpected()),
            }
        }
        options.filters.retain(|filter| filter != suite);
        if options.list && !only_ignored {
            println!("{suite}: test");
        }
        Ok(options)
    }

    /// Whether a test is wanted.
    pub fn wants(&self, name: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| name.contains(filter.as_str()))
    }
}

/// The outcomes of a run by name.
pub type Outcomes = BTreeMap<String, Outcome>;

/// What failed and was skipped, line by line with the reason, and the counts per folder and in all.
pub fn report(outcomes: &Outcomes) -> String {
    let mut text = String::new();
    let mut folders: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    let mut total = [0; 3];
    for (name, outcome) in outcomes {
        let (column, line) = match outcome {
            Outcome::Passed => (0, None),
            Outcome::Failed(reason) => (1, Some(("failed", reason))),
            Outcome::Skipped(reason) => (2, Some(("skipped", reason))),
        };
        if let Some((how, reason)) = line {
            let _ = writeln!(text, "{how:8} {name}: {reason}");
        }
        let folder = name.split_once('/').map_or(".", |(folder, _)| folder);
        for counts in [folders.entry(folder).or_default(), &mut total] {
            if let Some(count) = counts.get_mut(column) {
                *count += 1;
            }
        }
    }
    let _ = writeln!(text, "\n{:20} {:>7} {:>7} {:>7}", "folder", "passed", "failed", "skipped");
    for (folder, [passed, failed, skipped]) in folders.into_iter().chain([("all", total)]) {
        let _ = writeln!(text, "{folder:20} {passed:7} {failed:7} {skipped:7}");
    }
    text
}
