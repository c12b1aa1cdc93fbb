//! Sets of addresses and networks.

use super::ranges::Ranges;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};

/// IPv4 and IPv6 networks as ranges.
#[derive(Clone, Debug)]
pub struct Networks {
    v4: Ranges<u32>,
    v6: Ranges<u128>,
}

impl Networks {
    /// Reads patterns: an address, `address/bits`, `address/mask`, and host names when `resolve`.
    pub fn parse(patterns: &[&str], resolve: bool) -> Result<Self, String> {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for pattern in patterns {
            match network(pattern) {
                Some(Network::V4(low, high)) => v4.push((low, high)),
                Some(Network::V6(low, high)) => v6.push((low, high)),
                None if resolve => {
                    for address in look_up(pattern)? {
                        match address {
                            IpAddr::V4(address) => v4.push((address.into(), address.into())),
                            IpAddr::V6(address) => v6.push((address.into(), address.into())),
                        }
                    }
                }
                None => return Err(not_an_address(pattern)),
            }
        }
        Ok(Self { v4: Ranges::new(v4), v6: Ranges::new(v6) })
    }

    /// True when a network holds the address. An IPv4 address is also looked for in its mapped form among IPv6
    /// networks; an IPv6 one that carries an IPv4 address (mapped, compatible, 6to4) also as that.
    #[inline]
    pub fn contains(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => {
                self.v4.contains(address.into())
                    || (!self.v6.is_empty() && self.v6.contains(address.to_ipv6_mapped().into()))
            }
            IpAddr::V6(address) => {
                self.v6.contains(address.into())
                    || (!self.v4.is_empty() && carried(address).is_some_and(|v4| self.v4.contains(v4.into())))
            }
        }
    }
}

/// The IPv4 address within an IPv6 one.
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    if let [0x2002, high, low, ..] = address.segments() {
        return Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    }
    address.to_ipv4()
}

/// First and last address of a network.
pub(super) enum Network {
    V4(u32, u32),
    V6(u128, u128),
}

pub(super) fn network(pattern: &str) -> Option<Network> {
    let (address, mask) = match pattern.split_once('/') {
        Some((address, mask)) => (address, Some(mask)),
        None => (pattern, None),
    };
    if let Some(address) = ipv4(address) {
        let mask = match mask {
            None => u32::MAX,
            Some(text) => match text.parse::<u32>() {
                Ok(bits) => mask32(bits)?,
                Err(_) => u32::from(text.parse::<Ipv4Addr>().ok()?),
            },
        };
        let low = u32::from(address) & mask;
        return Some(Network::V4(low, low | !mask));
    }
    let address = u128::from(address.parse::<Ipv6Addr>().ok()?);
    let mask = match mask {
        None => u128::MAX,
        Some(text) => mask128(text.parse().ok()?)?,
    };
    Some(Network::V6(address & mask, address & mask | !mask))
}

fn mask32(bits: u32) -> Option<u32> {
    (bits <= 32).then(|| u32::MAX.checked_shl(32 - bits).unwrap_or(0))
}

fn mask128(bits: u32) -> Option<u128> {
    (bits <= 128).then(|| u128::MAX.checked_shl(128 - bits).unwrap_or(0))
}

/// Four numbers, or fewer, of which the last fills the rest (`10.1` is 10.0.0.1, `10` is 0.0.0.10), as inet_aton(3) reads them.
fn ipv4(text: &str) -> Option<Ipv4Addr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let parts: Option<Vec<u32>> = text.split('.').map(|part| part.parse().ok()).collect();
    let parts = parts?;
    let (last, first) = parts.split_last()?;
    if first.len() > 3 || first.iter().any(|part| *part > 255) {
        return None;
    }
    let high = first.iter().enumerate().fold(0, |value, (index, part)| value | part << (24 - 8 * index));
    let room = 32 - 8 * first.len();
    (u64::from(*last) < 1 << room).then(|| Ipv4Addr::from(high | last))
}

fn look_up(name: &str) -> Result<Vec<IpAddr>, String> {
    let found = (name, 0).to_socket_addrs().map_err(|_| not_an_address(name))?;
    Ok(found.map(|address| address.ip()).collect())
}

fn not_an_address(pattern: &str) -> String {
    format!("'{pattern}' is not a valid IPv4 or IPv6 address")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Read off haproxy 2.6.12.
    #[test]
    fn families_meet_as_in_haproxy() {
        for (pattern, address, holds) in [
            ("10.0.0.0/8", "10.1.1.1", true),
            ("10.0.0.0/255.0.0.0", "10.1.1.1", true),
            ("10.1", "10.0.0.1", true),
            ("::ffff:10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "::ffff:10.0.0.1", true),
            ("10.0.0.1", "2002:0a00:0001::", true),
            ("10.0.0.1", "::10.0.0.1", true),
            ("2002:0a00:0001::/48", "10.0.0.1", false),
            ("::/0", "10.0.0.1", true),
            ("::ffff:0:0/96", "10.0.0.1", true),
            ("0.0.0.0/0", "2001::1", false),
            ("2001:db8::/32", "2001:db8::1", true),
        ] {
            let networks = Networks::parse(&[pattern], false).unwrap();
            assert_eq!(networks.contains(address.parse().unwrap()), holds, "{pattern} {address}");
        }
        assert!(
            Networks::parse(&["10.0.0.0/33"], false).is_err() && Networks::parse(&["nope"], false).is_err()
        );
    }
}
