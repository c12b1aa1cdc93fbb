//! `balance source`: the client's address.

use std::net::IpAddr;

/// An address as one number: the words of an IPv6 address are folded by exclusive or.
pub(super) fn number(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(address) => address.to_bits(),
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            (bits >> 96) as u32 ^ (bits >> 64) as u32 ^ (bits >> 32) as u32 ^ bits as u32
        }
    }
}
