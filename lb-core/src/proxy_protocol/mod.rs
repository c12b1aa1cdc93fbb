//! The PROXY protocol, versions 1 and 2 (HAProxy's `doc/proxy-protocol.txt`): how one proxy tells the next whom it
//! speaks for. Pure: bytes to values and back; `receive` alone reads a connection.

mod parse;
mod receive;
mod write;

pub use parse::parse;
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

/// Why a connection that should begin with a header does not, in the words of HAProxy's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)] // each says what it is
pub enum Refusal {
    #[error("Connection closed while waiting for PROXY protocol header")]
    Closed,
    #[error("Connection error while waiting for PROXY protocol header")]
    Failed,
    #[error("Timeout while waiting for PROXY protocol header")]
    TimedOut,
    #[error("Truncated PROXY protocol header received")]
    Truncated,
    #[error("Received something which does not look like a PROXY protocol header")]
    NoHeader,
    #[error("Received an invalid PROXY protocol header")]
    Invalid,
    #[error("Received an unhandled protocol in the PROXY protocol header")]
    Unhandled,
}

impl Refusal {
    /// Nothing was sent at all (`option dontlognull`).
    pub fn is_silent(self) -> bool {
        matches!(self, Self::Closed | Self::Failed | Self::TimedOut)
    }
}
