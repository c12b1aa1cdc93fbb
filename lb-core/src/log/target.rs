//! Where messages go: sockets and descriptors. Nothing here waits.

use super::Ring;
use crate::compile::Context;
use crate::net::abstract_name;
use haproxy_cfg_parser::model::{Address, Host, StandardStream};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{self as unix, UnixDatagram};
use std::sync::Arc;

/// The syslog port (RFC 5426).
const SYSLOG_PORT: u16 = 514;

/// An open target.
#[derive(Debug)]
pub(super) enum Target {
    Udp(UdpSocket, SocketAddr),
    Unix(UnixDatagram, unix::SocketAddr),
    Descriptor(OwnedFd),
    Ring(Arc<Ring>),
}

impl Target {
    /// Opens a target; the error says what is wrong with it.
    pub(super) fn open(address: &Address, context: &Context<'_>) -> Result<Self, String> {
        match address {
            Address::Inet { host, ports: (port, _), .. } => {
                let port = if *port == 0 { SYSLOG_PORT } else { *port };
                udp(resolve(host, port, context)?)
            }
            Address::Unix(path) => {
                let address = unix::SocketAddr::from_pathname(path).map_err(|error| format!("'{path}': {error}"))?;
                datagram(address)
            }
            Address::Abstract(name, _) => {
                let address = unix::SocketAddr::from_abstract_name(abstract_name(name)).map_err(|error| format!("'{name}': {error}"))?;
                datagram(address)
            }
            Address::Standard(StandardStream::Stdout) => descriptor(io::stdout().as_fd().try_clone_to_owned()),
            Address::Standard(StandardStream::Stderr) => descriptor(io::stderr().as_fd().try_clone_to_owned()),
            Address::Fd(number) => descriptor(crate::sys::inherited_fd(*number).and_then(|fd| fd.try_clone_to_owned())),
            Address::Ring(name) => {
                let ring = context.rings.iter().find(|ring| ring.name == *name);
                ring.cloned().map(Self::Ring).ok_or_else(|| format!("there is no ring '{name}'; add a section 'ring {name}'"))
            }
            Address::Sockpair(_) | Address::Other(..) => {
                Err("this kind of log address is not supported; use a udp or unix address, stdout, stderr or fd@N".into())
            }
        }
    }

    /// Sends one message; an error means that it is lost.
    #[inline]
    pub(super) fn send(&self, message: &[u8]) -> io::Result<()> {
        match self {
            Self::Udp(socket, address) => socket.send_to(message, address).map(drop),
            Self::Unix(socket, address) => socket.send_to_addr(message, address).map(drop),
            Self::Ring(ring) => {
                ring.push(message);
                Ok(())
            }
            Self::Descriptor(descriptor) => Ok(nix::unistd::write(descriptor, message).map(drop)?),
        }
    }
}

fn resolve(host: &Host, port: u16, context: &Context<'_>) -> Result<SocketAddr, String> {
    match host {
        Host::Ip(ip) => Ok(SocketAddr::new(*ip, port)),
        Host::Any | Host::AnyV4 => Ok(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port)),
        Host::AnyV6 => Ok(SocketAddr::new(IpAddr::V6(std::net::Ipv6Addr::LOCALHOST), port)),
        Host::Name(name) => context
            .address(name)
            .map(|ip| SocketAddr::new(ip, port))
            .ok_or_else(|| format!("could not resolve address '{name}'")),
    }
}

fn udp(address: SocketAddr) -> Result<Target, String> {
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (std::net::Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let open = || {
        let socket = UdpSocket::bind(any)?;
        socket.set_nonblocking(true)?;
        io::Result::Ok(Target::Udp(socket, address))
    };
    open().map_err(|error| format!("cannot open a log socket for '{address}': {error}"))
}

fn datagram(address: unix::SocketAddr) -> Result<Target, String> {
    let open = || {
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        io::Result::Ok(socket)
    };
    match open() {
        Ok(socket) => Ok(Target::Unix(socket, address)),
        Err(error) => Err(format!("cannot open a log socket: {error}")),
    }
}

/// A descriptor whose reader may be slow: writing to it never waits.
fn descriptor(opened: io::Result<OwnedFd>) -> Result<Target, String> {
    let prepare = || {
        let descriptor = opened?;
        let flags = OFlag::from_bits_retain(fcntl(&descriptor, FcntlArg::F_GETFL)?);
        fcntl(&descriptor, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
        io::Result::Ok(descriptor)
    };
    prepare().map(Target::Descriptor).map_err(|error| format!("cannot log to this descriptor: {error}"))
}
