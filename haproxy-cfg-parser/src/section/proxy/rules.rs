//! `http-request`, `http-response`, `http-after-response`, `tcp-request`, `tcp-response`, `redirect`.

use super::order::{self, Kind};
use crate::Severity;
use crate::model::{Action, ActionArg, CaptureSlot, Class, Proxy, Rule};
use crate::parse::{Args, Cx};
use crate::rule::{self, Position, Reader};
use crate::section::draft::Draft;
use crate::tables::action::Ruleset;
use crate::value;

fn add(
    cx: &mut Cx<'_>,
    draft: &mut Draft,
    args: &Args<'_>,
    ruleset: Ruleset,
    list: fn(&mut Proxy) -> &mut Vec<Rule>,
) {
    if draft.is_defaults && draft.proxy.name.is_empty() {
        let word = ruleset.keyword();
        cx.wrong(args, 0, format!("'{word}' not allowed in anonymous 'defaults' section."));
        return;
    }
    unreachable(cx, draft, args, ruleset, list);
    let at = ruleset.keyword().split(' ').count();
    let title = draft.title();
    let position = Position { ruleset, kind: draft.proxy.kind, section: &title, acls: &draft.acls };
    let findings = cx.findings();
    let Some(mut rule) = rule::rule(cx, args, at, position) else { return };
    give_slot(&mut rule, &mut draft.proxy);
    list(&mut draft.proxy).push(rule);
    let kind = match ruleset {
        Ruleset::HttpRequest => Kind::HttpRequest,
        Ruleset::TcpConnection => Kind::TcpConnection,
        Ruleset::TcpSession => Kind::TcpSession,
        Ruleset::TcpContent => Kind::TcpContent,
        _ => return,
    };
    let about_condition = cx.findings();
    order::note(cx, draft, args, kind);
    cx.bring_forward(about_condition, findings);
}

/// A warning if the rule before, in the same section, always ends the ruleset.
fn unreachable(
    cx: &mut Cx<'_>,
    draft: &mut Draft,
    args: &Args<'_>,
    ruleset: Ruleset,
    list: fn(&mut Proxy) -> &mut Vec<Rule>,
) {
    let start = draft.proxy.place.line;
    let Some(last) = list(&mut draft.proxy).last() else { return };
    let own = last.place.file == cx.place.file && last.place.line > start;
    let http = matches!(ruleset, Ruleset::HttpRequest | Ruleset::HttpResponse | Ruleset::HttpAfterResponse);
    let ends = matches!(last.action.name, "allow" | "auth" | "deny" | "redirect" | "return" | "tarpit");
    if own && http && ends && last.condition.is_none() {
        let text = format!(
            "{}: previous '{}' action is final and has no condition attached, further entries are NOOP.",
            cx.here(),
            ruleset.keyword()
        );
        cx.report(Severity::Warning, args.span(0), text);
    }
}

/// Room for what a `capture ... len N` rule captures. Its number joins the arguments.
fn give_slot(rule: &mut Rule, proxy: &mut Proxy) {
    let len = rule.action.args.iter().find_map(|arg| match arg {
        ActionArg::Keyed("len", Some(value)) => Some(&**value),
        _ => None,
    });
    if let ("capture", Some(ActionArg::Int(len))) = (rule.action.name, len) {
        let number = i64::try_from(proxy.request_slots.len()).unwrap_or(i64::MAX);
        let len = u32::try_from(*len).unwrap_or(u32::MAX);
        proxy.request_slots.push(CaptureSlot { name: None, len });
        rule.action.args.push(ActionArg::Keyed("slot", Some(Box::new(ActionArg::Int(number)))));
    }
}

pub(crate) fn http_request(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    add(cx, draft, args, Ruleset::HttpRequest, |proxy| &mut proxy.http_request);
}

pub(crate) fn http_response(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    add(cx, draft, args, Ruleset::HttpResponse, |proxy| &mut proxy.http_response);
}

pub(crate) fn http_after_response(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    add(cx, draft, args, Ruleset::HttpAfterResponse, |proxy| &mut proxy.http_after_response);
}

pub(crate) fn tcp_connection(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    add(cx, draft, args, Ruleset::TcpConnection, |proxy| &mut proxy.tcp_request_connection);
}

pub(crate) fn tcp_session(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    add(cx, draft, args, Ruleset::TcpSession, |proxy| &mut proxy.tcp_request_session);
}

pub(crate) fn tcp_content(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    add(cx, draft, args, Ruleset::TcpContent, |proxy| &mut proxy.tcp_request_content);
}

pub(crate) fn tcp_response(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    add(cx, draft, args, Ruleset::TcpResponse, |proxy| &mut proxy.tcp_response_content);
}

pub(crate) fn inspect_delay(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let title = draft.title();
    let (first, text) = (args.get(0), args.get(2));
    let expects = format!("'{first} inspect-delay' expects a positive delay in milliseconds, in {title}");
    match value::time(text, "ms") {
        Ok(time) if !text.is_empty() => {
            if first == "tcp-request" {
                draft.proxy.tcp_inspect_delay = Some(time);
            } else {
                draft.proxy.tcp_response_delay = Some(time);
            }
        }
        Err(value::TimeError::Unexpected(c)) => {
            cx.wrong(args, 2, format!("{expects} (unexpected character '{c}')"))
        }
        _ => cx.wrong(args, 2, expects),
    }
}

/// `redirect ...`: like the action, but applied after the `http-request` rules.
pub(crate) fn redirect(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let title = draft.title();
    let stages = rule::stages(Ruleset::HttpRequest, draft.proxy.kind);
    let site = crate::expr::Site::new(stages.iter().fold(0, |mask, stage| mask | stage.bit()));
    let mut reader = Reader::new(cx, *args, 1, site, None, "redirect");
    let parsed = rule::redirect(&mut reader);
    let next = reader.position();
    let parsed = parsed.and_then(|arguments| {
        let condition = match args.get(next) {
            "" => None,
            _ => Some(
                crate::expr::condition(cx, &draft.acls, &args.rest(next), &stages)
                    .map_err(|reason| format!("error in condition: {reason}"))?,
            ),
        };
        let action = Action { name: "redirect", args: arguments };
        Ok(Rule { action, condition, place: cx.place.clone() })
    });
    match parsed {
        Ok(rule) => {
            cx.uses(Class::Action, "http-request redirect");
            draft.proxy.redirects.push(rule);
            order::note(cx, draft, args, Kind::Redirect);
        }
        Err(reason) => {
            cx.wrong(args, 0, format!("error detected in {title} while parsing redirect rule : {reason}."));
        }
    }
}
