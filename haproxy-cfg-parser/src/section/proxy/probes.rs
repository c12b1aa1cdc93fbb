//! `clitcpka-cnt`, `srvtcpka-idle` and their like: how silent connections are probed (manual 4.2).

use crate::model::TcpProbes;
use crate::parse::{Args, Cx};
use crate::section::draft::Draft;
use crate::value::{self, TimeError};
use std::time::Duration;

/// What the line is about: those of clients or those of servers.
fn probes<'a>(draft: &'a mut Draft, args: &Args<'_>) -> &'a mut TcpProbes {
    if args.get(0).starts_with("cli") {
        &mut draft.proxy.client_probes
    } else {
        &mut draft.proxy.server_probes
    }
}

/// A line without a value is wrong; else its value.
fn word<'a>(cx: &mut Cx<'_>, args: &'a Args<'_>) -> Option<&'a str> {
    let text = args.get(1);
    if text.is_empty() {
        cx.wrong(args, 0, format!("'{}' expects an integer value", args.get(0)));
        return None;
    }
    Some(text)
}

/// `clitcpka-cnt COUNT`, `srvtcpka-cnt COUNT`.
pub(crate) fn count(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let Some(text) = word(cx, args) else { return };
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if let Some(c) = digits.chars().find(|c| !c.is_ascii_digit()) {
        let name = args.get(0);
        cx.wrong(args, 1, format!("'{name}' : unexpected character '{c}' in integer value '{text}'"));
        return;
    }
    // What is not positive leaves it to the system.
    let count = u32::try_from(value::lenient_integer(text)).ok().filter(|count| *count > 0);
    probes(draft, args).count = count;
}

/// `clitcpka-idle TIME`, `clitcpka-intvl TIME` and those of servers; in seconds where there is no unit.
pub(crate) fn time(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
    let Some(text) = word(cx, args) else { return };
    let name = args.get(0);
    match value::time(text, "s") {
        Ok(time) => {
            // The system counts whole seconds.
            let seconds = time.as_millis().div_ceil(1000) as u64;
            let time = (seconds > 0).then(|| Duration::from_secs(seconds));
            let probes = probes(draft, args);
            if name.ends_with("-idle") {
                probes.idle = time;
            } else {
                probes.interval = time;
            }
        }
        Err(TimeError::Unexpected(c)) => {
            cx.wrong(args, 1, format!("unexpected character '{c}' in argument to <{name}>."));
        }
        Err(TimeError::Overflow) => {
            let text = format!(
                "timer overflow in argument <{text}> to <{name}>, maximum value is 2147483647 ms (~24.8 days)."
            );
            cx.wrong(args, 1, text);
        }
    }
}
