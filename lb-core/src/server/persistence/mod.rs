//! The persistence cookie: which server a client belongs to (manual 4.2 "cookie").
//!
//! Pure: [`from_request`] reads and edits a request, [`on_response`] a response; the time is an argument.

mod date;
mod request;
mod response;

pub use request::from_request;
pub use response::on_response;

use super::Server;
use std::sync::Arc;

/// What a request said, to be kept until its response.
#[derive(Clone, Debug)]
pub struct Found {
    /// The server that the cookie names, if it may be used.
    pub server: Option<Arc<Server>>,
    /// For the logs (`%CC` in `%tsc`): `N` none, `I` invalid, `D` its server is down, `V` valid, `E` expired, `O` too
    /// old, `U` unused since the server was decided otherwise, `-` the proxy only reads the cookie.
    pub flag: u8,
    /// When the client was last seen, in seconds since 1970 in steps of 4; 0: the cookie does not say.
    pub last: u64,
    /// When it was first seen, likewise.
    pub first: u64,
}

impl Default for Found {
    fn default() -> Self {
        Self { server: None, flag: b'N', last: 0, first: 0 }
    }
}

/// Separates the server's value from the application's in prefix mode.
const PREFIX_DELIMITER: u8 = b'~';
/// Separates the server's value from the dates.
const DATE_DELIMITER: u8 = b'|';

#[cfg(test)]
mod tests;
