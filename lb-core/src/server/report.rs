//! What is said of a server whose address, name or state has changed: lines of its backend's logs, as HAProxy has them.

use super::Server;
use crate::proxy::Backend;
use std::net::IpAddr;
use std::sync::atomic::Ordering;

const LEVEL_ALERT: u8 = 1;
const LEVEL_NOTICE: u8 = 5;

fn say(backend: &Backend, level: u8, line: &str) {
    if let Some(logger) = &backend.logger {
        logger.send(level, line.as_bytes());
    }
    tracing::info!(backend = backend.name, "{line}");
}

/// The server has another address.
pub(crate) fn moved(backend: &Backend, server: &Server, from: Option<IpAddr>, to: IpAddr, by: &str) {
    let from = from.map_or_else(|| "(none)".to_owned(), |ip| ip.to_string());
    let line = format!("{}/{} changed its IP from {from} to {to} by {by}.", backend.name, server.name);
    say(backend, LEVEL_NOTICE, &line);
}

/// The server has another host name.
pub(crate) fn renamed(backend: &Backend, server: &Server, from: &str, to: &str, by: &str) {
    let line = format!("{}/{} changed its FQDN from {from} to {to} by {by}", backend.name, server.name);
    say(backend, LEVEL_NOTICE, &line);
}

/// The server's name resolves again.
pub(crate) fn resolves(backend: &Backend, server: &Server) {
    let name = server.hostname();
    let title = format!("Server {}/{}", backend.name, server.name);
    let host = name.as_deref().map_or("", String::as_str);
    say(backend, LEVEL_NOTICE, &format!("{title} ('{host}') is UP/READY (resolves again)."));
    say(backend, LEVEL_NOTICE, &format!("{title} administratively READY thanks to valid DNS answer."));
}

/// The server went into maintenance.
pub(crate) fn maintenance(backend: &Backend, server: &Server, cause: &str) {
    let title = format!("Server {}/{}", backend.name, server.name);
    let line = format!("{title} is going DOWN for maintenance ({cause}).{}", left(backend, server));
    say(backend, LEVEL_ALERT, &line);
    if backend.balance.in_use(&backend.servers.load()).2 == 0 {
        say(backend, 0, &format!("backend {} has no server available!", backend.name));
    }
}

/// What is left of the backend.
fn left(backend: &Backend, server: &Server) -> String {
    let (active, backup, _) = backend.balance.in_use(&backend.servers.load());
    let running = if active == 0 && backup > 0 { " Running on backup." } else { "" };
    format!(
        " {active} active and {backup} backup servers left.{running} {} sessions active, 0 requeued, {} remaining in queue.",
        server.served.load(Ordering::Relaxed),
        server.queued.load(Ordering::Relaxed),
    )
}
