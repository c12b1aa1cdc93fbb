//! From `bind` lines to addresses of one port each, with what accepts on them.

use super::{BindSpec, Held, Options, Plan, registry};
use crate::listen::{Covered, Permit};
use crate::proxy::Listener;
use haproxy_cfg_parser::model::{self, Address, Host, ProxyKind};
use haproxy_cfg_parser::{Diagnostic, Severity};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

/// The addresses of a proxy's `bind` lines: ranges become one listener per port.
pub(super) fn binds(proxy: &model::Proxy, options: &Options<'_>, permit: &Permit) -> Vec<BindSpec> {
    let kind = if proxy.kind == ProxyKind::Frontend { "frontend" } else { "proxy" };
    let backlog = proxy.backlog.unwrap_or_else(|| to_u32(proxy.maxconn.unwrap_or(options.maxconn)));
    let mut specs = Vec::new();
    for line in &proxy.binds {
        let held = Some((options.held, permit));
        let side = Side { kind, proxy: &proxy.name, backlog, level: None, previous: options.previous, held };
        line_specs(line, side, &mut specs);
    }
    specs
}

/// The addresses of `stats socket` lines.
pub(super) fn stats_sockets(global: &model::Global, previous: Option<&Plan>) -> Vec<BindSpec> {
    let mut specs = Vec::new();
    for line in &global.stats_sockets {
        let level = Some(line.bind.options.level.unwrap_or_default());
        let side = Side { kind: "frontend", proxy: "GLOBAL", backlog: 10, level, previous, held: None };
        line_specs(&line.bind, side, &mut specs);
    }
    specs
}

/// A finding for each `bind` line with a word that is for `stats socket` lines alone.
pub(super) fn misplaced(config: &model::Config) -> Vec<Diagnostic> {
    let lines = config.proxies.iter().flat_map(|proxy| &proxy.binds);
    let wrong = lines.filter(|line| line.options.cluster_write);
    let finding = |line: &model::Bind| Diagnostic {
        severity: Severity::Alert,
        place: Some(line.place.clone()),
        span: None,
        message: format!("parsing [{}] : 'bind' : 'cluster-write' is for 'stats socket' lines.", line.place),
        help: None,
    };
    wrong.map(finding).collect()
}

/// What a `bind` line is for.
#[derive(Clone, Copy)]
struct Side<'a> {
    kind: &'static str,
    proxy: &'a str,
    backlog: u32,
    level: Option<model::Level>,
    previous: Option<&'a Plan>,
    /// Addresses that it takes leave to listen on.
    held: Option<(&'a [Held], &'a Permit)>,
}

fn line_specs(line: &model::Bind, side: Side<'_>, specs: &mut Vec<BindSpec>) {
    for (address, text) in &line.addresses {
        for (address, port) in each_port(address) {
            let id = u32::try_from(specs.len() + 1).unwrap_or(u32::MAX);
            let (name, shown) =
                (line.options.name.clone().unwrap_or_else(|| format!("sock-{id}")), shown(&address, text));
            let maxconn = line.options.maxconn.map_or(0, to_u32);
            let bound = bound(&address);
            let is_held =
                |held: &[Held]| bound.is_some_and(|bound| held.iter().any(|one| one.ip == bound.ip()));
            let (held, other) = match side.held {
                Some((all, permit)) if is_held(all) => (Some(permit), None),
                Some((all, permit)) if bound.is_none() && !all.is_empty() => {
                    (None, Some(Covered::new(all.iter().map(|one| one.ip), permit)))
                }
                _ => (None, None),
            };
            // Connections from this machine do not come by its interfaces.
            let probed = bound.filter(|_| held.is_some()).or_else(|| {
                let held = side.held.filter(|_| other.is_some()).map(|(held, _)| held)?;
                covering(&address, &line.options, held)
            });
            let probed = probed.filter(|_| line.options.interface.is_none());
            let listener = Listener {
                connections: registry::listener_connections(side.previous, &name, &shown, maxconn),
                name,
                id: line.options.id.unwrap_or(id),
                address: shown,
                port,
                bound,
                accept_proxy: line.options.accept_proxy,
                accept_netscaler: line.options.accept_netscaler,
                level: side.level,
                exposes: line.options.expose_fd,
                shares: line.options.cluster_write,
                frontend: Default::default(),
                successor: Default::default(),
                retired: Default::default(),
                permit: held.cloned(),
                covered: other,
                probe: probed.map(|at| registry::probe(side.previous, at)),
            };
            let backlog = line.options.backlog.unwrap_or(side.backlog);
            specs.push(BindSpec {
                kind: side.kind,
                proxy: side.proxy.to_owned(),
                address,
                options: line.options.clone(),
                backlog: i32::try_from(backlog).unwrap_or(i32::MAX),
                listener: Arc::new(listener),
            });
        }
    }
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

/// Where a socket for all addresses is found from this machine, if some of those held are among them.
fn covering(address: &Address, options: &model::BindOptions, held: &[Held]) -> Option<SocketAddr> {
    let Address::Inet { host, ports, .. } = address else { return None };
    let (v4, v6) = match host {
        Host::Any | Host::AnyV4 => (true, false),
        Host::AnyV6 => (options.v4v6 && !options.v6only, true),
        Host::Ip(ip) if ip.is_unspecified() => {
            (ip.is_ipv4() || options.v4v6 && !options.v6only, ip.is_ipv6())
        }
        Host::Ip(_) | Host::Name(_) => (false, false),
    };
    let found = held.iter().find(|held| if held.ip.is_ipv4() { v4 } else { v6 })?;
    let near = match found.ip {
        IpAddr::V4(_) => IpAddr::from(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    (ports.0 != 0).then(|| SocketAddr::new(near, ports.0))
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
