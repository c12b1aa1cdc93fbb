//! `show sess`: what the threads carry now.
//!
//! Lines and keys are HAProxy's; what they tell of its inside (flags, buffers' addresses) is left out.

use super::{Call, Command, Level, Outcome};
use crate::compile::Plan;
use crate::log::date::stamp;
use crate::proxy::Frontend;
use crate::roll::{self, Names, Row};
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;

pub(in super::super) const SESS: Command = Command {
    words: &["show", "sess"],
    usage: "show sess [<id>|all]",
    doc: "report the list of current sessions or dump this exact session",
    level: Level::Operator,
    run: sess,
};

fn sess(call: &Call<'_>) -> Outcome {
    let word = call.arg(0).to_owned();
    let wanted = id(&word);
    let asked = call.context.errands.ask(roll::rows);
    let plans = (call.context.plans)();
    Outcome::Later(Box::pin(async move {
        let mut rows: Vec<Row> = asked.await.into_iter().flatten().flatten().collect();
        rows.sort_by_key(|row| (row.began, row.id));
        let mut out = String::new();
        match (wanted, word.as_str()) {
            (Some(id), _) => match rows.iter().find(|row| row.id == id) {
                Some(row) => describe(row, &plans, &mut out),
                None => return Err("Session not found.".into()),
            },
            (None, "all") => rows.iter().for_each(|row| describe(row, &plans, &mut out)),
            (None, _) => rows.iter().for_each(|row| list(row, &plans, &mut out)),
        }
        out.push('\n');
        Ok(out)
    }))
}

/// The number that stands for a session, as lists show it.
pub(in super::super) fn id(word: &str) -> Option<u64> {
    u64::from_str_radix(word.strip_prefix("0x")?, 16).ok()
}

/// One line.
fn list(row: &Row, plans: &[Arc<Plan>], out: &mut String) {
    let names = row.names(plans);
    let (proto, src) = origin(row, row.src);
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "{:#x}: proto={proto} src={src} fe={} be={} srv={} st={} thr={} req={} age={} rc={}",
        row.id,
        frontend(&names),
        names.backend.as_ref().map_or("<NONE>", |backend| &backend.name),
        names.server.as_ref().map_or("<none>", |server| &server.name),
        row.stage.name(),
        row.thread + 1,
        row.request,
        human(row.age() / 1000),
        row.retries,
    );
}

/// All that is known of one.
fn describe(row: &Row, plans: &[Arc<Plan>], out: &mut String) {
    let names = row.names(plans);
    let (proto, src) = origin(row, row.src);
    let (_, dst) = origin(row, row.dst);
    let mode = |frontend: &Arc<Frontend>| frontend.mode.name();
    let _ = writeln!(
        out,
        "{:#x}: [{}] id={} proto={proto} source={src}\n  state={}, conn_retries={}, request={}, age={}, thread={}\n  frontend={} (id={} mode={}), listener=? (id={}) addr={dst}",
        row.id,
        stamp(row.began_at),
        row.id,
        row.stage.name(),
        row.retries,
        row.request,
        human(row.age() / 1000),
        row.thread + 1,
        frontend(&names),
        names.frontend.as_ref().map_or(0, |frontend| frontend.id),
        names.frontend.as_ref().map_or("tcp", mode),
        row.listener,
    );
    let _ = match &names.backend {
        Some(backend) => {
            writeln!(out, "  backend={} (id={} mode={})", backend.name, backend.id, backend.mode.name())
        }
        None => writeln!(out, "  backend=<NONE> (id=-1 mode=-)"),
    };
    let _ = match &names.server {
        Some(server) => {
            writeln!(out, "  server={} (id={}) addr={}", server.name, server.id, server.address())
        }
        None => writeln!(out, "  server=<none> (id=0)"),
    };
}

fn frontend(names: &Names) -> &str {
    names.frontend.as_ref().map_or("GLOBAL", |frontend| &frontend.name)
}

/// The protocol and the address of one end.
fn origin(row: &Row, address: Option<SocketAddr>) -> (&'static str, String) {
    match address {
        Some(address) if address.is_ipv4() => ("tcpv4", address.to_string()),
        Some(address) => ("tcpv6", address.to_string()),
        None => ("unix_stream", format!("unix:{}", row.listener)),
    }
}

/// A time in seconds, in its two largest units.
fn human(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_sessions() {
        assert_eq!(id("0x1f00"), Some(0x1f00));
        assert_eq!((id("1f00"), id("all"), id("0x")), (None, None, None));
        assert_eq!([human(59), human(61), human(3660), human(90_000)], ["59s", "1m01s", "1h01m", "1d01h"]);
    }
}
