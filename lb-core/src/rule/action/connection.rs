//! `expect-proxy`, `set-dst`, `set-dst-port`.

use super::{Row, act, action};
use crate::rule::{Kind, Verdict};
use std::net::SocketAddr;

const EARLY: &[Kind] = &[Kind::TcpConnection, Kind::TcpSession, Kind::TcpContent, Kind::HttpRequest];

pub(super) const ROWS: &[Row] = &[
    action("expect-proxy", &[Kind::TcpConnection], |_| {
        act((), |(), exchange| {
            exchange.session.expects_proxy = true;
            Verdict::Continue
        })
    }),
    action("set-dst", EARLY, |build| {
        act(build.expr(0)?, |expr, exchange| {
            if let Some(ip) = expr.eval(exchange).and_then(|sample| sample.to_ip()) {
                let port = exchange.session.dst.map_or(0, |address| address.port());
                exchange.session.dst = Some(SocketAddr::new(ip, port));
            }
            Verdict::Continue
        })
    }),
    action("set-dst-port", EARLY, |build| {
        act(build.expr(0)?, |expr, exchange| {
            let port = expr.eval(exchange).and_then(|sample| sample.to_int());
            if let (Some(port), Some(address)) = (port, &mut exchange.session.dst) {
                address.set_port(port as u16);
            }
            Verdict::Continue
        })
    }),
];
