//! `-dK`: the keywords that this build acts on, in the form of HAProxy's own lists.

use haproxy_cfg_parser::model::Class;
use haproxy_cfg_parser::tables::{self, acl, converter, fetch, reach::Stage};
use lb_core::compile::{Support, supports};
use std::collections::BTreeSet;
use std::fmt::Write;

/// A class of keywords: its name, its one line of help, its list.
struct List {
    name: &'static str,
    doc: &'static str,
    title: &'static str,
    lines: fn() -> BTreeSet<String>,
}

const LISTS: &[List] = &[
    List { name: "acl", doc: "ACL keywords", title: "ACL keywords", lines: acls },
    List {
        name: "cfg",
        doc: "configuration keywords",
        title: "configuration keywords",
        lines: configuration,
    },
    List {
        name: "cnv",
        doc: "sample converter keywords",
        title: "sample converter functions",
        lines: converters,
    },
    List { name: "smp", doc: "sample fetch functions", title: "sample fetch functions", lines: fetches },
];

/// The lists of the named classes, separated by commas; `all` for all, `help` for the classes themselves.
pub(crate) fn list(classes: &str) -> String {
    let asked: Vec<&str> = classes.split(',').collect();
    let mut text = String::new();
    if asked.contains(&"help") {
        text.push_str("# List of supported keyword classes:\nall: list all keywords\n");
        for list in LISTS {
            let _ = writeln!(text, "{}: {}", list.name, list.doc); // writing to a String cannot fail
        }
    }
    for list in LISTS.iter().filter(|list| asked.contains(&"all") || asked.contains(&list.name)) {
        let _ = writeln!(text, "# List of registered {}:", list.title);
        for line in (list.lines)() {
            let _ = writeln!(text, "{line}");
        }
    }
    text
}

/// For classes without sections.
fn acts_on(class: Class, name: &str) -> bool {
    supports(class, "", name) == Support::Full
}

fn acls() -> BTreeSet<String> {
    let rows = acl::KEYWORDS.iter().filter(|(_, fetch, _)| acts_on(Class::Fetch, fetch));
    rows.map(|(name, fetch, matcher)| match matcher {
        Some(matcher) => format!("{name} = {fetch} -m {matcher}"),
        None => format!("{name} = {fetch}"),
    })
    .collect()
}

fn configuration() -> BTreeSet<String> {
    let rows =
        tables::rows().into_iter().filter(|row| supports(row.class, row.section, row.name) == Support::Full);
    rows.filter_map(|row| match row.class {
        Class::Section | Class::Keyword | Class::Action => Some(format!("\t{}", row.name)),
        Class::Bind => Some(format!("\tbind <addr> {}", row.name)),
        Class::Server => Some(format!("\tserver <name> <addr> {}", row.name)),
        Class::Fetch | Class::Converter | Class::Matcher => None,
    })
    .collect()
}

fn call(name: &str, args: &str) -> String {
    if args.is_empty() { name.to_owned() } else { format!("{name}({args})") }
}

fn converters() -> BTreeSet<String> {
    let rows = converter::all().filter(|row| acts_on(Class::Converter, row.name));
    rows.map(|row| format!("{}: {} => {}", call(row.name, row.args), row.input.name(), row.output.name()))
        .collect()
}

fn fetches() -> BTreeSet<String> {
    let rows = fetch::all().filter(|row| acts_on(Class::Fetch, row.name));
    rows.map(|row| {
        let columns =
            (0..=Stage::Cli as u8).map(|column| if row.reach & (1 << column) != 0 { "Y " } else { ". " });
        format!("[ {}] {}: {}", columns.collect::<String>(), call(row.name, row.args), row.output.name())
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_haproxys_form() {
        let all = list("all");
        assert!(all.contains("# List of registered sample fetch functions:\n"));
        assert!(all.lines().any(|line| line == "path_beg = path -m beg"));
        assert!(all.lines().any(|line| line == "\tserver <name> <addr> weight"));
        assert!(all.lines().any(|line| line == "lower: str => str"));
        assert!(all.lines().any(|line| line == "[ . . Y Y Y Y Y Y Y Y Y . . . . . . . . . . . ] path: str"));
        assert!(!list("smp").contains("registered ACL"));
    }

    #[test]
    fn help_names_the_classes() {
        assert!(
            list("help").starts_with("# List of supported keyword classes:\nall: list all keywords\nacl: ")
        );
        assert_eq!(list(""), "");
    }
}
