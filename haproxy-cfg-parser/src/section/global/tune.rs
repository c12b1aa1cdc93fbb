//! Values of `tune.*` that change what lb does.

use crate::model::Tune;
use crate::parse::{Args, Cx};
use crate::value;

fn number(cx: &mut Cx<'_>, args: &Args<'_>) -> Option<i64> {
    if args.get(1).is_empty() {
        cx.wrong(args, 0, format!("'{}' expects an integer argument.", args.get(0)));
        return None;
    }
    (!cx.too_many(args, 1)).then(|| value::lenient_integer(args.get(1)))
}

/// A positive number of bytes, with the units of sizes.
fn positive(cx: &mut Cx<'_>, args: &Args<'_>, slot: fn(&mut Tune) -> &mut Option<usize>) {
    if number(cx, args).is_none() {
        return;
    }
    match value::size(args.get(1)) {
        Ok(bytes @ 1..=0x7fff_ffff) => *slot(&mut cx.config.global.tune) = Some(bytes as usize),
        _ => cx.wrong(args, 1, format!("'{}' expects a positive integer argument.", args.get(0))),
    }
}

macro_rules! sizes {
    ($($name:ident),*) => {
        $(pub(crate) fn $name(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
            positive(cx, args, |tune| &mut tune.$name);
        })*
    };
}

sizes!(bufsize, maxrewrite, http_logurilen, http_cookielen);

macro_rules! buffers {
    ($($name:ident),*) => {
        $(pub(crate) fn $name(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
            if let Some(bytes) = number(cx, args) {
                cx.config.global.tune.$name = Some(bytes.max(0) as usize);
            }
        })*
    };
}

buffers!(rcvbuf_client, rcvbuf_server, sndbuf_client, sndbuf_server);

pub(crate) fn http_maxhdr(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if cx.too_many(args, 1) {
        return;
    }
    match args.get(1).parse() {
        Ok(count @ 1..=32767) => cx.config.global.tune.http_maxhdr = Some(count),
        _ => cx.wrong(args, 1, "'tune.http.maxhdr' expects a numeric value between 1 and 32767"),
    }
}

pub(crate) fn maxaccept(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if let Some(count) = number(cx, args) {
        cx.config.global.tune.maxaccept = Some(count);
    }
}

pub(crate) fn default_shards(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    match args.get(1) {
        text @ ("by-process" | "by-thread" | "by-group") => cx.config.global.tune.default_shards = Some(text.into()),
        other => cx.wrong(args, 1, format!("'tune.listener.default-shards' expects either 'by-process', 'by-group', or 'by-thread' but got '{other}'.")),
    }
}

pub(crate) fn idletimer(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if let Some(time) = cx.time(args, 1, "ms", "'tune.idletimer'") {
        cx.config.global.tune.idletimer = Some(time.as_millis() as u64);
    }
}

pub(crate) fn dh_param(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
    if number(cx, args).is_some_and(|bits| bits < 1024) {
        cx.wrong(args, 1, "'tune.ssl.default-dh-param' expects a value >= 1024.");
    }
}
