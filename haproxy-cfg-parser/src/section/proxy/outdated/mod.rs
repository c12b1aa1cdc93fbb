//! Keywords that HAProxy has removed, read as their modern lines with a warning that shows them.

mod rewrite;

use super::{rules, timeout};
use crate::lex::Word;
use crate::model::Address;
use crate::modernise::{Edit, line as line_of};
use crate::parse::{Args, Cx};
use crate::section::bind;
use crate::section::draft::Draft;
use rewrite::Rewrite;

/// Reads a removed keyword; false if it is none.
pub(super) fn line(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) -> bool {
    let word = args.get(0);
    match word {
        "timeout" => return old_timeout(cx, draft, args, 1),
        "contimeout" | "clitimeout" | "srvtimeout" => return old_timeout(cx, draft, args, 0),
        "redispatch" if args.has(1) => {
            cx.wrong(args, 0, "keyword 'redispatch' directive is not supported anymore since HAProxy 2.1. Use 'option redispatch'.");
        }
        "redispatch" => {
            cx.outdated(
                args,
                1,
                "the 'redispatch' directive is not supported anymore since HAProxy 2.1",
                "option redispatch",
            );
            draft.proxy.options.redispatch = Some(-1);
            cx.uses(crate::model::Class::Keyword, "option redispatch");
        }
        "block" => rule_instead(cx, draft, args, 1, &["http-request", "deny"]),
        "reqadd" | "rspadd" => add_header(cx, draft, args),
        "reqdel" | "reqidel" | "rspdel" | "rspidel" => delete_header(cx, draft, args),
        "reqrep" | "reqirep" | "rsprep" | "rspirep" if replace(cx, draft, args) => {}
        "reqrep" | "reqirep" | "rsprep" | "rspirep" | "reqdeny" | "reqideny" | "rspdeny" | "rspideny"
        | "reqallow" | "reqiallow" | "reqpass" | "reqipass" | "reqtarpit" | "reqitarpit" => {
            let ruleset = ruleset(word);
            cx.wrong(args, 0, format!("The '{word}' directive is not supported anymore since HAProxy 2.1. Use '{ruleset}' rules instead."));
            cx.help(format!(
                "write an `{ruleset}` rule, e.g. `{ruleset} replace-header` or `{ruleset} deny`"
            ));
        }
        "appsession" => {
            cx.wrong(args, 0, "'appsession' is not supported anymore since HAProxy 1.6.");
            cx.help("write `stick-table` and `stick` rules on a cookie".to_owned());
        }
        "grace" => {
            let text = format!(
                "{}: the 'grace' keyword is not supported any more since HAProxy version 2.5.",
                cx.here()
            );
            cx.alert_word(args, 0, text);
            cx.help(
                "remove the line; `grace` in `global` keeps listening while the process stops".to_owned(),
            );
        }
        "monitor-net" => super::kept::monitor_net(cx, draft, args),
        "bind-process" => {
            cx.obsolete();
            cx.warn(
                args,
                0,
                "'bind-process' has no effect since HAProxy 2.5; threads are set on 'bind' lines with 'thread'.",
            );
        }
        _ => return false,
    }
    true
}

/// `contimeout TIME`, also as `timeout contimeout TIME`: the old name is word number `at`. False if it is another name.
fn old_timeout(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>, at: usize) -> bool {
    let word = args.get(at);
    let (name, parse): (_, fn(&mut Cx<'_>, &mut Draft, &Args<'_>)) = match word {
        "contimeout" => ("connect", timeout::connect),
        "clitimeout" => ("client", timeout::client),
        "srvtimeout" => ("server", timeout::server),
        _ => return false,
    };
    let text = format!("the '{word}' directive is not supported anymore since HAProxy 2.1");
    cx.outdated(args, at + 1, text, &format!("timeout {name}"));
    let mut words = vec!["timeout", name];
    words.extend(args.rest(at + 1));
    reread(cx, draft, &words, parse);
    true
}

/// `reqadd "Name: value" [CONDITION]`: exact if there is a colon.
fn add_header(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let word = args.get(0);
    let ruleset = ruleset(word);
    let Some((name, value)) = args.get(1).split_once(':') else {
        cx.wrong(args, 0, format!("The '{word}' directive is not supported anymore since HAProxy 2.1. Use '{ruleset} add-header' instead."));
        return;
    };
    let value = value.trim_start().replace('%', "%%");
    rule_instead(cx, draft, args, 2, &[ruleset, "add-header", name.trim(), &value]);
}

/// `reqdel ^Name:.*`: exact if the expression is a header's name and nothing of its value.
fn delete_header(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let word = args.get(0);
    let ruleset = ruleset(word);
    let body = args.get(1).strip_prefix('^').and_then(|rest| rest.split_once(':'));
    let exact = body.filter(|(name, rest)| {
        !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && matches!(*rest, "" | ".*" | ".*$" | "\\ .*" | "\\ ")
    });
    let Some((name, _)) = exact else {
        cx.wrong(args, 0, format!("The '{word}' directive is not supported anymore since HAProxy 2.1. Use '{ruleset} del-header' instead."));
        return;
    };
    rule_instead(cx, draft, args, 2, &[ruleset, "del-header", name]);
}

/// `reqrep REGEX REPLACEMENT [CONDITION]`; false where no action does exactly the same.
fn replace(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) -> bool {
    let (word, ruleset) = (args.get(0), ruleset(args.get(0)));
    let insensitive = matches!(word, "reqirep" | "rspirep");
    let case = |regex: String| if insensitive { format!("(?i){regex}") } else { regex };
    match rewrite::translate(args.get(1), args.get(2)) {
        Some(Rewrite::Header { name, regex, value }) => {
            rule_instead(cx, draft, args, 3, &[ruleset, "replace-header", &name, &case(regex), &value]);
        }
        Some(Rewrite::Uri { regex, value }) if ruleset == "http-request" => {
            rule_instead(cx, draft, args, 3, &[ruleset, "replace-uri", &case(regex), &value]);
        }
        _ => return false,
    }
    true
}

/// The rules that stand for a `req...` or `rsp...` line today.
fn ruleset(word: &str) -> &'static str {
    if word.starts_with("rsp") { "http-response" } else { "http-request" }
}

/// Reads a rule in place of a line's first `count` words, with a warning that shows it.
fn rule_instead(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>, count: usize, rule: &[&str]) {
    let text = format!("the '{}' directive is not supported anymore since HAProxy 2.1", args.get(0));
    cx.outdated(args, count, text, &line_of(rule.iter().copied()));
    let words: Vec<&str> = rule.iter().copied().chain(args.rest(count)).collect();
    let parse = match rule.first() {
        Some(&"http-response") => rules::http_response,
        _ => rules::http_request,
    };
    reread(cx, draft, &words, parse);
}

/// Reads other words as if they stood in the line.
fn reread(cx: &mut Cx<'_>, draft: &mut Draft, words: &[&str], parse: fn(&mut Cx<'_>, &mut Draft, &Args<'_>)) {
    let words: Vec<Word<'_>> = words
        .iter()
        .filter(|word| !word.is_empty())
        .map(|word| Word { text: (*word).into(), span: (0, 0) })
        .collect();
    reread_words(cx, draft, &words, parse);
}

/// The same, with words that stand in the line.
fn reread_words(
    cx: &mut Cx<'_>,
    draft: &mut Draft,
    words: &[Word<'_>],
    parse: fn(&mut Cx<'_>, &mut Draft, &Args<'_>),
) {
    let args = Args::new(words);
    if let Some(name) = super::name_of(&args) {
        cx.uses(crate::model::Class::Keyword, name);
    }
    parse(cx, draft, &args);
}

/// Reads a removed option; false if it is none.
pub(super) fn option(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>, on: bool) -> bool {
    let name = args.get(1);
    match name {
        "forceclose" | "http-tunnel" | "http-use-htx" | "tcp-smart-queue" if !on => cx.obsolete(),
        "forceclose" => {
            cx.outdated(
                args,
                2,
                "option 'forceclose' is not supported any more since HAProxy 2.0",
                "option httpclose",
            );
            draft.proxy.options.keep_alive = crate::model::KeepAlive::Close;
            cx.uses(crate::model::Class::Keyword, "option httpclose");
        }
        "httpclose" => return false,
        "http-use-htx" => {
            cx.obsolete();
            cx.warn(args, 1, "option 'http-use-htx' has no effect since HAProxy 2.1; remove the line.")
        }
        "http_proxy" | "http-tunnel" => {
            cx.wrong(args, 1, format!("option '{name}' is not supported any more since HAProxy 2.5."));
        }
        _ => return false,
    }
    true
}

/// `option httpchk METHOD URI VERSION\r\nHost:...`: the header in the version has a line of its own today.
pub(super) fn httpchk_version(cx: &mut Cx<'_>, args: &Args<'_>) {
    if args.get(4).contains(['\r', '\n']) {
        cx.warn(args, 4, "'option httpchk' : hiding headers or body at the end of the version string is deprecated. Please, consider to use 'http-check send' directive instead.");
    }
}

/// `listen NAME ADDR:PORT OPTIONS`: the address has a `bind` line of its own today.
pub(crate) fn address_on_section(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>, at: usize) {
    let section = args.get(0);
    let listens = |part| match crate::value::address(part, &cx.env) {
        Ok(Address::Inet { ports, .. }) => ports.0 != 0,
        other => other.is_ok(),
    };
    if !args.get(at).split(',').all(listens) {
        cx.wrong(args, at, "please use the 'bind' keyword for listening addresses.");
        return;
    }
    let modern = format!("bind {}", line_of(args.rest(at)));
    let text =
        format!("please use the 'bind' keyword for listening addresses: '{section}' takes a name only");
    cx.outdated_line(args, text, &modern);
    if let Some(((_, end), (start, _))) = args.span(at - 1).zip(args.span(at)) {
        cx.edits.push((cx.place.clone(), Edit::Replace((end, start), "\n    bind ".into())));
    }
    let mut words = vec![Word { text: "bind".into(), span: (0, 0) }];
    words.extend_from_slice(args.words(at));
    reread_words(cx, draft, &words, bind::line);
}
