//! Addresses for tests: a loopback address of this process alone, and ports on it.
//!
//! Proxies bind with SO_REUSEPORT, so that two test processes that draw the same port of 127.0.0.1 would silently
//! share each other's connections. All of 127/8 is loopback on Linux, so each process takes an address made of its pid.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    sync::atomic::{AtomicU16, Ordering},
};

/// The port that [`free_port`] tries next. They are counted up, so that none is given twice, and begin below the range
/// that the kernel chooses from for port 0, so that no server of the same process is given one of them.
static NEXT: AtomicU16 = AtomicU16::new(10_000);

/// The address of 127.64/10 that belongs to this process: pids have at most 22 bits on Linux.
#[must_use]
pub fn own_address() -> IpAddr {
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(127, 64 | (high & 0x3f), middle, low))
}

/// A free TCP port on [`own_address`], not given out before.
///
/// # Errors
/// That no port was left.
pub fn free_port() -> io::Result<SocketAddr> {
    loop {
        let port = NEXT.fetch_add(1, Ordering::Relaxed);
        if !(10_000..32_000).contains(&port) {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, "no free port is left"));
        }
        // Somebody may listen on it on all addresses.
        let addr = SocketAddr::new(own_address(), port);
        if TcpListener::bind(addr).is_ok() {
            return Ok(addr);
        }
    }
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
