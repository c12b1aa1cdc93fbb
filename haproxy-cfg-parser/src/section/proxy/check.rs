//! `http-check` and `tcp-check` rules.

use super::kept;
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
    while options.contains(&args.get(index)) {
        index += 2;
    }
    let word = args.get(index);
    let kind = word.strip_prefix('!').unwrap_or(word);
    let text = match kind {
        "" if word == "!" => return true,
        "status" | "string" | "rstatus" | "rstring" | "string-lf" if !args.has(index + 1) => {
            format!("'http-check expect' : '{word}' expects a <pattern> as argument.")
        }
        "status" | "string" | "rstatus" | "rstring" | "string-lf" | "hdr" | "fhdr" | "header" => return true,
        _ => format!(
            "'http-check expect' : 'only supports min-recv, [!]string', '[!]rstring', '[!]string-lf', '[!]status', '[!]rstatus', [!]hdr, [!]fhdr or comment but got '{word}' as argument.."
        ),
    };
    cx.wrong(args, index, text);
    false
}

/// Warns about rules that no option turns on.
pub(crate) fn end(cx: &mut Cx<'_>, draft: &Draft) {
    let title = draft.title();
    let checks = &draft.checks;
    let mut warn = |rules: &str, option: &str| {
        cx.push(Diagnostic {
            severity: Severity::Warning,
            place: Some(draft.proxy.place.clone()),
            span: None,
            message: format!(
                "{title} uses {rules} rules without 'option {option}', so the rules are ignored."
            ),
            help: Some(format!("add `option {option}`")),
        });
    };
    if checks.http_rules && !checks.http_enabled {
        warn("http-check", "httpchk");
    }
    if checks.tcp_rules && !checks.tcp_enabled {
        warn("tcp-check", "tcp-check");
    }
}
