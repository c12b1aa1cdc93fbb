//! Which server gets which record.

use super::Service;
use haproxy_cfg_parser::model::ResolveOptions;
use std::net::IpAddr;

/// The address for a server among those of its name: one of a preferred network before others, its present one before
/// a new one, and none that another server of its backend has, unless it may.
pub(super) fn address(
    candidates: impl Iterator<Item = IpAddr>,
    current: Option<IpAddr>,
    taken: impl Fn(IpAddr) -> bool,
    options: &ResolveOptions,
) -> Option<IpAddr> {
    let mut best: Option<(u8, IpAddr)> = None;
    for ip in candidates {
        if !options.allow_duplicates && taken(ip) {
            continue;
        }
        let preferred = options.networks.iter().any(|network| contains(*network, ip));
        let score = u8::from(preferred) * 2 + u8::from(current == Some(ip));
        if best.is_none_or(|(known, _)| score > known) {
            best = Some((score, ip));
        }
    }
    best.map(|(_, ip)| ip)
}

/// The address for a server among those of its host that came with the record of its service: of the family that it
/// would rather have before the other.
pub(super) fn told(
    service: &Service,
    current: Option<IpAddr>,
    taken: impl Fn(IpAddr) -> bool,
    options: &ResolveOptions,
) -> Option<IpAddr> {
    let of_family = |v4: bool| service.addresses.iter().copied().filter(move |ip| ip.is_ipv4() == v4);
    let first = options.prefer_ipv4;
    address(of_family(first), current, &taken, options)
        .or_else(|| address(of_family(!first), current, &taken, options))
}

/// The network holds the address.
fn contains((network, bits): (IpAddr, u8), ip: IpAddr) -> bool {
    let (network, ip, width) = match (network, ip) {
        (IpAddr::V4(network), IpAddr::V4(ip)) => {
            (u128::from(network.to_bits()), u128::from(ip.to_bits()), 32)
        }
        (IpAddr::V6(network), IpAddr::V6(ip)) => (network.to_bits(), ip.to_bits(), 128),
        _ => return false,
    };
    let shift = u32::from(width - bits.min(width));
    network.checked_shr(shift).unwrap_or(0) == ip.checked_shr(shift).unwrap_or(0)
}

/// What becomes of the servers of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// The server's record is gone.
    Leave(usize),
    /// The server gets a record that none has.
    Take(usize, Service),
    /// The record of the server has another weight, perhaps.
    Stay(usize, Service),
}

/// Places the records of a service on servers, each of which has a target and port already or none: those whose record
/// is still there keep it, and new records go to free servers in order. Records beyond the last free server wait.
pub(super) fn services(servers: &[Option<(String, u16)>], records: &[Service]) -> Vec<Move> {
    let mut moves = Vec::new();
    let mut free = Vec::new();
    let mut unplaced: Vec<&Service> = records.iter().collect();
    for (index, server) in servers.iter().enumerate() {
        let Some((target, port)) = server else {
            free.push(index);
            continue;
        };
        match unplaced.iter().position(|record| record.target == *target && record.port == *port) {
            Some(found) => moves.push(Move::Stay(index, unplaced.remove(found).clone())),
            None => {
                moves.push(Move::Leave(index));
                free.push(index);
            }
        }
    }
    free.sort_unstable();
    moves.extend(free.into_iter().zip(unplaced).map(|(index, record)| Move::Take(index, record.clone())));
    moves
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn ip(last: u8) -> IpAddr {
        [127, 0, 0, last].into()
    }

    #[test]
    fn addresses_are_chosen() {
        let plain = ResolveOptions::default();
        let all = || [ip(1), ip(2), ip(3)].into_iter();
        assert_eq!(address(all(), None, |_| false, &plain), Some(ip(1)));
        assert_eq!(address(all(), Some(ip(2)), |_| false, &plain), Some(ip(2)));
        assert_eq!(address(all(), None, |one| one == ip(1), &plain), Some(ip(2)));
        assert_eq!(address(all(), Some(ip(9)), |_| true, &plain), None);
        let shared = ResolveOptions { allow_duplicates: true, ..plain.clone() };
        assert_eq!(address(all(), None, |_| true, &shared), Some(ip(1)));
        let near = ResolveOptions { networks: vec![(ip(3), 32)], ..plain };
        assert_eq!(address(all(), Some(ip(1)), |_| false, &near), Some(ip(3)));
    }

    #[test]
    fn addresses_that_came_with_a_record() {
        let (any, four) =
            (ResolveOptions::default(), ResolveOptions { prefer_ipv4: true, ..ResolveOptions::default() });
        let six: IpAddr = "::9".parse().unwrap();
        let service = Service { addresses: vec![ip(1), six, ip(2)], ..record(80) };
        assert_eq!(told(&service, None, |_| false, &any), Some(six));
        assert_eq!(told(&service, None, |_| false, &four), Some(ip(1)));
        assert_eq!(told(&service, Some(ip(2)), |_| false, &four), Some(ip(2)));
        assert_eq!(told(&service, None, |one| one.is_ipv4(), &four), Some(six));
        assert_eq!(told(&record(80), None, |_| false, &any), None);
    }

    #[test]
    fn networks_hold_addresses() {
        assert!(contains((ip(0), 8), ip(77)));
        assert!(!contains((ip(0), 30), ip(4)));
        assert!(contains((ip(0), 0), [9, 9, 9, 9].into()));
        assert!(contains(("::".parse().unwrap(), 0), "fe80::1".parse().unwrap()));
        assert!(!contains(("::".parse().unwrap(), 0), ip(1)));
    }

    fn record(port: u16) -> Service {
        Service { target: format!("h{port}.test"), port, weight: 0, addresses: Vec::new() }
    }

    proptest! {
        /// After every change of the records, as many servers as can have one, no two have the same, and one that
        /// keeps its record stays where it is.
        #[test]
        fn records_find_their_servers(rounds in proptest::collection::vec(proptest::collection::btree_set(1..9u16, 0..9), 1..9), count in 1..6usize) {
            let mut servers: Vec<Option<(String, u16)>> = vec![None; count];
            for ports in rounds {
                let records: Vec<Service> = ports.iter().map(|port| record(*port)).collect();
                let before = servers.clone();
                for step in services(&servers.clone(), &records) {
                    match step {
                        Move::Leave(index) => servers[index] = None,
                        Move::Take(index, service) => {
                            prop_assert!(servers[index].is_none());
                            servers[index] = Some((service.target, service.port));
                        }
                        Move::Stay(index, service) => {
                            prop_assert_eq!(&before[index], &Some((service.target, service.port)));
                        }
                    }
                }
                let mut held: Vec<u16> = servers.iter().flatten().map(|(_, port)| *port).collect();
                prop_assert_eq!(held.len(), count.min(records.len()));
                held.sort_unstable();
                held.dedup();
                prop_assert_eq!(held.len(), count.min(records.len()));
                for (old, new) in before.iter().zip(&servers) {
                    if let Some((_, port)) = old && ports.contains(port) {
                        prop_assert_eq!(old, new);
                    }
                }
            }
        }
    }
}
