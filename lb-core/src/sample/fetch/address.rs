//! Addresses of the client's connection, and of the server's (manual 7.3.3).

use super::{Row, fetch, plain};
use crate::sample::Needs::{Client, Server};
use crate::sample::{Sample, Type};
use std::net::{IpAddr, SocketAddr, UdpSocket};

pub(super) const ROWS: &[Row] = &[
    fetch("src", Type::Ip, Client, |_, _| plain(|exchange| ip(exchange.src()))),
    fetch("src_port", Type::Int, Client, |_, _| plain(|exchange| port(exchange.src()))),
    fetch("src_is_local", Type::Bool, Client, |_, _| plain(|exchange| local(exchange.src()))),
    fetch("dst", Type::Ip, Client, |_, _| plain(|exchange| ip(exchange.dst()))),
    fetch("dst_port", Type::Int, Client, |_, _| plain(|exchange| port(exchange.dst()))),
    fetch("dst_is_local", Type::Bool, Client, |_, _| plain(|exchange| local(exchange.dst()))),
    // The connection's own addresses, whatever later rules have set.
    fetch("fc_src", Type::Ip, Client, |_, _| plain(|exchange| ip(exchange.session.ends.0))),
    fetch("fc_src_port", Type::Int, Client, |_, _| plain(|exchange| port(exchange.session.ends.0))),
    fetch("fc_src_is_local", Type::Bool, Client, |_, _| plain(|exchange| local(exchange.session.ends.0))),
    fetch("fc_dst", Type::Ip, Client, |_, _| plain(|exchange| ip(exchange.session.ends.1))),
    fetch("fc_dst_port", Type::Int, Client, |_, _| plain(|exchange| port(exchange.session.ends.1))),
    fetch("fc_dst_is_local", Type::Bool, Client, |_, _| plain(|exchange| local(exchange.session.ends.1))),
    fetch("bc_src", Type::Ip, Server, |_, _| plain(|exchange| ip(exchange.server_ends.0))),
    fetch("bc_src_port", Type::Int, Server, |_, _| plain(|exchange| port(exchange.server_ends.0))),
    fetch("bc_dst", Type::Ip, Server, |_, _| plain(|exchange| ip(exchange.server_ends.1))),
    fetch("bc_dst_port", Type::Int, Server, |_, _| plain(|exchange| port(exchange.server_ends.1))),
];

fn ip(address: Option<SocketAddr>) -> Option<Sample<'static>> {
    // A v4 client on a v6 socket is a v4 client.
    address.map(|address| Sample::Ip(address.ip().to_canonical()))
}

fn port(address: Option<SocketAddr>) -> Option<Sample<'static>> {
    address.map(|address| Sample::int(address.port()))
}

/// True when the address belongs to this machine: when it can be bound.
fn local(address: Option<SocketAddr>) -> Option<Sample<'static>> {
    let ip = address?.ip().to_canonical();
    let local = match ip {
        IpAddr::V4(ip) if ip.is_loopback() => true,
        IpAddr::V6(ip) if ip.is_loopback() => true,
        ip => UdpSocket::bind((ip, 0)).is_ok(),
    };
    Some(Sample::Bool(local))
}
