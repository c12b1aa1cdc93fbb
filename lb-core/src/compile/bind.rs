//! From `bind` lines to addresses of one port each, with what accepts on them.

use super::{BindSpec, Options};
use crate::engine::Limit;
use crate::proxy::Listener;
use haproxy_cfg_parser::model::{self, Address, Host, ProxyKind};
use std::net::SocketAddr;
use std::sync::Arc;

/// The addresses of a proxy's `bind` lines: ranges become one listener per port.
pub(super) fn binds(proxy: &model::Proxy, options: &Options) -> Vec<BindSpec> {
    let mut specs: Vec<BindSpec> = Vec::new();
    for line in &proxy.binds {
        for (address, text) in &line.addresses {
            for (address, port) in each_port(address) {
                let id = u32::try_from(specs.len() + 1).unwrap_or(u32::MAX);
                let own = line.options.id.unwrap_or(id);
                let listener = Listener {
                    name: line.options.name.clone().unwrap_or_else(|| format!("sock-{id}")),
                    id: own,
                    address: shown(&address, text),
                    port,
                    bound: bound(&address),
                    accept_proxy: line.options.accept_proxy,
                    connections: Limit::new(line.options.maxconn.map_or(0, to_u32)),
                    frontend: Default::default(),
                };
                let backlog = line.options.backlog.or(proxy.backlog);
                let backlog = backlog.unwrap_or_else(|| to_u32(proxy.maxconn.unwrap_or(options.maxconn)));
                specs.push(BindSpec {
                    kind: if proxy.kind == ProxyKind::Frontend { "frontend" } else { "proxy" },
                    proxy: proxy.name.clone(),
                    address,
                    options: line.options.clone(),
                    backlog: i32::try_from(backlog).unwrap_or(i32::MAX),
                    listener: Arc::new(listener),
                });
            }
        }
    }
    specs
}

fn to_u32(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// An address once for each port of its range.
fn each_port(address: &Address) -> Vec<(Address, u16)> {
    match address {
        Address::Inet { host, ports, offset } => (ports.0..=ports.1.max(ports.0))
            .map(|port| (Address::Inet { host: host.clone(), ports: (port, port), offset: *offset }, port))
            .collect(),
        other => vec![(other.clone(), 0)],
    }
}

/// The one address that connections reach; none for wildcards.
fn bound(address: &Address) -> Option<SocketAddr> {
    match address {
        Address::Inet { host: Host::Ip(ip), ports, .. } if !ip.is_unspecified() && ports.0 != 0 => {
            Some(SocketAddr::new(*ip, ports.0))
        }
        _ => None,
    }
}

/// The address as messages and statistics show it.
fn shown(address: &Address, text: &str) -> String {
    match address {
        Address::Inet { host: Host::Ip(ip), ports, .. } => format!("{ip}:{}", ports.0),
        Address::Inet { host: Host::AnyV6, ports, .. } => format!(":::{}", ports.0),
        Address::Inet { host: Host::Any | Host::AnyV4, ports, .. } => format!("0.0.0.0:{}", ports.0),
        _ => text.to_owned(),
    }
}
