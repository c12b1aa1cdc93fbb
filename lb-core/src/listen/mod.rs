//! Listening sockets: binding them, and accepting on them.

mod accept;
mod admission;
mod arrival;
mod bind;
mod gate;
mod handover;
mod permit;
mod probe;
mod succession;
mod tenure;

pub use accept::Acceptors;
pub(crate) use accept::receive;
pub use admission::admit;
pub use arrival::{Arrival, Counted};
pub use bind::{BindError, Sockets, bind, bind_new};
pub use gate::{Entrance, Gate};
pub use handover::{Offered, take as take_over};
pub use permit::Permit;
pub use probe::Probe;
pub(crate) use probe::{Watcher, watched};
pub use succession::{addresses, hand_over};
pub use tenure::{Covered, Tenure};
