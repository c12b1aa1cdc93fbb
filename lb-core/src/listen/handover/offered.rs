//! Sockets that another process gave, until the addresses that they are for are bound.

use super::wire::Label;
use crate::compile::BindSpec;
use haproxy_cfg_parser::model::BindOptions;
use socket2::{SockAddr, Socket, Type};
use std::io;
use std::net::SocketAddr;

/// Sockets that another process gave.
#[derive(Debug, Default)]
pub struct Offered(Vec<One>);

#[derive(Debug)]
struct One {
    socket: Socket,
    address: SockAddr,
    interface: Vec<u8>,
}

impl Offered {
    pub(super) fn new(sockets: impl Iterator<Item = (Socket, Label)>) -> Self {
        let known = |(socket, label): (Socket, Label)| {
            let stream = socket.r#type().is_ok_and(|kind| kind == Type::STREAM);
            let address = socket.local_addr().ok().filter(|_| stream && label.namespace.is_empty())?;
            Some(One { socket, address, interface: label.interface })
        };
        Self(sockets.filter_map(known).collect())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True for none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All that are bound as a `bind` line with a TCP address wants it.
    pub(in super::super) fn inet(&self, spec: &BindSpec, address: SocketAddr) -> io::Result<Vec<Socket>> {
        self.matching(|one| one.address.as_socket() == Some(address) && one.suits(&spec.options, address))
    }

    /// All that are bound to a path, or to the temporary one beside it that was renamed.
    pub(in super::super) fn unix(&self, path: &str) -> io::Result<Vec<Socket>> {
        self.matching(|one| {
            let bound = one.address.as_pathname().and_then(|bound| bound.to_str());
            bound.is_some_and(|bound| bound == path || is_beside(bound, path))
        })
    }

    /// All that are bound to an abstract name.
    pub(in super::super) fn named(&self, name: &[u8]) -> io::Result<Vec<Socket>> {
        self.matching(|one| one.address.as_abstract_namespace() == Some(name))
    }

    /// Duplicates: binding may fail elsewhere, and be tried again.
    fn matching(&self, suits: impl Fn(&One) -> bool) -> io::Result<Vec<Socket>> {
        self.0.iter().filter(|one| suits(one)).map(|one| one.socket.try_clone()).collect()
    }
}

impl One {
    /// It has what was to be said before it was bound.
    fn suits(&self, options: &BindOptions, address: SocketAddr) -> bool {
        let interface = options.interface.as_deref().unwrap_or_default().as_bytes();
        let transparent =
            address.is_ipv6() || self.socket.ip_transparent_v4().is_ok_and(|on| on == options.transparent);
        let family = !address.is_ipv6()
            || self.socket.only_v6().is_ok_and(|only| only == (options.v6only || !options.v4v6));
        interface == self.interface && transparent && family
    }
}

/// `bound` is `path.PID.tmp`.
fn is_beside(bound: &str, path: &str) -> bool {
    let middle = bound.strip_prefix(path).and_then(|rest| rest.strip_prefix('.')?.strip_suffix(".tmp"));
    middle.is_some_and(|pid| !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_paths_are_known() {
        assert!(is_beside("/run/a.sock.17364.tmp", "/run/a.sock"));
        assert!(!is_beside("/run/a.sock.x.tmp", "/run/a.sock"));
        assert!(!is_beside("/run/a.sock..tmp", "/run/a.sock"));
        assert!(!is_beside("/run/b.sock.1.tmp", "/run/a.sock"));
        assert!(!is_beside("/run/a.sock", "/run/a.sock"));
    }
}
