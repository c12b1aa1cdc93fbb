//! `peers` sections (manual 3.5).

use super::proxy::kept;
use crate::model::{Address, Host};
use crate::parse::{Args, Cx};
use crate::value;

/// A line of a `peers` section.
pub(crate) fn line(cx: &mut Cx<'_>, args: &Args<'_>) {
    match args.get(0) {
        "table" => {
            let name = format!("{}/{}", cx.part, args.get(1));
            match kept::table(args, 2) {
                Ok(()) => drop(cx.named.insert(("table", name))),
                Err((index, text)) => cx.wrong(args, index, format!("table: {text}.")),
            }
        }
        "peer" => peer(cx, args),
        _ => {}
    }
}

/// `peer NAME ADDRESS:PORT`; the local peer may leave its address to `bind`.
fn peer(cx: &mut Cx<'_>, args: &Args<'_>) {
    let (name, text) = (args.get(1), args.get(2));
    if text.is_empty() {
        return;
    }
    match value::address(text, &cx.env) {
        // Only the local peer listens.
        Ok(Address::Inet { ports: (0, 0), .. }) if cx.env.get("HAPROXY_LOCALPEER") == Some(name) => {
            cx.wrong(args, 2, format!("'peer {name}' : missing port specification in '{text}'"));
        }
        Ok(Address::Inet { host: Host::Name(host), .. }) if !cx.resolves(&host) => {
            let place = cx.place.to_string();
            let text = format!("[{place}] : 'server (null)/{name}' : invalid address: '{host}' in '{text}'");
            cx.alert_word(args, 2, text);
        }
        Ok(_) => {}
        Err(error) => cx.wrong(args, 2, format!("'peer {name}' : {error}")),
    }
}
