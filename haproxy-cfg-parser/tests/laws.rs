//! Laws that hold for every input.

use haproxy_cfg_parser::lex::{Document, quoted};
use haproxy_cfg_parser::{
    Severity, Source, SystemWorld, evaluate_condition, modernise, parse, render, render_caret, tables,
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

/// Lines with removed keywords, and others.
fn old_lines() -> impl Strategy<Value = String> {
    let lines = [
        "listen a 127.0.0.1:80",
        "listen b :81,:82 ssl crt x",
        "backend c",
        " contimeout 5s # why",
        " clitimeout \"${T-5}\"",
        " redispatch",
        " option forceclose",
        " no option forceclose",
        " block if { path \"/a b\" } # no",
        " reqadd X-A:\\ \"b # c\" if { path /x }",
        " rspdel ^X-B:.*",
        " reqirep ^Host:\\ (.*) Host:\\ www.\\1",
        " reqrep ^([^\\ ]*)\\ /old/(.*) \\1\\ /new/\\2",
        " bind-process 1",
        " option http-use-htx",
        " mode http",
        "global",
        " nbproc 1",
        " nbproc 4",
        " debug",
        "# a comment",
        "",
    ];
    prop::collection::vec(prop::sample::select(lines.to_vec()), 0..20)
        .prop_map(|lines| lines.join("\n") + "\n")
}

proptest! {
    #[test]
    fn a_modernised_file_stays_as_it_is(text in old_lines()) {
        let world = SystemWorld::default();
        let (once, _) = modernise(&[Source::new("a.cfg", text)], &world);
        let (twice, said) = modernise(&once, &world);
        prop_assert_eq!(&once, &twice);
        let old = said.iter().find(|finding| finding.message.contains("please write"));
        prop_assert!(old.is_none(), "{:?}", old);
    }

    #[test]
    fn a_quoted_word_is_one_word(word in "\\PC{0,20}") {
        let line = format!("backend {}\n", quoted(&word));
        let (_, said) = parse(&[Source::new("a.cfg", line)], &SystemWorld::default());
        let wrong = said.iter().find(|finding| finding.message.contains("unexpected argument"));
        prop_assert!(wrong.is_none(), "{:?}", wrong);
    }
}

#[test]
fn old_files_become_new_ones() {
    let text = "listen web 127.0.0.1:80 ssl\n  reqadd X:\\ \"1 2\" if TRUE # why\n  option forceclose\n  bind-process 1\n";
    let (written, _) = modernise(&[Source::new("a.cfg", text)], &SystemWorld::default());
    let expected = "listen web\n    bind 127.0.0.1:80 ssl\n  http-request add-header X \"1 2\" if TRUE # why\n  option httpclose\n  # bind-process 1\n";
    assert_eq!(String::from_utf8_lossy(&written[0].bytes), expected);
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
