//! What the kernel knows of a client's connection (manual 7.3.3 "fc_rtt" and its like).

use super::{Args, Built, Row, fetch, with};
use crate::exchange::Exchange;
use crate::sample::Needs::Client;
use crate::sample::{Sample, Type};
use crate::sys;

pub(super) const ROWS: &[Row] = &[
    fetch("fc_rtt", Type::Int, Client, |args, _| time(args, |info| info.tcpi_rtt)),
    fetch("fc_rttvar", Type::Int, Client, |args, _| time(args, |info| info.tcpi_rttvar)),
    fetch("fc_unacked", Type::Int, Client, |_, _| count(|info| info.tcpi_unacked)),
    fetch("fc_sacked", Type::Int, Client, |_, _| count(|info| info.tcpi_sacked)),
    fetch("fc_retrans", Type::Int, Client, |_, _| count(|info| info.tcpi_retrans)),
    fetch("fc_fackets", Type::Int, Client, |_, _| count(|info| info.tcpi_fackets)),
    fetch("fc_lost", Type::Int, Client, |_, _| count(|info| info.tcpi_lost)),
    fetch("fc_reordering", Type::Int, Client, |_, _| count(|info| info.tcpi_reordering)),
];

type Field = fn(&libc::tcp_info) -> u32;

/// It is one of these.
pub(crate) fn asks_kernel(name: &str) -> bool {
    ROWS.iter().any(|row| row.name == name)
}

fn info(exchange: &Exchange) -> Option<libc::tcp_info> {
    sys::tcp_info(&*exchange.session.socket.upgrade()?).ok()
}

/// A time, in milliseconds unless microseconds are asked for.
fn time(args: &Args<'_>, field: Field) -> Built {
    let divisor = match args.text(0) {
        None | Some("" | "ms") => 1000,
        Some("us") => 1,
        Some(unit) => return Err(format!("expects 'us' or 'ms', got '{unit}'")),
    };
    with((field, divisor), |(field, divisor), exchange| Some(Sample::int(field(&info(exchange)?) / *divisor)))
}

fn count(field: Field) -> Built {
    with(field, |field, exchange| Some(Sample::int(field(&info(exchange)?))))
}
