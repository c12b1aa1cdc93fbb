//! How nodes talk: framed requests and answers over TCP, under mutual TLS or a shared key. What they say is bytes here.
//!
//! A stranger gets nothing. A connection whose source is no member's address is closed before a byte of it is read;
//! handshakes are few at a time and bounded; a peer proves its name by its certificate (or that it has the secret),
//! and must name the terms of this cluster before it is heard. Whatever else arrives ends the connection and is counted.

mod counters;
mod frame;
mod identity;
pub mod keygen;
mod link;
mod roster;
mod server;

pub use counters::{Counted, Counters};
pub use frame::MAX_BODY;
pub use identity::{Credentials, Identity};
pub use link::{Caller, Link};
pub use roster::Roster;
pub use server::{Handler, serve};

use serde::{Deserialize, Serialize};
use std::io;
use std::time::Duration;

/// Within which a connection stands, is encrypted, and both sides know each other.
const HANDSHAKE: Duration = Duration::from_secs(2);
/// Within which a frame has arrived, from its first byte on.
const FRAME: Duration = Duration::from_secs(2);

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody is there, or the connection broke.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The encryption was refused, by either side.
    #[error("TLS: {0}")]
    Tls(String),
    /// The peer is not who was called.
    #[error("{called} was called, and {answered} answered")]
    WrongPeer {
        /// Who was called.
        called: String,
        /// Who answered.
        answered: String,
    },
    /// The peer has other terms: another cluster, or other election timeouts.
    #[error("its cluster section differs from this node's")]
    OtherTerms,
    /// What came is no frame.
    #[error("malformed frame: {0}")]
    Malformed(&'static str),
    /// The peer could not do what it was asked.
    #[error("{0}")]
    Refused(String),
    /// It took too long.
    #[error("no answer within {} ms", .0.as_millis())]
    Late(Duration),
}

/// What each side says first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Greeting {
    /// Who it is.
    name: String,
    /// What all nodes of a cluster must have alike.
    terms: Vec<u8>,
}

#[cfg(test)]
mod tests;
