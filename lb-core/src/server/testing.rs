//! Servers and proxies for tests.

use super::{Farm, Server, ServerAddress};
use crate::proxy::ProxyStats;
use haproxy_cfg_parser::model;
use std::sync::Arc;

pub(crate) fn place() -> model::Place {
    model::Place { file: "test.cfg".into(), line: 1 }
}

/// A backend's section without anything in it.
pub(crate) fn proxy() -> model::Proxy {
    model::Proxy {
        kind: model::ProxyKind::Backend,
        name: "b".into(),
        place: place(),
        mode: model::Mode::Http,
        ..model::Proxy::default()
    }
}

/// The line of a server on loopback.
pub(crate) fn line(name: &str, weight: u32) -> model::ServerLine {
    model::ServerLine {
        name: name.into(),
        address: model::Address::Inet {
            host: model::Host::Ip(std::net::Ipv4Addr::LOCALHOST.into()),
            ports: (80, 80),
            offset: None,
        },
        address_text: "127.0.0.1:80".into(),
        weight,
        ..model::ServerLine::blank(place())
    }
}

/// Servers `s1`, `s2`, ... of those weights in one farm of backend `b`; `edit` may change their lines.
pub(crate) fn servers(weights: &[u32], edit: impl Fn(&mut model::ServerLine)) -> Vec<Arc<Server>> {
    let farm = Farm::new(Arc::new(ProxyStats::new(1)), 0, true);
    servers_of(&farm, weights, edit)
}

/// [`servers`] in a given farm.
pub(crate) fn servers_of(
    farm: &Arc<Farm>,
    weights: &[u32],
    edit: impl Fn(&mut model::ServerLine),
) -> Vec<Arc<Server>> {
    weights
        .iter()
        .zip(1u32..)
        .map(|(weight, id)| {
            let mut line = line(&format!("s{id}"), *weight);
            edit(&mut line);
            let address = ServerAddress::Inet(([127, 0, 0, 1], 80).into());
            Arc::new(Server::new(line, "b", id, address, farm.clone(), 1))
        })
        .collect()
}
