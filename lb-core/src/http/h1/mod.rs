//! The HTTP/1 codec (RFC 9112): pure functions between bytes and typed messages.
//!
//! A message is parsed into its parts and always written anew, so that what the next hop sees is never ambiguous.
//! What is refused and what is neutralised is what HAProxy does with the same bytes; `tests/wire` holds the record.

mod body;
mod head;
mod parse;
mod target;
mod trailer;
mod write;

#[cfg(test)]
mod tests;

pub use body::{Body, BodyError, Progress};
pub use head::Connection;
pub(crate) use parse::message_weight;
pub use parse::{Parsed, parse_request, parse_response};
pub use trailer::write_trailers;
pub use write::{ConnectionHeader, chunk_header, write_request, write_response};
