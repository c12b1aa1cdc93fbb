//! Process-wide limits.

use crate::model::Global;
use crate::parse::{Args, Cx};
use crate::value;

fn number(cx: &mut Cx<'_>, args: &Args<'_>, slot: fn(&mut Global) -> &mut Option<u64>) {
    if args.get(1).is_empty() {
        cx.wrong(args, 0, format!("'{}' expects an integer argument.", args.get(0)));
        return;
    }
    if !cx.too_many(args, 1) {
        *slot(&mut cx.config.global) = Some(value::lenient_integer(args.get(1)).max(0) as u64);
    }
}

macro_rules! limits {
    ($($name:ident: $($field:ident).+;)*) => {
        $(pub(crate) fn $name(cx: &mut Cx<'_>, _: &mut (), args: &Args<'_>) {
            number(cx, args, |global| &mut global.$($field).+);
        })*
    };
}

limits! {
    maxconn: maxconn;
    maxconnrate: limits.connections;
    maxsessrate: limits.sessions;
    maxsslrate: limits.tls;
    maxsslconn: limits.tls_connections;
    maxpipes: limits.pipes;
}
