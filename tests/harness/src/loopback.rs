//! Addresses for tests: a loopback address of this process alone, and ports on it.
//!
//! Proxies bind with SO_REUSEPORT, so that two test processes that draw the same port of 127.0.0.1 would silently
//! share each other's connections. All of 127/8 is loopback on Linux, so each process takes an address made of its pid.

use std::{
    collections::BTreeSet,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    sync::{Mutex, PoisonError},
};

/// Ports that [`free_port`] gave out: never given twice.
static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// The address of 127.64/10 that belongs to this process: pids have at most 22 bits on Linux.
#[must_use]
pub fn own_address() -> IpAddr {
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(127, 64 | (high & 0x3f), middle, low))
}

/// A free TCP port on [`own_address`], not given out before.
///
/// # Errors
/// What binding a socket gives, or that no port was left.
pub fn free_port() -> io::Result<SocketAddr> {
    for _ in 0..1000 {
        let addr = TcpListener::bind((own_address(), 0))?.local_addr()?;
        if GIVEN.lock().unwrap_or_else(PoisonError::into_inner).insert(addr.port()) {
            return Ok(addr);
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, "no free port found in 1000 tries"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn ports_differ_and_can_be_bound() {
        let (a, b) = (free_port().unwrap(), free_port().unwrap());
        assert_ne!(a, b);
        assert!(a.ip().is_loopback());
        TcpListener::bind(a).unwrap();
    }
}
