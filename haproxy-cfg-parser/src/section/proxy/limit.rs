//! Numbers of a proxy: `maxconn`, `fullconn`, `backlog`, `rate-limit sessions`, `retries`, `retry-on`, `http-reuse`.

use crate::model::HttpReuse;
use crate::parse::{Args, Cx};
use crate::section::draft::Draft;
use crate::value;

fn number(cx: &mut Cx<'_>, args: &Args<'_>, expects: &str) -> Option<i64> {
    if args.get(1).is_empty() {
        let text = format!("'{}' expects {expects}.", args.get(0));
        cx.wrong(args, 0, text);
        return None;
    }
    if cx.too_many(args, 1) {
        return None;
    }
    Some(value::lenient_integer(args.get(1)))
}

pub(crate) fn maxconn(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if let Some(number) = number(cx, args, "an integer argument") {
        draft.proxy.maxconn = Some(number.max(0) as u64);
    }
}

pub(crate) fn fullconn(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if let Some(number) = number(cx, args, "an integer argument") {
        draft.proxy.fullconn = Some(number.max(0) as u64);
    }
}

pub(crate) fn backlog(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if let Some(number) = number(cx, args, "an integer argument") {
        draft.proxy.backlog = Some(number.clamp(0, i64::from(u32::MAX)) as u32);
    }
}

pub(crate) fn retries(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if let Some(number) = number(cx, args, "an integer argument (dispatch counts for one)") {
        draft.proxy.retries = Some(number.clamp(0, i64::from(u32::MAX)) as u32);
    }
}

pub(crate) fn rate_limit(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let text = args.get(2);
    if text.is_empty() {
        cx.wrong(args, 1, "'rate-limit sessions' expects expects an integer value (in sessions/second)");
        return;
    }
    match text.parse() {
        Ok(number) => draft.proxy.rate_limit_sessions = Some(number),
        Err(_) => {
            let c = text.chars().find(|c| !c.is_ascii_digit()).unwrap_or('?');
            cx.wrong(
                args,
                2,
                format!("'rate-limit sessions' : unexpected character '{c}' in integer value '{text}'"),
            );
        }
    }
}

/// What `retry-on` takes.
const RETRY_ON: &[&str] = &[
    "none",
    "conn-failure",
    "empty-response",
    "junk-response",
    "response-timeout",
    "0rtt-rejected",
    "all-retryable-errors",
    "401",
    "403",
    "404",
    "408",
    "421",
    "425",
    "429",
    "500",
    "501",
    "502",
    "503",
    "504",
    "receive-timeout",
];

pub(crate) fn retry_on(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    if !args.has(1) {
        cx.wrong(args, 0, "'retry-on' needs at least one keyword to specify when to retry");
        return;
    }
    let mut conditions = Vec::new();
    for (index, word) in args.rest(1).into_iter().enumerate() {
        match RETRY_ON.iter().find(|known| **known == word) {
            Some(known) => conditions.push(*known),
            None => {
                cx.wrong(args, index + 1, format!("'retry-on': unknown keyword '{word}'"));
                return;
            }
        }
    }
    draft.proxy.retry_on = conditions;
}

pub(crate) fn http_reuse(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    draft.proxy.http_reuse = Some(match args.get(1) {
        "never" => HttpReuse::Never,
        "safe" => HttpReuse::Safe,
        "aggressive" => HttpReuse::Aggressive,
        "always" => HttpReuse::Always,
        _ => {
            cx.wrong(args, 1, "'http-reuse' only supports 'never', 'safe', 'aggressive', 'always'.");
            return;
        }
    });
    cx.too_many(args, 1);
}
