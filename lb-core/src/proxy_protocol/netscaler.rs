//! NetScaler's Client IP header (manual 5.1 "accept-netscaler-cip"): a number that both sides know, a length, and a copy of
//! the client's IP and TCP headers.

use super::parse::Refused;
use super::{Header, Refusal};
use std::net::{IpAddr, SocketAddr};

/// Bytes before the copied headers: number and length; and in the newer form, which has a type and a shorter length.
const OLD: usize = 8;
const NEW: usize = 12;
/// Fewest bytes in all that a header over IPv4 is looked for in, and over IPv6.
const LEAST_V4: usize = 40;
const LEAST_V6: usize = 60;
/// TCP, among protocols of IP.
const TCP: u8 = 6;
/// An IPv6 header.
const IPV6: usize = 40;

/// Reads the header at the start of `bytes`, and says how long it is; it may be longer than `bytes`.
///
/// # Errors
/// Why there is no header that can be used.
pub(super) fn parse(bytes: &[u8], magic: u32) -> Result<(Header, usize), Refused> {
    let (truncated, unhandled) = ((Refusal::Truncated, None), (Refusal::Unhandled, None));
    let (Some(number), Some(place @ [form, ..])) = (bytes.first_chunk(), bytes.get(OLD..NEW)) else {
        return Err(truncated);
    };
    if u32::from_be_bytes(*number) != magic {
        return Err((Refusal::NoHeader, None));
    }
    // In the older form this byte begins the IP header, version 4 or 6.
    let (prefix, length) = match form {
        _ if form & 0xD0 == 0x40 => (OLD, bytes.get(4..OLD).unwrap_or_default()),
        0 => (NEW, place.get(2..).unwrap_or_default()),
        _ => return Err(unhandled),
    };
    let length = length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    let ip = bytes.get(prefix..).unwrap_or_default();
    let Some(first) = ip.first() else { return Err(truncated) };
    let least = match first >> 4 {
        4 => LEAST_V4,
        6 => LEAST_V6,
        _ => return Err(unhandled),
    };
    if bytes.len() < least.max(length) {
        return Err(truncated);
    }
    let read = if least == LEAST_V4 { v4(ip) } else { v6(ip) };
    let (protocol, source, destination, tcp) = read.ok_or((Refusal::Truncated, None))?;
    if protocol != TCP {
        return Err(unhandled);
    }
    let Some([a, b, c, d]) = ip.get(tcp..).and_then(<[u8]>::first_chunk) else { return Err(truncated) };
    let source = SocketAddr::new(source, u16::from_be_bytes([*a, *b]));
    let destination = SocketAddr::new(destination, u16::from_be_bytes([*c, *d]));
    Ok((Header { addresses: Some((source, destination)), tlvs: Vec::new() }, prefix + length))
}

/// What an IP header says: protocol, source, destination, and where the next header is.
type Ip = (u8, IpAddr, IpAddr, usize);

fn v4(ip: &[u8]) -> Option<Ip> {
    let source: [u8; 4] = *ip.get(12..)?.first_chunk()?;
    let destination: [u8; 4] = *ip.get(16..)?.first_chunk()?;
    let words = usize::from(ip.first()? & 0x0F);
    Some((*ip.get(9)?, source.into(), destination.into(), words * 4))
}

fn v6(ip: &[u8]) -> Option<Ip> {
    let source: [u8; 16] = *ip.get(8..)?.first_chunk()?;
    let destination: [u8; 16] = *ip.get(24..)?.first_chunk()?;
    Some((*ip.get(6)?, source.into(), destination.into(), IPV6))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    const MAGIC: u32 = 0xCCC0_FFEE;
    const PORTS: &[u8] = b"\x04\x57\x08\xae\0\0\0\0\0\0\0\0\x50\0\0\0\0\0\0\0";

    fn ip4(first: u8, protocol: u8, options: &[u8]) -> Vec<u8> {
        let head = [first, 0, 0, 40, 0, 0, 0, 0, 64, protocol, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
        [&head, options, PORTS].concat()
    }

    fn ip6(first: u8, next: u8) -> Vec<u8> {
        let head = [first, 0, 0, 0, 0, 20, next, 64];
        let (mut from, mut to) = ([0; 16], [0; 16]);
        (from[15], to[15]) = (1, 2);
        [&head[..], &from, &to, PORTS].concat()
    }

    fn old_of(length: u32, ip: &[u8]) -> Vec<u8> {
        [&MAGIC.to_be_bytes()[..], &length.to_be_bytes(), ip].concat()
    }

    fn old(ip: &[u8]) -> Vec<u8> {
        old_of(u32::try_from(ip.len()).unwrap(), ip)
    }

    fn new(kind: u16, length: u16, ip: &[u8]) -> Vec<u8> {
        [&MAGIC.to_be_bytes()[..], &[0, 0, 0, 52], &kind.to_be_bytes(), &length.to_be_bytes(), ip].concat()
    }

    /// Verdicts and lengths read off haproxy 2.6.12.
    #[test]
    fn headers_are_judged_as_by_haproxy() {
        use Refusal::*;
        let v4 = ip4(0x45, TCP, b"");
        let v6 = ip6(0x60, TCP);
        let table: Vec<(Vec<u8>, Result<usize, Refusal>)> = vec![
            (old(&v4), Ok(48)),
            (old(&v6), Ok(68)),
            (new(1, 40, &v4), Ok(52)),
            (new(0, 40, &v4), Ok(52)),
            (new(40, 1, &v4), Ok(13)),
            (new(0x0C01, 40, &v4), Err(Unhandled)),
            (new(1, 0x2801, &v4), Err(Truncated)),
            (old(&v4)[..11].to_vec(), Err(Truncated)),
            (old(&v4)[..12].to_vec(), Err(Truncated)),
            (old(&v4)[..39].to_vec(), Err(Truncated)),
            // More is announced than came, which shows when it is read.
            (old(&v4)[..40].to_vec(), Ok(48)),
            (old(&v6)[..59].to_vec(), Err(Truncated)),
            (old(&v6)[..60].to_vec(), Ok(68)),
            (old(&ip4(0x45, 17, b"")), Err(Unhandled)),
            (old(&ip6(0x60, 17)), Err(Unhandled)),
            (old(&ip4(0x55, TCP, b"")), Err(Unhandled)),
            (old(&ip4(0x05, TCP, b"")), Err(Unhandled)),
            (old(&ip6(0x70, TCP)), Err(Unhandled)),
            (new(1, 40, &ip4(0x55, TCP, b"")), Err(Unhandled)),
            (old(&ip4(0x46, TCP, b"\0\0\0\0")), Ok(52)),
            // Its ports would lie behind what came; haproxy takes what its memory has there.
            (old(&ip4(0x4F, TCP, b"")), Err(Truncated)),
            (old_of(0, &v4), Ok(8)),
            (old_of(20, &v4), Ok(28)),
            (old_of(100, &v4), Err(Truncated)),
            (old_of(u32::MAX, &v4), Err(Truncated)),
            (b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n".to_vec(), Err(NoHeader)),
            (b"GET / HTTP/1.0\r\n\r\n".to_vec(), Err(NoHeader)),
        ];
        for (bytes, expected) in table {
            let found = parse(&bytes, MAGIC).map(|(_, length)| length).map_err(|(refusal, _)| refusal);
            assert_eq!(found, expected, "{bytes:?}");
        }
        let (header, _) = parse(&old(&ip4(0x46, TCP, b"\0\0\0\0")), MAGIC).unwrap();
        assert_eq!(header.addresses, Some((([1, 2, 3, 4], 1111).into(), ([5, 6, 7, 8], 2222).into())));
        let (header, _) = parse(&old(&v6), MAGIC).unwrap();
        assert_eq!(header.addresses.unwrap().0, "[::1]:1111".parse().unwrap());
        assert_eq!(parse(&old(&v4), 1).unwrap_err().0, NoHeader);
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, length: u32) {
            let _ = parse(&bytes, MAGIC);
            let _ = parse(&old_of(length, &bytes), MAGIC);
            let _ = parse(&new(0, length as u16, &bytes), MAGIC);
        }
    }
}
