//! What tells neighbours where an address is: gratuitous ARP (RFC 5227, section 3) and unsolicited neighbour
//! advertisements (RFC 4861, section 7.2.6). And what tells that another has it. Pure.

use socket2::SockFilter;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An Ethernet address.
pub(super) type Mac = [u8; 6];

/// EtherTypes.
pub(super) const ARP: u16 = 0x0806;
pub(super) const IPV6: u16 = 0x86dd;

const EVERYBODY: Mac = [0xff; 6];
/// All nodes of the link (RFC 2464, section 7).
const ALL_NODES: Mac = [0x33, 0x33, 0, 0, 0, 1];
const ICMPV6: u8 = 58;

/// The frames that announce an address, with their EtherTypes. ARP in both forms: some take only one of them.
pub(super) fn announcements(mac: Mac, ip: IpAddr) -> Vec<(u16, Vec<u8>)> {
    match ip {
        IpAddr::V4(ip) => vec![(ARP, arp(1, mac, ip)), (ARP, arp(2, mac, ip))],
        IpAddr::V6(ip) => vec![(IPV6, advertisement(mac, ip))],
    }
}

fn arp(operation: u8, mac: Mac, ip: Ipv4Addr) -> Vec<u8> {
    let [high, low] = ARP.to_be_bytes();
    let kind = [high, low, 0, 1, 8, 0, 6, 4, 0, operation];
    let parts: [&[u8]; 7] = [&EVERYBODY, &mac, &kind, &mac, &ip.octets(), &EVERYBODY, &ip.octets()];
    parts.concat()
}

fn advertisement(mac: Mac, ip: Ipv6Addr) -> Vec<u8> {
    let all_nodes = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1).octets();
    // Advertisement, override; then the target, and its link-layer address.
    let parts: [&[u8]; 4] = [&[ADVERTISEMENT, 0, 0, 0, 0x20, 0, 0, 0], &ip.octets(), &TARGET_ADDRESS, &mac];
    let mut message = parts.concat();
    let length = [0, 0, 0, 32];
    let pseudo: [&[u8]; 5] = [&ip.octets(), &all_nodes, &length, &[0, 0, 0, ICMPV6], &message];
    let sum = checksum(&pseudo.concat());
    if let Some(place) = message.get_mut(2..4) {
        place.copy_from_slice(&sum.to_be_bytes());
    }
    let header = [0x60, 0, 0, 0, 0, 32, ICMPV6, 255];
    let parts: [&[u8]; 7] =
        [&ALL_NODES, &mac, &IPV6.to_be_bytes(), &header, &ip.octets(), &all_nodes, &message];
    parts.concat()
}

/// The Internet's (RFC 1071), of an even number of bytes.
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.as_chunks::<2>().0.iter().map(|word| u32::from(u16::from_be_bytes(*word)));
    let carried = |sum: u32| (sum & 0xffff) + (sum >> 16);
    !u16::try_from(carried(carried(words.sum()))).unwrap_or_default()
}

/// The message with which a neighbour says where an address is.
const ADVERTISEMENT: u8 = 136;
/// Its option that names the Ethernet address of the one that it is about.
const TARGET_ADDRESS: [u8; 2] = [2, 1];

/// Lets neighbour advertisements through and nothing else, before the socket wakes anybody (classic BPF).
pub(super) fn advertisements_only() -> [SockFilter; 8] {
    const HALF: u16 = 0x28;
    const BYTE: u16 = 0x30;
    const EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    [
        SockFilter::new(HALF, 0, 0, 12),
        SockFilter::new(EQUAL, 0, 5, IPV6.into()),
        SockFilter::new(BYTE, 0, 0, 20),
        SockFilter::new(EQUAL, 0, 3, ICMPV6.into()),
        SockFilter::new(BYTE, 0, 0, 54),
        SockFilter::new(EQUAL, 0, 1, ADVERTISEMENT.into()),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
        SockFilter::new(RETURN, 0, 0, 0),
    ]
}

/// Who says in a frame that an address is where.
pub(super) fn claim(frame: &[u8]) -> Option<(Mac, IpAddr)> {
    let arp = || arp_claim(frame).map(|(mac, ip)| (mac, ip.into()));
    arp().or_else(|| advertised(frame).map(|(mac, ip)| (mac, ip.into())))
}

/// Without the option, whoever sent the frame has the address.
fn advertised(frame: &[u8]) -> Option<(Mac, Ipv6Addr)> {
    let is_advertisement = frame.get(12..14)? == IPV6.to_be_bytes()
        && frame.get(20) == Some(&ICMPV6)
        && frame.get(54) == Some(&ADVERTISEMENT);
    is_advertisement.then_some(())?;
    let ip: [u8; 16] = frame.get(62..78)?.try_into().ok()?;
    let told = frame.get(78..86).and_then(|option| option.strip_prefix(&TARGET_ADDRESS));
    let mac = told.or_else(|| frame.get(6..12))?.try_into().ok()?;
    Some((mac, ip.into()))
}

fn arp_claim(frame: &[u8]) -> Option<(Mac, Ipv4Addr)> {
    let body = frame.get(12..)?;
    body.starts_with(&[8, 6, 0, 1, 8, 0, 6, 4]).then_some(())?;
    let mac = body.get(10..16)?.try_into().ok()?;
    let ip: [u8; 4] = body.get(16..20)?.try_into().ok()?;
    Some((mac, ip.into()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const MAC: Mac = [2, 0, 0, 0, 0, 9];

    #[test]
    fn arp_claims_what_it_announces() {
        let ip = Ipv4Addr::new(10, 0, 0, 100);
        let frames = announcements(MAC, ip.into());
        assert_eq!(frames.len(), 2);
        for (kind, frame) in frames {
            assert_eq!((kind, frame.len()), (ARP, 42));
            assert_eq!(claim(&frame), Some((MAC, ip.into())));
            assert_eq!(claim(&frame[..30]), None);
        }
    }

    #[test]
    fn advertisements_are_whole() {
        let ip: Ipv6Addr = "2001:db8::64".parse().unwrap();
        let (_, frame) = announcements(MAC, ip.into()).remove(0);
        assert_eq!(frame.len(), 14 + 40 + 32);
        let message = &frame[54..];
        let pseudo = [&frame[22..54], &[0, 0, 0, 32, 0, 0, 0, ICMPV6], message].concat();
        assert_eq!(checksum(&pseudo), 0, "a right checksum makes the sum nought");
        assert_eq!(message[8..24], ip.octets());
        assert_eq!(claim(&frame), Some((MAC, ip.into())));
        assert_eq!(claim(&frame[..70]), None);
        // An answer may come without the option.
        assert_eq!(claim(&frame[..78]), Some((MAC, ip.into())));
        let solicitation = [&frame[..54], &[135][..], &frame[55..]].concat();
        assert_eq!(claim(&solicitation), None);
    }
}
