//! `use_backend`, `default_backend`, `use-server`, `monitor fail`, `monitor-uri`.

use super::order::{self, Kind};
use crate::expr::{self, Site};
use crate::model::{Condition, UseBackend, UseServer};
use crate::parse::{Args, Cx};
use crate::section::draft::Draft;
use crate::tables::reach::Stage;

pub(crate) fn use_backend(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if args.get(1).is_empty() {
        cx.wrong(args, 0, "'use_backend' expects a backend name.");
        return;
    }
    let condition = match args.get(2) {
        "" => None,
        "if" | "unless" => match switching(cx, draft, args, 2, Stage::UseBackend) {
            Some(condition) => Some(condition),
            None => return,
        },
        other => {
            cx.wrong(
                args,
                2,
                format!(
                    "unexpected keyword '{other}' after switching rule, only 'if' and 'unless' are allowed."
                ),
            );
            return;
        }
    };
    match expr::log_format(cx, args.get(1), Site::new(Stage::FrontendRequest.bit())) {
        Ok(target) => draft.proxy.use_backend.push(UseBackend { target, condition, place: cx.place.clone() }),
        Err(reason) => {
            let here = cx.here();
            cx.alert_word(args, 1, format!("{here}: failed to parse use_backend rule : {reason}."));
        }
    }
    order::note(cx, draft, args, Kind::UseBackend);
}

fn switching(cx: &mut Cx<'_>, draft: &Draft, args: &Args<'_>, at: usize, stage: Stage) -> Option<Condition> {
    match expr::condition(cx, &draft.acls, &args.rest(at), &[stage]) {
        Ok(condition) => Some(condition),
        Err(reason) => {
            cx.wrong(args, at, format!("error detected while parsing switching rule : {reason}."));
            None
        }
    }
}

pub(crate) fn default_backend(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if args.get(1).is_empty() {
        cx.wrong(args, 0, "'default_backend' expects a backend name.");
        return;
    }
    cx.too_many(args, 1);
    draft.proxy.default_backend = Some((args.get(1).into(), cx.place.clone()));
}

pub(crate) fn use_server(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if args.get(1).is_empty() {
        cx.wrong(args, 0, "'use-server' expects a server name.");
        return;
    }
    if !matches!(args.get(2), "if" | "unless") {
        cx.wrong(args, 2, "'use-server' requires either 'if' or 'unless' followed by a condition.");
        return;
    }
    let Some(condition) = switching(cx, draft, args, 2, Stage::UseServer) else { return };
    match expr::log_format(cx, args.get(1), Site::new(Stage::BackendRequest.bit())) {
        Ok(target) => {
            let place = cx.place.clone();
            draft.proxy.use_server.push(UseServer { target, condition: Some(condition), place });
        }
        Err(reason) => {
            let here = cx.here();
            cx.alert_word(args, 1, format!("{here}: failed to parse use-server rule : {reason}."));
        }
    }
    order::note(cx, draft, args, Kind::UseServer);
}

pub(crate) fn monitor_fail(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if !matches!(args.get(2), "if" | "unless") {
        cx.wrong(args, 1, "'monitor fail' requires either 'if' or 'unless' followed by a condition.");
        return;
    }
    match expr::condition(cx, &draft.acls, &args.rest(2), &[Stage::FrontendRequest]) {
        Ok(condition) => draft.proxy.monitor_fail.push(condition),
        Err(reason) => {
            cx.wrong(args, 2, format!("error detected while parsing a 'monitor fail' condition : {reason}."));
        }
    }
    order::note(cx, draft, args, Kind::Monitor);
}

pub(crate) fn monitor_uri(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if args.get(1).is_empty() {
        cx.wrong(args, 0, "'monitor-uri' expects an URI.");
        return;
    }
    cx.too_many(args, 1);
    draft.proxy.monitor_uri = Some(args.get(1).into());
}
