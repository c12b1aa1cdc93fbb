//! Listening sockets: binding them, and accepting on them.

mod accept;
mod admission;
mod arrival;
mod bind;
mod succession;

pub use accept::Acceptors;
pub use admission::admit;
pub use arrival::{Arrival, Counted};
pub use bind::{BindError, Sockets, bind, bind_new};
pub use succession::{addresses, hand_over};
