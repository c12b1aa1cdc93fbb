//! `mode tcp`: a stream of bytes in each direction, with rules that look at the first of them.
//!
//! `session` is the task of one connection: `inspect` runs content rules on bytes that are kept for the server,
//! `connect` gets a connection to one, `relay` moves bytes both ways until both sides have ended, `finish` counts and
//! logs. An idle session holds no buffer.

mod connect;
mod finish;
mod flow;
mod inspect;
mod lend;
mod peeked;
mod pipe;
mod relay;
mod session;

pub(crate) use lend::trim;
pub use peeked::Peeked;
pub(crate) use pipe::count as pipes;
pub use session::spawn;
