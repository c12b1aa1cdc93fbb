//! A server's address at the start (manual 5.2 "init-addr").

use crate::compile::Context;
use crate::server::ServerAddress;
use haproxy_cfg_parser::model::{Address, Host, ServerLine};
use std::net::{IpAddr, SocketAddr};

/// What is known of a server's address at the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// Its address.
    Known(ServerAddress),
    /// None yet: the server starts in maintenance. `tried`: the name did not resolve, which is worth a word.
    Later {
        /// The port.
        port: u16,
        /// The name was asked for in vain.
        tried: bool,
    },
    /// There is none, and the file does not allow for that.
    Failed,
    /// The address is no name.
    NoName,
}

/// Where `init-addr` says nothing: the address of the last run (`load-server-state-from-file`), else the system's.
const METHODS: &str = "last,libc";

/// Finds a server's first address by the methods of its line, in their order. `last`: that of the last run.
pub(crate) fn start(line: &ServerLine, last: Option<IpAddr>, context: &Context<'_>) -> Start {
    let Address::Inet { host: Host::Name(name), ports, .. } = &line.address else { return Start::NoName };
    let port = ports.0;
    if is_service(name, line) {
        return Start::Later { port, tried: false };
    }
    let mut tried = false;
    for method in line.init_addr.as_deref().unwrap_or(METHODS).split(',') {
        match method {
            "last" => {
                if let Some(ip) = last {
                    return Start::Known(ServerAddress::Inet(SocketAddr::new(ip, port)));
                }
            }
            "libc" => {
                tried = true;
                if let Some(ip) = context.address(name) {
                    return Start::Known(ServerAddress::Inet(SocketAddr::new(ip, port)));
                }
            }
            "none" => return Start::Later { port, tried },
            ip => {
                if let Ok(ip) = ip.parse::<IpAddr>() {
                    return Start::Known(ServerAddress::Inet(SocketAddr::new(ip, port)));
                }
            }
        }
    }
    Start::Failed
}

/// The name is one of a service: its answers are records of type SRV.
pub(crate) fn is_service(name: &str, line: &ServerLine) -> bool {
    name.starts_with('_') && line.resolve.resolvers.is_some()
}
