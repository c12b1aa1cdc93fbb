//! Laws that hold for every input.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use haproxy_cfg_parser::lex::{Document, quoted};
use haproxy_cfg_parser::{
    Severity, Source, SystemWorld, evaluate_condition, modernise, parse, print, render, render_carets, tables,
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
    for diagnostic in &diagnostics {
        assert!(!diagnostic.message.is_empty());
        let _ = render(diagnostic, 1);
    }
    assert_eq!(render_carets(&diagnostics, &sources).len(), diagnostics.len());
}

/// What a text says, but for findings.
fn meaning(sources: &[Source]) -> String {
    let mut config = parse(sources, &SystemWorld::default()).0;
    config.wrong_files.clear();
    format!("{config:?}")
}

fn prints_the_same(text: impl Into<Vec<u8>>) {
    let sources = [Source::new("a.cfg", text)];
    let world = SystemWorld::default();
    let printed = print(&sources, &world);
    assert!(meaning(&sources) == meaning(&printed), "{}", String::from_utf8_lossy(&printed[0].bytes));
    assert_eq!(printed, print(&printed, &world));
}

proptest! {
    #[test]
    fn a_printed_file_says_the_same(text in lines()) {
        prints_the_same(text);
    }

    #[test]
    fn printed_bytes_say_the_same(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prints_the_same(bytes);
    }

    #[test]
    fn printed_words_say_the_same(line in "[a-z0-9 $\\{\\}\"'\\\\#é\\[*\\]-]{0,60}") {
        prints_the_same(format!("global\n setenv a \"x  y\"\n setenv b '{line}'\n description {line}\nbackend b\n server s ${{b}}:80 {line}\n"));
    }

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
        "listen d :83 process 1/2 name x",
        " bind :84 process all ssl",
        " timeout contimeout 5s",
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

/// How long this thread has been running, in nanoseconds: other programs on the machine do not count.
fn running() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    text.split(' ').next().and_then(|first| first.parse().ok()).expect("a number")
}

/// The least time of a few that it takes to read a text, and print its findings, so many times.
fn least_time(text: &str, times: usize) -> u64 {
    let time = || {
        let start = running();
        (0..times).for_each(|_| run(text));
        running() - start
    };
    (0..3).map(|_| time()).min().expect("three times")
}

/// A text of sixteen times the lines takes as long as sixteen texts, and some more for memory that is no longer near (and for
/// a clock that ticks); where a step is quadratic it takes sixteen times as long.
#[test]
fn time_grows_with_the_size_only() {
    type Line = fn(usize) -> String;
    let kinds: [(&str, Line); 11] = [
        ("", |n| format!("backend b{n}\n server s 127.0.0.1:80\n")),
        ("backend b\n", |n| format!(" server s{n} 127.0.0.1:80 check\n")),
        ("frontend f\n bind :80\n", |n| format!(" use_backend b if {{ path /{n} }}\n")),
        ("frontend f\n", |n| format!(" acl a{n} path /{n}\n http-request deny if a{n}\n")),
        ("frontend f\n", |n| {
            format!(" http-request set-header a{n} %[path,lower] if {{ src 10.0.0.{} }}\n", n % 250)
        }),
        ("frontend f\n", |n| format!(" http-request deny if {{ path /{n} }}\n balance first\n")),
        ("backend b\n", |n| format!(" server s{n} 127.0.0.1:80 id {}\n", n + 1)),
        ("backend b\n", |n| format!(" misspelt{n} word\n")),
        ("userlist u\n", |n| format!(" user u{n} insecure-password x\n")),
        ("resolvers r\n", |n| format!(" nameserver n{n} 127.0.0.1:53\n")),
        ("global\n", |n| format!(" setenv V{n} \"${{V{}}}\"\n.if defined(V{n})\n.endif\n", n / 2)),
    ];
    for (head, line) in kinds {
        let text = |count| head.to_owned() + &(0..count).map(line).collect::<String>();
        let (small, large) = (least_time(&text(250), 16), least_time(&text(4_000), 1));
        assert!(large < small * 4 + 20_000_000, "{}: {small} ns, then {large} ns", line(0));
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
