//! Who listens where: the ports of `examples/haproxy.cfg`, or free ones where these are taken.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// What the three lb hold in turn.
pub const VIRTUAL: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 100);

/// On which address somebody listens.
#[derive(Clone, Copy)]
enum On {
    /// Where the balancer is: the virtual address, or that of the only one.
    Balancer,
    /// That of a node, and of all that there is one of.
    Node(u8),
}
use On::{Balancer, Node};

/// The variables of `examples/haproxy.cfg`, and its ports.
const SITE: &[(&str, On, u16)] = &[
    ("SITE", Balancer, 8080),
    ("ADMIN", Node(1), 8404),
    ("APP", Balancer, 8090),
    ("DB", Balancer, 8432),
    ("WEB1", Node(1), 8081),
    ("WEB2", Node(1), 8082),
    ("APP1", Node(1), 8091),
    ("APP2", Node(1), 8092),
    ("DB1", Node(1), 8433),
];
/// Those of three balancers: the other two's pages, and where they listen for one another.
const CLUSTER: &[(&str, On, u16)] = &[
    ("ADMIN2", Node(2), 8404),
    ("ADMIN3", Node(3), 8404),
    ("LINK1", Node(1), 7001),
    ("LINK2", Node(2), 7001),
    ("LINK3", Node(3), 7001),
];

/// An address that nobody listens on, for each variable.
///
/// # Errors
/// That no port is free.
pub fn choose(cluster: bool) -> io::Result<Vec<(&'static str, SocketAddr)>> {
    // All are held until all are chosen, so that none is chosen twice.
    let hold = |&(name, on, port): &(&'static str, On, u16)| {
        let host = match on {
            Balancer if cluster => VIRTUAL,
            Balancer => Ipv4Addr::LOCALHOST,
            Node(number) => Ipv4Addr::new(127, 0, 0, number),
        };
        let bind = |port| TcpListener::bind((host, port));
        (name, bind(port).or_else(|_| bind(0)))
    };
    let held: Vec<_> = SITE.iter().chain(CLUSTER.iter().filter(|_| cluster)).map(hold).collect();
    held.into_iter().map(|(name, listener)| Ok((name, listener?.local_addr()?))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_not_chosen() {
        for cluster in [false, true] {
            let first = choose(cluster).unwrap();
            let site = first.iter().find(|(name, _)| *name == "SITE").unwrap().1;
            let taken = TcpListener::bind(site).unwrap();
            let second = choose(cluster).unwrap();
            assert!(second.iter().all(|(_, address)| *address != site));
            assert_eq!(second.len(), first.len());
            drop(taken);
        }
    }
}
