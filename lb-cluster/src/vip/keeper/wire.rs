//! What passes between who decides and who does it: one packet each, on one machine, between the same build.

use crate::vip::Moment;
use serde::{Deserialize, Serialize};

/// The longest packet.
pub(super) const PACKET: usize = 64;

/// What is to be done. No order says to which addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// Puts the guard in place, closed.
    Rebuild,
    /// Opens it until then, on the system's monotonic clock.
    Guard(Moment),
    /// Closes it.
    Close,
    /// Puts the addresses on their interfaces, or prolongs them, if the guard is open.
    Address,
    /// Takes them off.
    Remove,
    /// Announces them, if the guard is open.
    Announce,
}

/// What became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// So many orders have been carried out.
    pub done: u64,
    /// The guard is in place, and took the last order.
    pub guarded: bool,
    /// The guard can be built.
    pub able: bool,
    /// All interfaces have carrier.
    pub carrier: bool,
    /// How often something happened for which the addresses are announced anew.
    pub stirred: u64,
    /// Frames in which another claimed an address that was held.
    pub claims: u64,
    /// Orders to open that came too late, so that the guard was closed.
    pub fenced: u64,
}

/// A packet's bytes.
pub(super) fn encode(value: &impl Serialize) -> Vec<u8> {
    // Numbers and switches: there is nothing that could fail.
    postcard::to_allocvec(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn packets_are_short() {
        let order = Order::Guard(Moment::MAX);
        assert!(encode(&order).len() < PACKET);
        assert_eq!(postcard::from_bytes::<Order>(&encode(&order)).unwrap(), order);
        let all = u64::MAX;
        let report = Report {
            done: all,
            guarded: true,
            able: true,
            carrier: true,
            stirred: all,
            claims: all,
            fenced: all,
        };
        assert!(encode(&report).len() < PACKET);
        assert_eq!(postcard::from_bytes::<Report>(&encode(&report)).unwrap(), report);
    }
}
