//! Listening sockets: binding them, and accepting on them.

mod accept;
mod admission;
mod arrival;
mod bind;
mod gate;
mod guest;
mod handover;
mod permit;
mod probe;
mod succession;
mod tenure;

pub use accept::Acceptors;
pub use admission::admit;
pub use arrival::{Arrival, Counted};
pub use bind::{BindError, Sockets, bind, bind_new};
pub use gate::{Entrance, Gate};
pub(crate) use guest::receive;
pub use handover::{Offered, take as take_over};
pub use permit::Permit;
pub use probe::Probe;
pub(crate) use probe::{Watcher, watched};
pub use succession::{addresses, hand_over};
pub use tenure::{Covered, Tenure};
