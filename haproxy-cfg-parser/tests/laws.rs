//! Laws that hold for every input.

use haproxy_cfg_parser::lex::Document;
use haproxy_cfg_parser::{
    Severity, Source, SystemWorld, evaluate_condition, parse, render, render_caret, tables,
};
use proptest::prelude::*;

/// Lines made of words that the language has, in any order.
fn lines() -> impl Strategy<Value = String> {
    let mut words: Vec<String> = tables::rows()
        .into_iter()
        .flat_map(|row| [row.name.to_owned(), row.example])
        .filter(|word| !word.is_empty() && !word.starts_with("errorfile"))
        .collect();
    words.extend(
        [
            "global",
            "defaults",
            "defaults d",
            "frontend f",
            "backend b from d",
            "listen l",
            "if",
            "unless",
            "{",
            "}",
            "!",
            "or",
            "no",
            "\"",
            "'",
            "\\",
            "${X}",
            "\"${X[*]}\"",
            ".if",
            ".else",
            ".endif",
            "%[",
            "%{+Q}o",
            "(",
            ")",
            "%[path,",
            "acl a path /",
            "{ path / }",
            "127.0.0.1:80",
            ":::80",
            "99999999999999999999",
            "-1",
            "é",
            "#",
        ]
        .map(str::to_owned),
    );
    let line = prop::collection::vec(prop::sample::select(words), 0..6).prop_map(|words| words.join(" "));
    prop::collection::vec(line, 0..30).prop_map(|lines| lines.join("\n") + "\n")
}

fn run(text: impl Into<Vec<u8>>) {
    let source = Source::new("a.cfg", text);
    let sources = [source];
    let (_, diagnostics) = parse(&sources, &SystemWorld::default());
    for diagnostic in diagnostics {
        assert!(!diagnostic.message.is_empty());
        let _ = render(&diagnostic, 1);
        let _ = render_caret(&diagnostic, &sources);
    }
}

proptest! {
    #[test]
    fn an_unedited_document_writes_back(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert_eq!(Document::new(&bytes).write(), bytes);
    }

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        run(bytes);
    }

    #[test]
    fn any_lines_of_the_language_are_read(text in lines()) {
        run(text);
    }

    #[test]
    fn any_line_in_a_section_is_read(line in "\\PC{0,80}", section in "(global|defaults|frontend f|backend b|userlist u)") {
        run(format!("{section}\n  {line}\n"));
    }

    #[test]
    fn any_condition_is_judged(text in "[a-z0-9()!&|,\"' ]{0,60}") {
        let _ = evaluate_condition(&text, &SystemWorld::default());
    }

    #[test]
    fn any_expression_is_read(text in "[a-z0-9_.,()'\"\\\\%{}\\[\\]+: -]{0,60}") {
        run(format!("listen l\n acl a {text}\n http-request set-header a {text}\n log-format '{text}'\n"));
    }
}

#[test]
fn deep_nesting_ends() {
    for piece in ["(", "!", "%[", "{", "${", "\\", "path,", "a(b(", ".if 1\n", "\"${A-"] {
        let many = piece.repeat(20_000);
        run(format!("listen l\n acl a {many}\n http-request set-header a {many}\n.if {many}\n{many}\n"));
    }
}

#[test]
fn a_large_file_is_read() {
    let mut text = String::from("defaults\n mode http\nfrontend f\n bind :80\n");
    for index in 0..5_000 {
        text.push_str(&format!(" use_backend b{index} if {{ path_beg /{index} }}\n"));
    }
    for index in 0..5_000 {
        text.push_str(&format!("backend b{index}\n"));
        for server in 0..5 {
            text.push_str(&format!(" server s{server} 127.0.0.1:80 check weight 10\n"));
        }
    }
    let (config, diagnostics) = parse(&[Source::new("a.cfg", text)], &SystemWorld::default());
    assert_eq!(config.proxies.len(), 5_001);
    assert!(diagnostics.iter().all(|diagnostic| diagnostic.severity != Severity::Alert));
}
