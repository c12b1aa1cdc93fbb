//! `http-check` and `tcp-check` rules.

use super::kept;
use crate::model::Mode;
use crate::parse::{Args, Cx};
use crate::section::draft::Draft;
use crate::{Diagnostic, Severity};

/// What a section says about scripted checks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Checks {
    /// `option httpchk` is on.
    pub(crate) http_enabled: bool,
    /// `option tcp-check` is on.
    pub(crate) tcp_enabled: bool,
    /// It has `http-check` rules of its own.
    http_rules: bool,
    /// It has `tcp-check` rules of its own.
    tcp_rules: bool,
}

pub(crate) fn http_check(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let word = args.get(1);
    if word == "expect" && !expect(cx, args) {
        return;
    }
    draft.checks.http_rules |= !matches!(word, "disable-on-404" | "send-state");
    kept::kept(cx, draft, args);
}

pub(crate) fn tcp_check(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    draft.checks.tcp_rules = true;
    kept::kept(cx, draft, args);
}

/// `http-check expect [OPTIONS] [!]MATCH PATTERN`; false, and an error, if it is wrong.
fn expect(cx: &mut Cx<'_>, args: &Args<'_>) -> bool {
    let mut index = 2;
    if !args.has(index) {
        cx.wrong(args, 1, "'http-check expect' : expects at least a matching pattern as arguments.");
        return false;
    }
    let options = [
        "comment",
        "min-recv",
        "ok-status",
        "error-status",
        "tout-status",
        "on-success",
        "on-error",
        "status-code",
    ];
    let mut matched = false;
    while args.has(index) {
        let word = args.get(index);
        if options.contains(&word) {
            index += 2;
            continue;
        }
        let kind = word.strip_prefix('!').unwrap_or(word);
        let text = match kind {
            _ if matched => format!("'http-check expect' : '{word}' is not expected after the pattern."),
            "status" | "string" | "rstatus" | "rstring" | "string-lf" if !args.has(index + 1) => {
                format!("'http-check expect' : '{word}' expects a <pattern> as argument.")
            }
            "status" | "string" | "rstatus" | "rstring" | "string-lf" => {
                matched = true;
                index += 2;
                continue;
            }
            // A header has conditions of its own.
            "hdr" | "fhdr" | "header" => return true,
            "" if word == "!" => {
                index += 1;
                continue;
            }
            _ => format!(
                "'http-check expect' : 'only supports min-recv, [!]string', '[!]rstring', '[!]string-lf', '[!]status', '[!]rstatus', [!]hdr, [!]fhdr or comment but got '{word}' as argument.."
            ),
        };
        cx.wrong(args, index, text);
        return false;
    }
    true
}

/// Warns about rules that no option turns on, and about a log option of the wrong mode.
pub(crate) fn end(cx: &mut Cx<'_>, draft: &Draft) {
    let title = draft.title();
    let checks = &draft.checks;
    let mut warn = |message: String, help: String| {
        let place = Some(draft.proxy.place.clone());
        let finding =
            Diagnostic { severity: Severity::Warning, place, span: None, message, help: Some(help) };
        cx.late.push((cx.config.proxies.len(), finding));
    };
    let rules = [
        ("http-check", "httpchk", checks.http_rules && !checks.http_enabled),
        ("tcp-check", "tcp-check", checks.tcp_rules && !checks.tcp_enabled),
    ];
    for (rules, option, _) in rules.into_iter().filter(|(_, _, lonely)| *lonely) {
        warn(
            format!("{title} uses {rules} rules without 'option {option}', so the rules are ignored."),
            format!("add `option {option}`"),
        );
    }
    let option = if draft.proxy.options.httpslog { "httpslog" } else { "httplog" };
    let http_log = draft.proxy.options.httplog.is_some() || draft.proxy.options.httpslog;
    let unfit = http_log && draft.proxy.kind.is_frontend() && draft.proxy.mode != Mode::Http;
    if let Some(place) = draft.log_option.as_ref().filter(|_| unfit) {
        let falls = "(needs 'mode http'). Falling back to 'option tcplog'.";
        warn(
            format!("parsing [{place}] : 'option {option}' not usable with {title} {falls}"),
            "write `option tcplog`, or add `mode http`".into(),
        );
    }
}
