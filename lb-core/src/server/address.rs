//! Where a server is reached, which may change while the process runs.

use super::Server;
use arc_swap::ArcSwap;
use haproxy_cfg_parser::model;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Where a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerAddress {
    /// TCP.
    Inet(SocketAddr),
    /// A unix socket's path.
    Unix(Arc<str>),
    /// An abstract unix socket.
    Abstract(Arc<str>),
    /// Its name has no address yet; the port is known.
    Unresolved(u16),
}

impl ServerAddress {
    /// The IP address; none for unix sockets and names without an address.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Inet(address) => Some(address.ip()),
            _ => None,
        }
    }

    /// The port; 0 for unix sockets.
    pub fn port(&self) -> u16 {
        match self {
            Self::Inet(address) => address.port(),
            Self::Unresolved(port) => *port,
            Self::Unix(_) | Self::Abstract(_) => 0,
        }
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet(address) => address.fmt(f),
            Self::Unix(_) | Self::Abstract(_) => f.write_str("unix"),
            Self::Unresolved(port) => write!(f, "-:{port}"),
        }
    }
}

/// An address that readers load without a lock or a reference count, and how often it has changed.
#[derive(Debug)]
pub(super) struct Whereabouts {
    now: ArcSwap<ServerAddress>,
    moves: AtomicU32,
}

impl Whereabouts {
    pub(super) fn new(address: ServerAddress) -> Self {
        Self { now: ArcSwap::from_pointee(address), moves: AtomicU32::new(0) }
    }
}

impl Server {
    /// Where it is reached now.
    #[inline]
    pub fn address(&self) -> ServerAddress {
        (**self.whereabouts.now.load()).clone()
    }

    /// How often its address has changed. Read before [`Self::address`], it says later whether a connection is one to
    /// the address of now.
    #[inline]
    pub fn moves(&self) -> u32 {
        self.whereabouts.moves.load(Ordering::Acquire)
    }

    /// Sends new connections to another address; true when it is another. Idle connections to the old one are closed
    /// (each thread does so with its own), those in use are not kept after their exchange, and what hangs on the
    /// address begins anew. The state of health stays, as in HAProxy: the next check finds out.
    pub fn set_address(self: &Arc<Self>, address: ServerAddress) -> bool {
        let before = self.whereabouts.now.swap(Arc::new(address.clone()));
        if *before == address {
            return false;
        }
        self.whereabouts.moves.fetch_add(1, Ordering::Release);
        self.address_changed();
        true
    }

    /// The host name that its address is of; none for literal addresses, and while its service has no record for it.
    pub fn hostname(&self) -> Option<Arc<String>> {
        self.hostname.load_full()
    }

    /// Says which host name its address is of.
    pub(crate) fn set_hostname(&self, name: Option<String>) {
        self.hostname.store(name.map(Arc::new));
    }

    /// The service whose records (SRV) tell where it is.
    pub fn service(&self) -> Option<&str> {
        match &self.config.address {
            model::Address::Inet { host: model::Host::Name(name), .. }
                if crate::resolve::is_service(name, &self.config) =>
            {
                Some(name)
            }
            _ => None,
        }
    }

    /// What follows from another address: algorithms that place servers by it arrange anew (`hash-key`).
    fn address_changed(self: &Arc<Self>) {
        self.farm.changed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::testing::servers;

    #[test]
    fn a_move_counts_once() {
        let server = &servers(&[1], |_| ())[0];
        let old = server.address();
        assert!(!server.set_address(old.clone()));
        assert_eq!(server.moves(), 0);
        let new = ServerAddress::Inet(([127, 0, 0, 2], 81).into());
        assert!(server.set_address(new.clone()));
        assert_eq!((server.address(), server.moves()), (new, 1));
        assert!(server.set_address(ServerAddress::Unresolved(81)));
        assert_eq!((server.address().ip(), server.address().port(), server.moves()), (None, 81, 2));
    }
}
