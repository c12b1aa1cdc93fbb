//! Stats sockets and what log lines carry.

use crate::model::{Bind, BindOptions, StatsSocket};
use crate::parse::{Args, Cx};
use crate::section::bind;
use crate::value::{self, TimeError};

pub(crate) fn log_tag(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if args.get(1).is_empty() {
        cx.wrong(args, 0, "'log-tag' expects a tag for use in syslog.");
        return;
    }
    if !cx.too_many(args, 1) {
        cx.config.global.log_tag = Some(args.get(1).into());
    }
}

pub(crate) fn log_send_hostname(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    let name = args.get(1);
    cx.config.global.log_send_hostname = Some((!name.is_empty()).then(|| name.to_owned()));
}

pub(crate) fn server_state_file(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if args.get(1).is_empty() {
        cx.wrong(args, 0, "'server-state-file' expect one argument: a file path.");
        return;
    }
    cx.config.global.server_state_file = Some(args.get(1).to_owned());
}

/// `stats-file PATH`.
pub(crate) fn stats_file(cx: &mut Cx<'_>, section: &mut (), args: &Args<'_>) {
    super::plain::word(cx, section, args);
    cx.config.global.stats_file = Some(args.get(1).to_owned()).filter(|path| !path.is_empty());
}

pub(crate) fn server_state_base(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if args.get(1).is_empty() {
        cx.wrong(args, 0, "'server-state-base' expects one argument: a directory path.");
        return;
    }
    cx.config.global.server_state_base = Some(args.get(1).to_owned());
}

/// `stats socket ADDRESS OPTIONS`.
pub(crate) fn stats_socket(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    let text = args.get(2);
    if text.is_empty() {
        cx.wrong(args, 1, "'stats socket' in global section expects an address or a path to a UNIX socket");
        return;
    }
    let label = format!("{} : 'stats socket'", cx.here());
    let Some(addresses) = bind::addresses(cx, args, &label, text) else { return };
    let mut options = BindOptions::default();
    bind::options(cx, args, 3, "'stats socket'", &mut options);
    let place = cx.place.clone();
    cx.config.global.stats_sockets.push(StatsSocket { bind: Bind { addresses, options, place } });
}

pub(crate) fn stats_timeout(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    match value::time(args.get(2), "ms") {
        Ok(time) if !time.is_zero() => cx.config.global.stats_timeout = Some(time),
        Err(TimeError::Unexpected(c)) => {
            cx.wrong(args, 2, format!("'stats timeout' : unexpected character '{c}'"))
        }
        _ => cx.wrong(args, 2, "'stats timeout' expects a positive value"),
    }
}

pub(crate) fn stats_maxconn(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    match u32::try_from(value::lenient_integer(args.get(2))) {
        Ok(count) if count > 0 => cx.config.global.stats_maxconn = Some(count),
        _ => cx.wrong(args, 2, "'stats maxconn' expects a positive value"),
    }
}
