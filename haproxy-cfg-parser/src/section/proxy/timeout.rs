//! `timeout NAME TIME`.

use crate::model::Timeouts;
use crate::parse::{Args, Cx};
use crate::section::draft::Draft;
use crate::value::{self, TimeError};
use std::time::Duration;

macro_rules! setters {
    ($($name:ident),*) => {
        $(pub(crate) fn $name(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>) {
            set(cx, draft, args, |timeouts| &mut timeouts.$name);
        })*
    };
}

setters!(
    check,
    client,
    client_fin,
    client_hs,
    connect,
    http_keep_alive,
    http_request,
    queue,
    server,
    server_fin,
    tarpit,
    tunnel
);

fn set(
    cx: &mut Cx<'_>,
    draft: &mut Draft,
    args: &Args<'_>,
    field: fn(&mut Timeouts) -> &mut Option<Duration>,
) {
    let name = format!("timeout {}", args.get(1));
    let text = args.get(2);
    if text.is_empty() {
        cx.wrong(args, 1, format!("'{name}' expects an integer value (in milliseconds)"));
        return;
    }
    let overflow = || {
        format!(
            "timer overflow in argument '{text}' to '{name}' (maximum value is 2147483647 ms or ~24.8 days)"
        )
    };
    match value::time_and_rest(text, "ms") {
        Ok((time, _)) if time.as_millis() > 2_147_483_647 => cx.wrong(args, 2, overflow()),
        Ok((time, rest)) => {
            cx.trailing(args, 2, rest);
            // Whole milliseconds, rounded up.
            let millis = time.as_micros().div_ceil(1000) as u64;
            *field(&mut draft.proxy.timeouts) = Some(Duration::from_millis(millis));
            if args.has(3) {
                let extra = args.get(3);
                cx.wrong(
                    args,
                    3,
                    format!("'{name}' : unexpected extra argument '{extra}' after value '{text}'."),
                );
            }
        }
        Err(TimeError::Unexpected(c)) => {
            cx.wrong(args, 2, format!("unexpected character '{c}' in '{name}'"));
        }
        Err(TimeError::Overflow) => cx.wrong(args, 2, overflow()),
    }
}

/// What is said of a section that lacks the times it needs.
pub(crate) fn missing(kind: &str, name: &str) -> String {
    format!(
        "missing timeouts for {kind} '{name}'.\n   | While not properly invalid, you will certainly encounter various problems\n   | with such a configuration. To fix this, please ensure that all following\n   | timeouts are set to a non-zero value: 'client', 'connect', 'server'."
    )
}
