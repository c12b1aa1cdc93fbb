//! `set-src`, `set-dst`, and their ports.

use super::{Build, Built, Row, act, action};
use crate::exchange::Exchange;
use crate::rule::{Kind, Verdict};
use std::net::SocketAddr;

const EARLY: &[Kind] = &[Kind::TcpConnection, Kind::TcpSession, Kind::TcpContent, Kind::HttpRequest];

pub(super) const ROWS: &[Row] = &[
    action("set-src", EARLY, |build| address(build, End::Source)),
    action("set-src-port", EARLY, |build| port(build, End::Source)),
    action("set-dst", EARLY, |build| address(build, End::Destination)),
    action("set-dst-port", EARLY, |build| port(build, End::Destination)),
];

/// An end of the client's connection.
#[derive(Clone, Copy)]
enum End {
    Source,
    Destination,
}

fn address(build: &mut Build<'_, '_>, end: End) -> Built {
    act((build.expr(0)?, build.kind), move |(expr, kind), exchange| {
        if let Some(ip) = expr.eval(exchange).and_then(|sample| sample.to_ip()) {
            let port = end.of(exchange).map_or(0, |address| address.port());
            end.set(*kind, exchange, SocketAddr::new(ip, port));
        }
        Verdict::Continue
    })
}

fn port(build: &mut Build<'_, '_>, end: End) -> Built {
    act((build.expr(0)?, build.kind), move |(expr, kind), exchange| {
        let port = expr.eval(exchange).and_then(|sample| sample.to_int());
        if let (Some(port), Some(address)) = (port, end.of(exchange)) {
            end.set(*kind, exchange, SocketAddr::new(address.ip(), port as u16));
        }
        Verdict::Continue
    })
}

impl End {
    fn of(self, exchange: &Exchange) -> Option<SocketAddr> {
        match self {
            Self::Source => exchange.src(),
            Self::Destination => exchange.dst(),
        }
    }

    /// Connection rules change the connection itself, session rules what its session sees, later ones this exchange.
    fn set(self, kind: Kind, exchange: &mut Exchange, address: SocketAddr) {
        let session = &mut exchange.session;
        let (own, seen, now) = match self {
            Self::Source => (&mut session.ends.0, &mut session.src, &mut exchange.src_override),
            Self::Destination => (&mut session.ends.1, &mut session.dst, &mut exchange.dst_override),
        };
        match kind {
            Kind::TcpConnection => (*own, *seen) = (Some(address), Some(address)),
            Kind::TcpSession => *seen = Some(address),
            _ => *now = Some(address),
        }
    }
}
