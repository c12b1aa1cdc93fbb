//! The PROXY protocol, versions 1 and 2 (HAProxy's `doc/proxy-protocol.txt`): how one proxy tells the next whom it
//! speaks for; and NetScaler's header that says the same. Pure: bytes to values and back; `receive` alone reads a
//! connection.

mod netscaler;
mod parse;
mod receive;
#[cfg(test)]
mod recorded;
mod write;

pub use parse::{Refused, parse};
pub use receive::receive;
pub use write::{Style, write};

use std::net::SocketAddr;

/// What a PROXY header says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Whom the connection is from and whom it reached; none: the connection's own addresses hold.
    pub addresses: Option<(SocketAddr, SocketAddr)>,
    /// Further values by type, in order.
    pub tlvs: Vec<(u8, Vec<u8>)>,
}

impl Header {
    /// The first value of a type.
    pub fn tlv(&self, kind: u8) -> Option<&[u8]> {
        self.tlvs.iter().find(|(found, _)| *found == kind).map(|(_, value)| value.as_slice())
    }
}

/// Types of further values that HAProxy knows.
pub mod tlv {
    /// The application protocol.
    pub const ALPN: u8 = 0x01;
    /// The host name that the client asked for.
    pub const AUTHORITY: u8 = 0x02;
    /// A checksum of the header.
    pub const CRC32C: u8 = 0x03;
    /// An id of the connection.
    pub const UNIQUE_ID: u8 = 0x05;
    /// TLS details.
    pub const SSL: u8 = 0x20;
    /// The name space of the network.
    pub const NETNS: u8 = 0x30;
}

/// What starts a header of version 2.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Bytes of a header of version 2 before its addresses.
const FIXED: usize = 16;

/// Which header a connection is to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The PROXY protocol's.
    Proxy,
    /// NetScaler's, which starts with this number.
    NetScaler(u32),
}

impl Kind {
    /// Reads the header at the start of `bytes`, and says how long it is.
    ///
    /// # Errors
    /// Why there is no header that can be used.
    pub fn parse(self, bytes: &[u8]) -> Result<(Header, usize), Refused> {
        match self {
            Self::Proxy => parse(bytes),
            Self::NetScaler(magic) => netscaler::parse(bytes, magic),
        }
    }
}

/// Why a connection that should begin with a header does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It ended first.
    Closed,
    /// It broke.
    Failed,
    /// Nothing came in time.
    TimedOut,
    /// A part of a header came.
    Truncated,
    /// Something else came.
    NoHeader,
    /// A header came that contradicts itself.
    Invalid,
    /// A header came of another protocol than TCP.
    Unhandled,
}

impl Refusal {
    /// The words of HAProxy's log.
    pub fn told(self, kind: Kind) -> &'static str {
        match (kind, self) {
            (Kind::Proxy, Self::Closed) => "Connection closed while waiting for PROXY protocol header",
            (Kind::Proxy, Self::Failed) => "Connection error while waiting for PROXY protocol header",
            (Kind::Proxy, Self::TimedOut) => "Timeout while waiting for PROXY protocol header",
            (Kind::Proxy, Self::Truncated) => "Truncated PROXY protocol header received",
            (Kind::Proxy, Self::NoHeader) => {
                "Received something which does not look like a PROXY protocol header"
            }
            (Kind::Proxy, Self::Invalid) => "Received an invalid PROXY protocol header",
            (Kind::Proxy, Self::Unhandled) => "Received an unhandled protocol in the PROXY protocol header",
            (_, Self::Closed) => "Connection closed while waiting for NetScaler Client IP header",
            (_, Self::Failed) => "Connection error while waiting for NetScaler Client IP header",
            (_, Self::TimedOut) => "Timeout while waiting for a NetScaler Client IP header",
            (_, Self::Truncated) => "Truncated NetScaler Client IP header received",
            (_, Self::NoHeader) => "Received an invalid NetScaler Client IP magic number",
            (_, Self::Invalid | Self::Unhandled) => {
                "Received an unhandled protocol in the NetScaler Client IP header"
            }
        }
    }

    /// Nothing was sent at all (`option dontlognull`).
    pub fn is_silent(self) -> bool {
        matches!(self, Self::Closed | Self::Failed | Self::TimedOut)
    }
}
