//! The compatibility tables of the documentation are printed from the program's own tables: what the parser knows,
//! joined with what the engine acts on.
//!
//! After a change of either: `LB_UPDATE_DOCS=1 cargo test --release --test compatibility`.
#![allow(clippy::unwrap_used)]

use haproxy_cfg_parser::model::Class;
use haproxy_cfg_parser::tables::{self, Row};
use lb_core::compile::{Support, supports};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// The whole list, all of it printed.
const LIST: &str = "docs/compatibility.md";
/// The summary stands in here, between the marks.
const README: &str = "README.md";
const BEGIN: &str = "<!-- compatibility: printed by tests/compatibility.rs -->\n";
const END: &str = "<!-- end of compatibility -->\n";

/// Names of one kind, by what lb does about them.
struct Kind {
    title: &'static str,
    full: BTreeSet<String>,
    ignored: BTreeSet<String>,
    /// By reason.
    refused: BTreeMap<&'static str, BTreeSet<String>>,
}

/// The kinds in the order in which they are printed: a title, and which rows.
type Selection = (&'static str, fn(&Row) -> bool);

const KINDS: &[Selection] = &[
    ("Sections beside `global`, `defaults` and proxies", |row| row.class == Class::Section),
    ("Keywords of `global`", |row| is_keyword(row, "global") && !is_tuning(row)),
    ("`tune.*`", |row| is_keyword(row, "global") && is_tuning(row)),
    ("Keywords of proxies", |row| is_keyword(row, "proxy") && !is_option(row) && !is_timeout(row)),
    ("`option`", |row| is_keyword(row, "proxy") && is_option(row)),
    ("`timeout`", |row| is_keyword(row, "proxy") && is_timeout(row)),
    ("Keywords of other sections", |row| {
        row.class == Class::Keyword && !matches!(row.section, "global" | "proxy")
    }),
    ("Options of `bind`", |row| row.class == Class::Bind),
    ("Options of `server`", |row| row.class == Class::Server),
    ("Actions of rules", |row| row.class == Class::Action),
    ("Sample fetches", |row| row.class == Class::Fetch),
    ("Converters", |row| row.class == Class::Converter),
    ("ACL matchers and flags", |row| row.class == Class::Matcher),
];

fn is_keyword(row: &Row, section: &str) -> bool {
    row.class == Class::Keyword && row.section == section
}

fn is_option(row: &Row) -> bool {
    row.name.starts_with("option ")
}

fn is_timeout(row: &Row) -> bool {
    row.name.starts_with("timeout ")
}

fn is_tuning(row: &Row) -> bool {
    row.name.starts_with("tune.")
}

fn kinds() -> Vec<Kind> {
    let rows = tables::rows();
    let of = |&(title, chosen): &Selection| {
        let (mut full, mut ignored, mut refused) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
        for row in rows.iter().filter(|row| chosen(row)) {
            let name = match row.section {
                "" | "global" | "proxy" => row.name.to_owned(),
                section => format!("{section}: {}", row.name),
            };
            match supports(row.class, row.section, row.name) {
                Support::Full => full.insert(name),
                Support::Ignored => ignored.insert(name),
                Support::Refused(reason) => refused.entry(reason).or_insert_with(BTreeSet::new).insert(name),
            };
        }
        Kind { title, full, ignored, refused }
    };
    KINDS.iter().map(of).collect()
}

/// The table of counts.
fn summary(kinds: &[Kind]) -> String {
    let mut text = "| | accepted | ignored with a warning | refused |\n|---|--:|--:|--:|\n".to_owned();
    for Kind { title, full, ignored, refused } in kinds {
        let refused: usize = refused.values().map(BTreeSet::len).sum();
        writeln!(text, "| {title} | {} | {} | {refused} |", full.len(), ignored.len()).unwrap();
    }
    text
}

fn listed(names: &BTreeSet<String>) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// The whole of [`LIST`].
fn list(kinds: &[Kind]) -> String {
    let mut text = "# What lb makes of HAProxy's language\n\n\
        Printed from the program's tables by `tests/compatibility.rs`; not written by hand.\n\n\
        - **Accepted**: lb acts on it. Some of these only accompany what is refused (ciphers without `ssl`), and say\n  \
        nothing by themselves, as in HAProxy.\n\
        - **Ignored with a warning**: it tunes what only HAProxy has inside, or is a hint.\n\
        - **Refused**: HAProxy has it and lb does not; `lb -c` names the word, the file, the line and the reason.\n\n"
        .to_owned();
    text.push_str(&summary(kinds));
    for Kind { title, full, ignored, refused } in kinds {
        writeln!(text, "\n## {title}").unwrap();
        for (what, names) in [("Accepted", full), ("Ignored with a warning", ignored)] {
            if !names.is_empty() {
                writeln!(text, "\n**{what}**: {}", listed(names)).unwrap();
            }
        }
        if !refused.is_empty() {
            text.push_str("\n**Refused**:\n\n");
        }
        for (reason, names) in refused {
            writeln!(text, "- {reason}: {}", listed(names)).unwrap();
        }
    }
    text
}

/// The README with a new summary between its marks.
fn readme(old: &str, kinds: &[Kind]) -> String {
    let (before, rest) = old.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    format!("{before}{BEGIN}\n{}\n{END}{after}", summary(kinds))
}

/// Compares a file with what it must be, or makes it so.
fn settle(path: &str, expected: impl FnOnce(&str) -> String) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let old = fs::read_to_string(&file).unwrap_or_default();
    let expected = expected(&old);
    if std::env::var_os("LB_UPDATE_DOCS").is_some() {
        fs::write(&file, expected).unwrap();
        return;
    }
    assert!(
        old == expected,
        "{path} is out of date: LB_UPDATE_DOCS=1 cargo test --release --test compatibility"
    );
}

#[test]
fn the_documentation_says_what_the_tables_say() {
    let kinds = kinds();
    settle(LIST, |_| list(&kinds));
    settle(README, |old| readme(old, &kinds));
}

#[test]
fn every_row_is_in_one_kind() {
    for row in tables::rows() {
        let kinds = KINDS.iter().filter(|(_, chosen)| chosen(&row));
        assert_eq!(kinds.count(), 1, "{}", row.name);
    }
}
