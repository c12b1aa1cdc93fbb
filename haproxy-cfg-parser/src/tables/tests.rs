//! Every row of every table: its name is its own, it has a doc, and its example parses.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::keywords::{
    bind, cluster, global, option, other, proxy, resolvers, server, timeout, tune, userlist,
};
use super::{Param, Ruleset, Signature, Type, action, converter, fetch, rows};
use crate::model::Class;
use crate::{Severity, Source, SystemWorld, parse};
use std::collections::HashSet;

/// What examples may refer to.
const AROUND: &str = "\
peers p
    peer a 127.0.0.1:1024
resolvers r
    nameserver n 127.0.0.1:53
userlist u
    user a insecure-password b
cache c
    total-max-size 4
backend t
    stick-table type ip size 1k
backend b
    mode http
    server s 127.0.0.1:80
backend a
    server b 127.0.0.1:80 check
";

/// The errors of a text.
fn errors(text: &str) -> Vec<String> {
    let source = Source::new("t.cfg", text);
    let (_, diagnostics) = parse(&[source], &SystemWorld::default());
    let alerts = diagnostics.into_iter().filter(|diagnostic| diagnostic.severity == Severity::Alert);
    alerts.map(|diagnostic| diagnostic.message).collect()
}

/// The line parses in one kind of proxy section at least.
fn parses_in_a_proxy(line: &str) {
    let in_section = |section: &str| {
        errors(&format!("{AROUND}{section}\n    mode http\n    server s0 127.0.0.1:80\n    {line}\n"))
    };
    let all = [
        in_section("listen x"),
        errors(&format!("{AROUND}frontend x\n    mode http\n    {line}\n")),
        errors(&format!("{AROUND}defaults x\n    {line}\n")),
    ];
    assert!(all.iter().any(Vec::is_empty), "{line}: {all:?}");
}

#[test]
fn names_are_unique_and_documented() {
    let mut seen = HashSet::new();
    for row in rows() {
        // Sections share words such as `bind`, and actions differ by ruleset only.
        assert!(!row.doc.is_empty(), "{} has no doc", row.name);
        assert!(row.doc.ends_with('.'), "{}: {}", row.name, row.doc);
        if row.class != Class::Keyword && row.class != Class::Action {
            assert!(seen.insert((row.class, row.name)), "{} stands twice", row.name);
        }
    }
    for names in [
        global::ROWS.iter().chain(tune::ROWS).map(|row| row.name).collect::<Vec<_>>(),
        proxy::ROWS.iter().chain(timeout::ROWS).map(|row| row.name).collect(),
        option::ROWS.iter().map(|row| row.name).collect(),
    ] {
        let unique: HashSet<_> = names.iter().collect();
        assert_eq!(unique.len(), names.len());
    }
}

#[test]
fn examples_of_keywords_parse() {
    for row in proxy::ROWS.iter().chain(timeout::ROWS) {
        parses_in_a_proxy(row.example);
        assert!(row.example.starts_with(row.name), "{}", row.name);
    }
    for row in option::ROWS {
        parses_in_a_proxy(row.example);
        assert!(row.example.starts_with(row.name), "{}", row.name);
    }
    for row in global::ROWS.iter().chain(tune::ROWS) {
        let found = errors(&format!("global\n    {}\n", row.example));
        assert!(found.is_empty(), "{}: {found:?}", row.example);
        assert!(row.example.starts_with(row.name), "{}", row.name);
    }
    for row in resolvers::ROWS {
        let found = errors(&format!("resolvers r\n    {}\n", row.example));
        assert!(found.is_empty(), "{}: {found:?}", row.example);
    }
    for section in other::SECTIONS {
        for row in section.keywords {
            // What a section cannot do without.
            let needs = match section.name {
                "fcgi-app" => "docroot /srv\n    ",
                "acme" => "directory https://example.com\n    ",
                "cache" => "total-max-size 4\n    ",
                "program" => "command /bin/true\n    ",
                _ => "",
            };
            let found = errors(&format!("{} x\n    {needs}{}\n", section.name, row.example));
            assert!(found.is_empty(), "{}: {found:?}", row.example);
            assert!(row.example.starts_with(row.name), "{}", row.name);
        }
    }
    for row in cluster::ROWS {
        let nodes = "node lb1 10.0.0.1:7000\n node lb2 10.0.0.2:7000\n node lb3 10.0.0.3:7000\n node w 10.0.0.4:7000\n";
        let found = errors(&format!("cluster c\n data-dir d\n {nodes} {}\n", row.example));
        assert!(found.is_empty(), "{}: {found:?}", row.example);
    }
    for row in userlist::ROWS {
        let users = "    user a insecure-password x\n    user b insecure-password x\n";
        let found = errors(&format!("userlist u\n{users}    {}\n", row.example));
        assert!(found.is_empty(), "{}: {found:?}", row.example);
    }
}

#[test]
fn examples_of_bind_and_server_options_parse() {
    for row in bind::ROWS {
        let crt = if row.name == "ssl" { "crt f.pem" } else { "" };
        parses_in_a_proxy(&format!("bind :8080 {} {} {crt}", row.name, row.example));
    }
    for row in server::ROWS {
        let verify = match row.name {
            "ssl" => "verify none",
            "agent-check" => "agent-port 81",
            _ => "",
        };
        // An argument in parentheses follows at once.
        let blank = if row.example.starts_with('(') { "" } else { " " };
        parses_in_a_proxy(&format!("server x 127.0.0.1:80 {}{blank}{} {verify}", row.name, row.example));
    }
}

#[test]
fn examples_of_actions_parse() {
    for row in action::all() {
        let line = &row.example;
        let before = match row.name {
            "lua" => "global\n    lua-load /dev/null\n",
            "normalize-uri" => "global\n    expose-experimental-directives\n",
            "do-resolve" => "resolvers dns\n    nameserver a 127.0.0.1:53\n",
            _ => "",
        };
        let found =
            errors(&format!("{before}{AROUND}listen x\n    mode http\n    {line}\n    {line} if TRUE\n"));
        assert!(found.is_empty(), "{line}: {found:?}");
        assert!(row.full_name.starts_with(row.ruleset.keyword()), "{}", row.full_name);
    }
    assert_eq!(Ruleset::ALL.len(), 7);
}

/// An argument of a kind.
fn argument(param: Param) -> &'static str {
    match param {
        Param::Str => "1",
        Param::Int => "1",
        Param::Ipv4 | Param::Mask4 => "255.0.0.0",
        Param::Ipv6 | Param::Mask6 => "::1",
        Param::Backend => "b",
        Param::Frontend => "x",
        Param::Server => "b/s",
        Param::Table => "t",
        Param::Userlist => "u",
        Param::Regex => "x",
        Param::Variable | Param::NumberOrVariable => "txn.v",
        Param::ProtobufField => "1.2",
    }
}

/// The call with its first `count` arguments.
fn call(name: &str, signature: &Signature, count: usize) -> String {
    let mut args: Vec<_> = signature.params.iter().take(count).map(|param| argument(*param)).collect();
    // The file of a map is read.
    if let (true, Some(file)) = (name == "map" || name.starts_with("map_"), args.first_mut()) {
        *file = "virt@map";
    }
    if args.is_empty() { name.to_owned() } else { format!("{name}({})", args.join(",")) }
}

/// Calls with the fewest and, but for flags that have a meaning of their own, the most arguments.
fn calls(name: &str, signature: &Signature) -> Vec<String> {
    let most = if matches!(name, "regsub" | "set-var") { signature.required } else { signature.params.len() };
    vec![
        call(name, signature, signature.required.max(usize::from(name == "http_auth"))),
        call(name, signature, most),
    ]
}

fn expressions_parse(expressions: &[String]) {
    let lines: Vec<_> = expressions
        .iter()
        .enumerate()
        .map(|(index, expression)| format!("    acl a{index} {expression} -m found\n"))
        .collect();
    let found = errors(&format!(
        "{AROUND}listen x\n    mode http\n    stick-table type ip size 1k\n{}",
        lines.concat()
    ));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn fetches_parse() {
    let all: Vec<_> = fetch::all().flat_map(|row| calls(row.name, &Signature::parse(row.args))).collect();
    expressions_parse(&all);
    assert!(fetch::all().all(|row| row.reach != 0));
}

#[test]
fn converters_parse() {
    let source = |input| match input {
        Type::Sint | Type::Bool => "int(1)",
        Type::Addr | Type::Ipv4 | Type::Ipv6 => "src",
        Type::Meth => "method",
        Type::Bin => "bin(00)",
        Type::Str | Type::Any => "str(a)",
    };
    let all: Vec<_> = converter::all()
        .flat_map(|row| {
            let calls = calls(row.name, &Signature::parse(row.args));
            calls.into_iter().map(|call| format!("{},{call}", source(row.input)))
        })
        .collect();
    expressions_parse(&all);
}

#[test]
fn types_are_checked_between_fetch_and_converters() {
    for (expression, good) in [
        ("src,ipmask(24)", true),
        ("src,lower", true),
        ("method,lower", true),
        ("int(1),add(2)", true),
        ("bool(true),ipmask(24)", false),
        ("bin(00),add(1)", false),
        ("path,field(1)", false),
        ("path,nothing", false),
        ("int(x)", false),
        ("int(1", false),
    ] {
        let found = errors(&format!("listen x\n    mode http\n    acl a {expression} -m found\n"));
        assert_eq!(found.is_empty(), good, "{expression}: {found:?}");
    }
}

#[test]
fn predefined_acls_are_known_and_sorted() {
    let names: Vec<_> = super::acl::PREDEFINED.iter().map(|row| row.0).collect();
    assert!(names.is_sorted());
    assert!(super::acl::KEYWORDS.is_sorted_by_key(|row| row.0));
    for name in names {
        let found = errors(&format!("listen x\n    mode http\n    http-request deny if {name}\n"));
        assert!(found.is_empty(), "{name}: {found:?}");
    }
}
