//! What the client asks neighbours, as frames, and what answers say. Pure.

use crate::world::{CLIENT, CLIENT_MAC, CLIENT6, Mac, VIP, VIP6};
use std::net::Ipv6Addr;

const EVERYBODY: Mac = [0xff; 6];
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;

/// By what somebody shows that it has the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Arp,
    Ndp,
    Icmp,
}

pub(crate) const KINDS: [Kind; 3] = [Kind::Arp, Kind::Ndp, Kind::Icmp];

fn ip6(text: &str) -> [u8; 16] {
    text.parse::<Ipv6Addr>().unwrap().octets()
}

fn checksum(parts: &[&[u8]]) -> [u8; 2] {
    let bytes = parts.concat();
    let words = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    let carried = |sum: u32| (sum & 0xffff) + (sum >> 16);
    (!u16::try_from(carried(carried(words.sum()))).unwrap()).to_be_bytes()
}

fn ethernet(to: Mac, kind: u16, body: &[u8]) -> Vec<u8> {
    [&to[..], &CLIENT_MAC, &kind.to_be_bytes(), body].concat()
}

fn with_checksum(mut message: Vec<u8>, sum: [u8; 2]) -> Vec<u8> {
    message[2..4].copy_from_slice(&sum);
    message
}

/// Who has the address, by ARP.
pub(crate) fn who_has() -> Vec<u8> {
    let kind = [0, 1, 8, 0, 6, 4, 0, 1];
    let parts: [&[u8]; 5] = [&kind, &CLIENT_MAC, &CLIENT, &[0; 6], &VIP];
    ethernet(EVERYBODY, 0x0806, &parts.concat())
}

fn ipv6(to: Mac, destination: [u8; 16], message: Vec<u8>) -> Vec<u8> {
    let (source, length) = (ip6(CLIENT6), u8::try_from(message.len()).unwrap());
    let pseudo: [&[u8]; 4] = [&source, &destination, &[0, 0, 0, length], &[0, 0, 0, ICMPV6]];
    let sum = checksum(&[&pseudo.concat(), &message]);
    let header = [0x60, 0, 0, 0, 0, length, ICMPV6, 255];
    let parts: [&[u8]; 4] = [&header, &source, &destination, &with_checksum(message, sum)];
    ethernet(to, 0x86dd, &parts.concat())
}

/// Who has the address, by neighbour discovery.
pub(crate) fn solicitation() -> Vec<u8> {
    let target = ip6(VIP6);
    let message: [&[u8]; 4] = [&[135, 0, 0, 0, 0, 0, 0, 0], &target, &[1, 1], &CLIENT_MAC];
    let asked = [&ip6("ff02::1:ff00:0")[..13], &target[13..]].concat();
    let to = [0x33, 0x33, asked[12], asked[13], asked[14], asked[15]];
    ipv6(to, asked.try_into().unwrap(), message.concat())
}

/// An echo request to the address at one machine, of either family.
pub(crate) fn echoes(to: Mac) -> [Vec<u8>; 2] {
    let request = |kind| vec![kind, 0, 0, 0, 0x4c, 0x42, 0, 1];
    let message = request(8);
    let sum = checksum(&[&message]);
    let header = |sum: [u8; 2]| {
        let start = [0x45, 0, 0, 28, 0, 0, 0, 0, 64, ICMP, sum[0], sum[1]];
        [&start[..], &CLIENT, &VIP].concat()
    };
    let header = header(checksum(&[&header([0, 0])]));
    let four = ethernet(to, 0x0800, &[header, with_checksum(message, sum)].concat());
    [four, ipv6(to, ip6(VIP6), request(128))]
}

/// Who shows by a frame that it has the address, and by what.
pub(crate) fn claim(frame: &[u8]) -> Option<(Kind, Mac)> {
    let (from, body): (Mac, _) = (frame.get(6..12)?.try_into().ok()?, frame.get(14..)?);
    if from == CLIENT_MAC {
        return None;
    }
    let kind = match frame.get(12..14)? {
        [8, 6] => (body.get(14..18)? == VIP).then_some(Kind::Arp),
        [8, 0] => {
            let echo = body.get(9) == Some(&ICMP) && body.get(12..16)? == VIP && body.get(20) == Some(&0);
            echo.then_some(Kind::Icmp)
        }
        [0x86, 0xdd] if body.get(6) == Some(&ICMPV6) => match body.get(40)? {
            129 => (body.get(8..24)? == ip6(VIP6)).then_some(Kind::Icmp),
            136 => (body.get(48..64)? == ip6(VIP6)).then_some(Kind::Ndp),
            _ => None,
        },
        _ => None,
    };
    kind.map(|kind| (kind, from))
}
