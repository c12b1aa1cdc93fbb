//! `set-src`, `set-dst`, and their ports.

use super::{Row, act, action};
use crate::exchange::Exchange;
use crate::rule::{Kind, Verdict};
use std::net::SocketAddr;

const EARLY: &[Kind] = &[Kind::TcpConnection, Kind::TcpSession, Kind::TcpContent, Kind::HttpRequest];

pub(super) const ROWS: &[Row] = &[
    action("set-src", EARLY, |build| {
        act((build.expr(0)?, build.kind), |(expr, kind), exchange| {
            if let Some(ip) = expr.eval(exchange).and_then(|sample| sample.to_ip()) {
                let port = exchange.src().map_or(0, |address| address.port());
                set(*kind, exchange, SocketAddr::new(ip, port));
            }
            Verdict::Continue
        })
    }),
    action("set-src-port", EARLY, |build| {
        act((build.expr(0)?, build.kind), |(expr, kind), exchange| {
            let port = expr.eval(exchange).and_then(|sample| sample.to_int());
            if let (Some(port), Some(address)) = (port, exchange.src()) {
                set(*kind, exchange, SocketAddr::new(address.ip(), port as u16));
            }
            Verdict::Continue
        })
    }),
    action("set-dst", EARLY, |build| {
        act((build.expr(0)?, build.kind), |(expr, kind), exchange| {
            if let Some(ip) = expr.eval(exchange).and_then(|sample| sample.to_ip()) {
                let port = exchange.dst().map_or(0, |address| address.port());
                set_dst(*kind, exchange, SocketAddr::new(ip, port));
            }
            Verdict::Continue
        })
    }),
    action("set-dst-port", EARLY, |build| {
        act((build.expr(0)?, build.kind), |(expr, kind), exchange| {
            let port = expr.eval(exchange).and_then(|sample| sample.to_int());
            if let (Some(port), Some(address)) = (port, exchange.dst()) {
                set_dst(*kind, exchange, SocketAddr::new(address.ip(), port as u16));
            }
            Verdict::Continue
        })
    }),
];

/// Connection rules change the connection itself, session rules what its session sees, later ones this exchange.
fn set(kind: Kind, exchange: &mut Exchange, address: SocketAddr) {
    let session = &mut exchange.session;
    match kind {
        Kind::TcpConnection => (session.src, session.ends.0) = (Some(address), Some(address)),
        Kind::TcpSession => session.src = Some(address),
        _ => exchange.src_override = Some(address),
    }
}

/// The same for the address that was reached.
fn set_dst(kind: Kind, exchange: &mut Exchange, address: SocketAddr) {
    let session = &mut exchange.session;
    match kind {
        Kind::TcpConnection => (session.dst, session.ends.1) = (Some(address), Some(address)),
        Kind::TcpSession => session.dst = Some(address),
        _ => exchange.dst_override = Some(address),
    }
}
