//! Connections to servers: fresh ones, and idle ones that each thread keeps for itself.

mod dial;
mod introduce;
pub mod pool;
mod socks4;
mod source;
mod way;

pub use dial::{ConnectError, dial, dial_briefly};
pub use introduce::{introduction, open};
pub use socks4::Failure as SocksFailure;
pub use source::Source;
pub use way::{Route, Way};

use crate::net::Io;
use crate::server::{Server, Slot, Tie};
use std::sync::Arc;

/// A server's connection in use, with the places that it takes there.
#[derive(Debug)]
pub struct Upstream {
    /// Ends the connection when its server goes down, where that is asked for. Dropped before the connection.
    pub tie: Option<Tie>,
    /// The connection.
    pub io: Io,
    /// Counts it among those in use on this thread.
    pub in_use: pool::InUse,
    /// The place among those that the server serves.
    pub slot: Slot,
    /// It has carried an exchange before.
    pub reused: bool,
}

/// An idle connection that only one client may use (`http-reuse never`).
#[derive(Debug)]
pub struct Private {
    /// Its server.
    pub server: Arc<Server>,
    /// The connection.
    pub io: Io,
    /// How often the server had moved when it was made.
    pub moves: u32,
}
