//! The exchange's own backend and server (manual 7.3.3, 7.3.4).

use super::{Row, fetch, plain};
use crate::exchange::Exchange;
use crate::proxy::millis;
use crate::sample::Needs::{Backend as NeedsBackend, Server as NeedsServer};
use crate::sample::{Sample, Type};

pub(super) const ROWS: &[Row] = &[
    fetch("be_name", Type::Str, NeedsBackend, |_, _| {
        plain(|exchange| {
            let name = exchange.backend.as_ref().map_or(&exchange.frontend.name, |backend| &backend.name);
            Some(Sample::str(name.as_bytes()))
        })
    }),
    fetch("be_id", Type::Int, NeedsBackend, |_, _| {
        plain(|exchange| {
            Some(Sample::int(exchange.backend.as_ref().map_or(exchange.frontend.id, |backend| backend.id)))
        })
    }),
    fetch("be_server_timeout", Type::Int, NeedsBackend, |_, _| {
        plain(|exchange| Some(timeout(exchange, |t| t.server)))
    }),
    fetch("be_connect_timeout", Type::Int, NeedsBackend, |_, _| {
        plain(|exchange| Some(timeout(exchange, |t| t.connect)))
    }),
    fetch("be_queue_timeout", Type::Int, NeedsBackend, |_, _| {
        plain(|exchange| Some(timeout(exchange, |t| t.queue)))
    }),
    fetch("be_tunnel_timeout", Type::Int, NeedsBackend, |_, _| {
        plain(|exchange| Some(timeout(exchange, |t| t.tunnel)))
    }),
    fetch("be_tarpit_timeout", Type::Int, NeedsBackend, |_, _| {
        plain(|exchange| Some(timeout(exchange, |t| t.tarpit.or(t.connect))))
    }),
    fetch("bc_be_queue", Type::Int, NeedsServer, |_, _| {
        plain(|exchange| Some(Sample::int(exchange.backend_queue)))
    }),
    fetch("bc_srv_queue", Type::Int, NeedsServer, |_, _| {
        plain(|exchange| Some(Sample::int(exchange.server_queue)))
    }),
    fetch("bc_http_major", Type::Int, NeedsServer, |_, _| {
        plain(|exchange| exchange.times.connected.map(|_| Sample::Int(1)))
    }),
    fetch("be_max_retries", Type::Int, NeedsBackend, |_, _| {
        plain(|exchange| Some(Sample::int(exchange.backend.as_deref()?.retries)))
    }),
    fetch("cur_max_retries", Type::Int, NeedsBackend, |_, _| {
        plain(|exchange| {
            let own = exchange.backend.as_ref().map_or(0, |backend| backend.retries);
            Some(Sample::int(exchange.limits.retries.unwrap_or(own)))
        })
    }),
    fetch("cur_server_timeout", Type::Int, NeedsBackend, |_, _| {
        current(|exchange, backend| exchange.server_timeout(backend))
    }),
    fetch("cur_tunnel_timeout", Type::Int, NeedsBackend, |_, _| {
        current(|exchange, backend| exchange.tunnel_timeout(backend))
    }),
    fetch("cur_connect_timeout", Type::Int, NeedsBackend, |_, _| {
        current(|exchange, backend| exchange.connect_timeout(backend))
    }),
    fetch("cur_queue_timeout", Type::Int, NeedsBackend, |_, _| {
        current(|exchange, backend| exchange.queue_timeout(backend))
    }),
    fetch("srv_name", Type::Str, NeedsServer, |_, _| {
        plain(|exchange| exchange.server.as_ref().map(|server| Sample::str(server.name.as_bytes())))
    }),
    fetch("srv_id", Type::Int, NeedsServer, |_, _| {
        plain(|exchange| exchange.server.as_ref().map(|server| Sample::int(server.id)))
    }),
];

/// A timeout now in force.
fn current(which: fn(&Exchange, &crate::proxy::Backend) -> Option<std::time::Duration>) -> super::Built {
    super::with(which, |which, exchange| {
        Some(Sample::int(which(exchange, exchange.backend.as_deref()?).map_or(0, millis)))
    })
}

/// A timeout of the backend; before one is chosen, of the section that runs the rules.
fn timeout(
    exchange: &Exchange,
    which: impl Fn(&haproxy_cfg_parser::model::Timeouts) -> Option<std::time::Duration>,
) -> Sample<'static> {
    let timeouts = exchange.backend.as_ref().map_or(&exchange.frontend.timeouts, |backend| &backend.timeouts);
    Sample::int(which(timeouts).map_or(0, millis))
}
