//! Listening sockets: binding them, and accepting on them.

mod accept;
mod bind;

pub use accept::accept_all;
pub use bind::{BindError, Sockets, bind};
