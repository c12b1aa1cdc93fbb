//! Log formats, unique ids and captures.

use crate::expr::{self, Site};
use crate::model::{Capture, CaptureSlot, LogFormat, Place};
use crate::parse::{Args, Cx};
use crate::section::draft::Draft;
use crate::tables::reach::Stage;
use crate::value;

type Slot = Option<(LogFormat, Place)>;

fn format(
    cx: &mut Cx<'_>,
    draft: &mut Draft,
    args: &Args<'_>,
    stage: Stage,
    slot: fn(&mut Draft) -> &mut Slot,
) {
    let name = args.get(0);
    if args.get(1).is_empty() {
        cx.wrong(args, 0, format!("{name} expects an argument."));
        return;
    }
    if args.has(2) {
        cx.wrong(args, 2, format!("{name} expects only one argument, don't forget to escape spaces!"));
        return;
    }
    if name != "unique-id-format" && !draft.is_defaults && !draft.proxy.kind.is_frontend() {
        let title = draft.title();
        cx.warn(args, 0, format!("{title} : '{name}' directive is ignored in backends."));
        return;
    }
    let site = Site { stages: stage.bit(), merge_blanks: true };
    match expr::log_format(cx, args.get(1), site) {
        Ok(format) => *slot(draft) = Some((format, cx.place.clone())),
        Err(reason) => {
            let place = cx.place.to_string();
            cx.alert_word(args, 1, format!("Parsing [{place}]: failed to parse {name} : {reason}."));
        }
    }
}

pub(crate) fn log_format(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    super::option::overrides(cx, draft, args, "log-format");
    let options = &mut draft.proxy.options;
    options.httplog = None;
    options.tcplog = false;
    options.httpslog = false;
    format(cx, draft, args, Stage::Log, |draft| &mut draft.proxy.log_format);
}

pub(crate) fn error_log_format(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    format(cx, draft, args, Stage::Log, |draft| &mut draft.proxy.error_log_format);
}

pub(crate) fn log_format_sd(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    format(cx, draft, args, Stage::Log, |draft| &mut draft.proxy.log_format_sd);
}

pub(crate) fn unique_id_format(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    format(cx, draft, args, Stage::FrontendRequest, |draft| &mut draft.proxy.unique_id_format);
}

pub(crate) fn unique_id_header(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if args.get(1).is_empty() {
        cx.wrong(args, 0, "unique-id-header expects an argument.");
        return;
    }
    draft.proxy.unique_id_header = Some(args.get(1).into());
}

pub(crate) fn log_tag(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if args.get(1).is_empty() {
        cx.wrong(args, 0, "'log-tag' expects a tag for use in syslog.");
        return;
    }
    draft.proxy.log_tag = Some(args.get(1).into());
}

fn header(cx: &mut Cx<'_>, args: &Args<'_>) -> Option<CaptureSlot> {
    let kind = args.get(1);
    if args.get(2) != "header" || args.get(3).is_empty() || args.get(4) != "len" || args.get(5).is_empty() {
        cx.wrong(args, 1, format!("'capture {kind}' expects 'header' <header_name> 'len' <len>."));
        return None;
    }
    cx.too_many(&args.skip(1), 4);
    let len = value::lenient_integer(args.get(5)).clamp(0, 65535) as u32;
    Some(CaptureSlot { name: Some(args.get(3).into()), len })
}

pub(crate) fn capture_request(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    draft.proxy.request_slots.extend(header(cx, args));
}

pub(crate) fn capture_response(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    draft.proxy.response_slots.extend(header(cx, args));
}

pub(crate) fn capture_cookie(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if args.get(2).is_empty() || args.get(3) != "len" || args.get(4).is_empty() {
        cx.wrong(args, 1, "'capture' expects 'cookie' <cookie_name> 'len' <len>.");
        return;
    }
    let len = value::lenient_integer(args.get(4)).clamp(0, 65535) as u32;
    draft.proxy.capture_cookie = Some(Capture { name: args.get(2).into(), len });
}

/// `declare capture request|response len N`.
pub(crate) fn declare_capture(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let request = match args.get(2) {
        "request" => true,
        "response" => false,
        _ => {
            cx.wrong(args, 2, "'declare capture' requires a direction ('request' or 'response')");
            return;
        }
    };
    match (args.get(3), args.get(4).parse()) {
        ("len", Ok(len)) => {
            let proxy = &mut draft.proxy;
            let slots = if request { &mut proxy.request_slots } else { &mut proxy.response_slots };
            slots.push(CaptureSlot { name: None, len });
        }
        (word, _) => cx.wrong(args, 3, format!("'declare capture': cannot parse the length '{word}'.")),
    }
}
