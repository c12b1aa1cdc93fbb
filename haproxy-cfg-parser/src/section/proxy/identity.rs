//! What a proxy is: `mode`, `id`, `description`, `disabled`, `enabled`.

use crate::model::{Mode, ProxyKind};
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
        Ok(id) if id > 0 => {
            if !cx.named.insert(("proxy id", id.to_string())) {
                same_id(cx, draft, args, id);
            }
            draft.proxy.id = Some(id);
        }
        _ => cx.alert_word(args, 1, format!("{here}: custom id has to be > 0.")),
    }
    cx.too_many(args, 1);
}

/// An error if an earlier proxy has the number.
fn same_id(cx: &mut Cx<'_>, draft: &Draft, args: &Args<'_>, id: u32) {
    let kind = |kind| match kind {
        ProxyKind::Frontend => "frontend",
        ProxyKind::Backend => "backend",
        ProxyKind::Listen => "proxy",
    };
    let Some(other) = cx.config.proxies.iter().find(|other| other.id == Some(id)) else { return };
    let (this, name) = (kind(draft.proxy.kind), &draft.proxy.name);
    let other = format!("{} {} (declared at {})", kind(other.kind), other.name, other.place);
    let text = format!("{}: {this} {name} reuses same custom id as {other}.", cx.here());
    cx.alert_word(args, 1, text);
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
