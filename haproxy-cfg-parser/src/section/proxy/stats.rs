//! `stats ...` of a proxy.

use crate::expr;
use crate::model::StatsPage;
use crate::parse::{Args, Cx};
use crate::rule::{self, Position};
use crate::section::draft::Draft;
use crate::tables::action::Ruleset;
use crate::tables::reach::Stage;
use crate::value::{self, TimeError};
use std::time::Duration;

fn page(draft: &mut Draft) -> &mut StatsPage {
    draft.proxy.stats.get_or_insert_with(StatsPage::default)
}

pub(crate) fn enable(_: &mut Cx<'_>, draft: &mut Draft, _: &Args<'_>) {
    page(draft);
}

pub(crate) fn uri(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if args.get(2).is_empty() {
        cx.wrong(args, 1, "'uri' needs an URI prefix.");
        return;
    }
    page(draft).uri = Some(args.get(2).into());
}

pub(crate) fn realm(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if args.get(2).is_empty() {
        cx.wrong(args, 1, "'realm' needs an realm name.");
        return;
    }
    page(draft).realm = Some(args.get(2).into());
}

pub(crate) fn auth(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if args.get(2).is_empty() {
        cx.wrong(args, 1, "'auth' needs a user:password account.");
        return;
    }
    let (user, password) = args.get(2).split_once(':').unwrap_or((args.get(2), ""));
    page(draft).auth.push((user.into(), password.into()));
}

pub(crate) fn scope(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if args.get(2).is_empty() {
        cx.wrong(args, 1, "'scope' needs a proxy name.");
        return;
    }
    page(draft).scope.push(args.get(2).into());
}

pub(crate) fn refresh(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let here = cx.here();
    let text = args.get(2);
    if text.is_empty() {
        cx.alert_word(args, 1, format!("{here}: 'stats refresh' needs a time."));
        return;
    }
    match value::time_and_rest(text, "s") {
        Ok((time, rest)) => {
            cx.trailing(args, 2, rest);
            page(draft).refresh = Some(Duration::from_secs(time.as_secs()));
        }
        Err(TimeError::Unexpected(c)) => {
            cx.alert_word(
                args,
                2,
                format!("{here}: unexpected character '{c}' in argument to stats refresh interval."),
            );
        }
        Err(TimeError::Overflow) => {
            cx.alert_word(
                args,
                2,
                format!("{here}: timer overflow in argument <{text}> to stats refresh interval."),
            );
        }
    }
}

pub(crate) fn hide_version(_: &mut Cx<'_>, draft: &mut Draft, _: &Args<'_>) {
    page(draft).hide_version = true;
}

pub(crate) fn show_legends(_: &mut Cx<'_>, draft: &mut Draft, _: &Args<'_>) {
    page(draft).show_legends = true;
}

pub(crate) fn show_modules(_: &mut Cx<'_>, draft: &mut Draft, _: &Args<'_>) {
    page(draft).show_modules = true;
}

pub(crate) fn show_node(_: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let name = args.get(2);
    page(draft).show_node = Some((!name.is_empty()).then(|| name.to_owned()));
}

pub(crate) fn show_desc(_: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    page(draft).show_desc = Some(args.has(2).then(|| args.rest(2).join(" ")));
}

pub(crate) fn admin(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if !matches!(args.get(2), "if" | "unless") {
        cx.wrong(args, 1, "'stats admin' requires either 'if' or 'unless' followed by a condition.");
        return;
    }
    match expr::condition(cx, &draft.acls, &args.rest(2), &[Stage::FrontendRequest]) {
        Ok(condition) => page(draft).admin.push(condition),
        Err(reason) => {
            cx.wrong(args, 2, format!("error detected while parsing a 'stats admin' rule : {reason}."));
        }
    }
}

pub(crate) fn http_request(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let title = draft.title();
    let position = Position {
        ruleset: Ruleset::HttpRequest,
        kind: draft.proxy.kind,
        section: &title,
        acls: &draft.acls,
    };
    if let Some(rule) = rule::rule(cx, &args.skip(1), 1, position) {
        page(draft).http_request.push(rule);
    }
}
