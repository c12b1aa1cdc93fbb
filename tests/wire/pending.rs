//! The cases that lb does not match yet.

use crate::records::{self, Records};
use std::collections::BTreeSet;

/// The entry of `pending.txt` that says: byte counts of log lines are not compared yet, in any case.
const LOG_BYTES: &str = "%B";

/// What `pending.txt` names, one case a line; `#` begins a comment.
pub(crate) struct Pending(BTreeSet<String>);

impl Pending {
    /// Reads the list; a name of no case is an error, so that the list can't rot.
    pub(crate) fn load(records: &Records) -> Self {
        let text = std::fs::read_to_string(records::path("pending.txt")).expect("tests/wire/pending.txt");
        let names = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
        let names: BTreeSet<String> = names.filter(|name| !name.is_empty()).map(str::to_owned).collect();
        for name in names.iter().filter(|name| *name != LOG_BYTES) {
            assert!(
                records.cases().any(|case| case.name == *name),
                "pending.txt names {name}, which is no case"
            );
        }
        Self(names)
    }

    /// Whether the byte counts of log lines are left out.
    pub(crate) fn log_bytes(&self) -> bool {
        self.contains(LOG_BYTES)
    }

    /// Whether lb may still differ.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}
