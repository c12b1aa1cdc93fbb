//! Who listens where: the ports of `examples/haproxy.cfg`, or free ones where these are taken.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// The variables of `examples/haproxy.cfg`, and its ports.
const USUAL: [(&str, u16); 9] = [
    ("SITE", 8080),
    ("ADMIN", 8404),
    ("APP", 8090),
    ("DB", 8432),
    ("WEB1", 8081),
    ("WEB2", 8082),
    ("APP1", 8091),
    ("APP2", 8092),
    ("DB1", 8433),
];

/// An address that nobody listens on, for each variable.
///
/// # Errors
/// That no port is free.
pub fn choose() -> io::Result<Vec<(&'static str, SocketAddr)>> {
    // All are held until all are chosen, so that none is chosen twice.
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let held = USUAL.map(|(name, port)| (name, bind(port).or_else(|_| bind(0))));
    held.into_iter().map(|(name, listener)| Ok((name, listener?.local_addr()?))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_not_chosen() {
        let first = choose().unwrap();
        let site = first.iter().find(|(name, _)| *name == "SITE").unwrap().1;
        let taken = TcpListener::bind(site).unwrap();
        let second = choose().unwrap();
        assert!(second.iter().all(|(_, address)| *address != site));
        assert_eq!(second.len(), USUAL.len());
        drop(taken);
    }
}
