//! What a proxy is: `mode`, `id`, `description`, `disabled`, `enabled`.

use crate::model::Mode;
use crate::parse::{Args, Cx};
use crate::section::draft::Draft;
use crate::value;

pub(crate) fn mode(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if cx.too_many(args, 1) {
        return;
    }
    draft.proxy.mode = match args.get(1) {
        "http" => Mode::Http,
        "tcp" => Mode::Tcp,
        "log" => Mode::Other("log"),
        "spop" => Mode::Other("spop"),
        "haterm" => Mode::Other("haterm"),
        other => {
            let text = match other {
                "health" => "mode 'health' doesn't exist anymore. Please use 'http-request return status 200' instead.".to_owned(),
                _ => format!("unknown proxy mode '{other}'."),
            };
            cx.wrong(args, 1, text);
            return;
        }
    };
}

pub(crate) fn id(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let here = cx.here();
    if args.get(1).is_empty() {
        cx.alert_word(args, 0, format!("{here}: 'id' expects an integer argument."));
        return;
    }
    match u32::try_from(value::lenient_integer(args.get(1))) {
        Ok(id) if id > 0 => draft.proxy.id = Some(id),
        _ => cx.alert_word(args, 1, format!("{here}: custom id has to be > 0.")),
    }
    cx.too_many(args, 1);
}

pub(crate) fn description(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if args.get(1).is_empty() {
        let here = cx.here();
        cx.alert_word(args, 0, format!("{here}: 'description' expects a string argument."));
        return;
    }
    draft.proxy.description = Some(args.rest(1).join(" "));
}

pub(crate) fn disabled(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    cx.too_many(args, 0);
    draft.proxy.disabled = true;
}

pub(crate) fn enabled(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    cx.too_many(args, 0);
    draft.proxy.disabled = false;
}
