//! Where connections to a server come from (manual 4.2 and 5.2 "source").

use crate::exchange::Exchange;
use crate::sample::HeaderAddress;
use haproxy_cfg_parser::model::{self, Address, Host};
use socket2::Socket;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU16, Ordering};

/// What a `source` says.
#[derive(Debug, Default)]
pub struct Source {
    /// None: the system chooses.
    address: Option<SocketAddr>,
    ports: Option<Ports>,
    interface: Option<String>,
    foreign: Option<Foreign>,
}

/// `usesrc`: connections seem to come from somebody else.
#[derive(Debug)]
enum Foreign {
    Fixed(SocketAddr),
    /// The client's address and port.
    Client,
    /// The client's address.
    ClientIp,
    /// The address in a header.
    Header(HeaderAddress),
}

impl Source {
    /// What the words say.
    ///
    /// # Errors
    /// What of it lb does not do, or what means nothing.
    pub fn new(source: &model::Source) -> Result<Self, String> {
        let (address, ports) = match &source.address {
            Address::Inet { host, ports: (low, high), .. } => {
                let ip = match host {
                    Host::Ip(ip) => *ip,
                    Host::Any | Host::AnyV4 => Ipv4Addr::UNSPECIFIED.into(),
                    _ => return Err("an address that is no IP address is not supported by lb yet".into()),
                };
                let ports = (low != high).then(|| Ports::new(*low, *high));
                let chosen = !ip.is_unspecified() || *low != 0;
                (chosen.then_some(SocketAddr::new(ip, *low)), ports)
            }
            _ => return Err("an address that is no IP address is not supported by lb yet".into()),
        };
        let foreign = source.usesrc.as_ref().and_then(|words| words.first()).map(|word| Foreign::read(word));
        Ok(Self { address, ports, interface: source.interface.clone(), foreign: foreign.transpose()? })
    }

    /// It needs privileges that a process without root's does not have.
    pub fn is_privileged(&self) -> bool {
        self.foreign.is_some() || self.interface.is_some()
    }

    /// Connections are from somebody, and for nobody else.
    pub(crate) fn is_personal(&self) -> bool {
        !matches!(self.foreign, None | Some(Foreign::Fixed(_)))
    }

    /// Connections are from whom a request names, and for no other request.
    pub(crate) fn is_by_request(&self) -> bool {
        matches!(self.foreign, Some(Foreign::Header(_)))
    }

    /// Where a connection comes from that is for an exchange; for none: a check's.
    pub(crate) fn of(&self, exchange: Option<&Exchange>) -> Origin<'_> {
        let foreign = self.foreign.as_ref().zip(exchange);
        Origin {
            address: self.address,
            ports: self.ports.as_ref(),
            interface: self.interface.as_deref(),
            foreign: foreign.and_then(|(foreign, exchange)| foreign.of(exchange)),
        }
    }
}

impl Foreign {
    fn read(word: &str) -> Result<Self, String> {
        match word {
            "client" => return Ok(Self::Client),
            "clientip" => return Ok(Self::ClientIp),
            _ => {}
        }
        if let Some(args) = word.strip_prefix("hdr_ip(").and_then(|rest| rest.strip_suffix(')')) {
            let (name, occurrence) = args.split_once(',').unwrap_or((args, "-1"));
            let occurrence = occurrence.trim().parse().map_err(|_| {
                format!("'usesrc' : '{occurrence}' in '{word}' is no number of an occurrence")
            })?;
            return Ok(Self::Header(HeaderAddress::new(name.trim(), occurrence)));
        }
        let address = word.parse().or_else(|_| word.parse().map(|ip: IpAddr| SocketAddr::new(ip, 0)));
        address.map(Self::Fixed).map_err(|_| {
            format!("'usesrc' expects <addr>[:<port>], 'client', 'clientip', or 'hdr_ip(name,#)' as argument, not '{word}'")
        })
    }

    fn of(&self, exchange: &Exchange) -> Option<SocketAddr> {
        match self {
            Self::Fixed(address) => Some(*address),
            Self::Client => exchange.src(),
            Self::ClientIp => exchange.src().map(|src| SocketAddr::new(src.ip(), 0)),
            Self::Header(header) => header.of(exchange).map(|ip| SocketAddr::new(ip, 0)),
        }
    }
}

/// Ports that connections take in turns.
#[derive(Debug)]
struct Ports {
    low: u16,
    count: u16,
    next: AtomicU16,
}

/// Most ports of a range that one connection tries.
const TRIES: u16 = 1024;

impl Ports {
    fn new(low: u16, high: u16) -> Self {
        Self { low, count: high.saturating_sub(low).saturating_add(1), next: AtomicU16::new(0) }
    }

    fn next(&self) -> u16 {
        self.low.saturating_add(self.next.fetch_add(1, Ordering::Relaxed) % self.count.max(1))
    }
}

/// Where one connection comes from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin<'a> {
    address: Option<SocketAddr>,
    ports: Option<&'a Ports>,
    interface: Option<&'a str>,
    foreign: Option<SocketAddr>,
}

impl Origin<'_> {
    /// Nothing is said: the system chooses.
    #[inline]
    pub(super) fn is_free(&self) -> bool {
        self.address.is_none() && self.interface.is_none() && self.foreign.is_none()
    }

    /// How many ports may be tried.
    pub(super) fn tries(&self) -> u16 {
        self.ports.map_or(1, |ports| ports.count.min(TRIES))
    }

    /// Binds a socket that is to connect to `to`.
    pub(super) fn bind(&self, socket: &Socket, to: SocketAddr) -> io::Result<()> {
        if let Some(interface) = self.interface {
            // As in HAProxy the routing table decides where that is not allowed.
            let _ = socket.bind_device(Some(interface.as_bytes()));
        }
        let foreign = self.foreign.filter(|foreign| foreign.is_ipv4() == to.is_ipv4());
        let Some(mut address) = foreign.or(self.address) else { return Ok(()) };
        socket.set_reuse_address(true)?;
        if foreign.is_some() {
            let transparent = if to.is_ipv4() {
                socket.set_ip_transparent_v4(true).or_else(|_| socket.set_freebind_v4(true))
            } else {
                socket.set_ip_transparent_v6(true).or_else(|_| socket.set_freebind_v6(true))
            };
            transparent?;
        } else if let Some(ports) = self.ports {
            address.set_port(ports.next());
        }
        socket.bind(&address.into())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn ports_come_in_turns() {
        let ports = Ports::new(10, 12);
        let taken: Vec<u16> = (0..5).map(|_| ports.next()).collect();
        assert_eq!(taken, [10, 11, 12, 10, 11]);
        assert_eq!(Ports::new(0, u16::MAX).count, u16::MAX);
    }

    #[test]
    fn words_of_usesrc() {
        assert!(matches!(Foreign::read("client"), Ok(Foreign::Client)));
        assert!(matches!(Foreign::read("clientip"), Ok(Foreign::ClientIp)));
        assert!(matches!(Foreign::read("hdr_ip(x-forwarded-for,-1)"), Ok(Foreign::Header(_))));
        assert!(matches!(Foreign::read("hdr_ip(x)"), Ok(Foreign::Header(_))));
        assert!(matches!(Foreign::read("127.0.0.9"), Ok(Foreign::Fixed(address)) if address.port() == 0));
        assert!(matches!(Foreign::read("127.0.0.9:7"), Ok(Foreign::Fixed(address)) if address.port() == 7));
        for wrong in ["", "clients", "hdr_ip(x,y)", "host.test"] {
            assert!(Foreign::read(wrong).is_err(), "{wrong}");
        }
    }
}
