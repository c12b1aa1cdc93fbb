//! Listening sockets: binding them, and accepting on them.

mod accept;
mod admission;
mod arrival;
mod bind;

pub use accept::accept_all;
pub use admission::admit;
pub use arrival::{Arrival, Counted};
pub use bind::{BindError, Sockets, bind};
