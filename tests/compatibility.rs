//! The compatibility tables of the documentation are printed from the program's own tables: what the parser knows,
//! joined with what the engine acts on.
//!
//! After a change of either: `LB_UPDATE_DOCS=1 cargo test --release --test compatibility`.
#![allow(clippy::unwrap_used)]

use haproxy_cfg_parser::model::Class;
use haproxy_cfg_parser::tables;
use lb_core::compile::{Support, supports};
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
    full: Vec<&'static str>,
    ignored: Vec<&'static str>,
    none: Vec<&'static str>,
}

/// The kinds in the order in which they are printed: a title, a class, and which of its names.
type Selection = (&'static str, Class, fn(&str) -> bool);

const KINDS: &[Selection] = &[
    ("Sections beside `global`, `defaults` and proxies", Class::Section, |_| true),
    ("Keywords", Class::Keyword, |name| !is_option(name) && !is_timeout(name) && !is_tuning(name)),
    ("`option`", Class::Keyword, is_option),
    ("`timeout`", Class::Keyword, is_timeout),
    ("`tune.*`", Class::Keyword, is_tuning),
    ("Options of `bind`", Class::Bind, |_| true),
    ("Options of `server`", Class::Server, |_| true),
    ("Actions of rules", Class::Action, |_| true),
    ("Sample fetches", Class::Fetch, |_| true),
    ("Converters", Class::Converter, |_| true),
    ("ACL matchers and flags", Class::Matcher, |_| true),
];

fn is_option(name: &str) -> bool {
    name.starts_with("option ")
}

fn is_timeout(name: &str) -> bool {
    name.starts_with("timeout ")
}

fn is_tuning(name: &str) -> bool {
    name.starts_with("tune.")
}

fn kinds() -> Vec<Kind> {
    let rows = tables::rows();
    let of = |&(title, class, chosen): &Selection| {
        let names = |support| {
            let rows = rows.iter().filter(|row| row.class == class && chosen(row.name));
            let mut names: Vec<_> =
                rows.map(|row| row.name).filter(|name| supports(class, name) == support).collect();
            names.sort_unstable();
            names.dedup();
            names
        };
        Kind {
            title,
            full: names(Support::Full),
            ignored: names(Support::Ignored),
            none: names(Support::None),
        }
    };
    KINDS.iter().map(of).collect()
}

/// The table of counts.
fn summary(kinds: &[Kind]) -> String {
    let mut text =
        "| | accepted | ignored with a warning | refused for now |\n|---|--:|--:|--:|\n".to_owned();
    for Kind { title, full, ignored, none } in kinds {
        writeln!(text, "| {title} | {} | {} | {} |", full.len(), ignored.len(), none.len()).unwrap();
    }
    text
}

/// The whole of [`LIST`].
fn list(kinds: &[Kind]) -> String {
    let mut text = "# What lb makes of HAProxy's language\n\n\
        Printed from the program's tables by `tests/compatibility.rs`; not written by hand.\n\n\
        - **Accepted**: lb acts on it. Some of these only accompany what is refused for now (`inter` or `rise` without\n  \
        `check`, ciphers without `ssl`) and say nothing by themselves, as in HAProxy.\n\
        - **Ignored with a warning**: it tunes what only HAProxy has inside, or is a hint.\n\
        - **Refused for now**: HAProxy has it and lb does not yet; `lb -c` names the word, the file and the line.\n\n"
        .to_owned();
    text.push_str(&summary(kinds));
    for Kind { title, full, ignored, none } in kinds {
        writeln!(text, "\n## {title}").unwrap();
        for (what, names) in
            [("Accepted", full), ("Ignored with a warning", ignored), ("Refused for now", none)]
        {
            if !names.is_empty() {
                let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
                writeln!(text, "\n**{what}**: {}", names.join(", ")).unwrap();
            }
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
        let kinds = KINDS.iter().filter(|(_, class, chosen)| row.class == *class && chosen(row.name));
        assert_eq!(kinds.count(), 1, "{}", row.name);
    }
}
