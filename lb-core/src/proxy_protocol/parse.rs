//! Bytes to a header.

use super::{FIXED, Header, Refusal, SIGNATURE, tlv};
use crate::sample::converter::crc32c;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Longest line of version 1, its end included.
const LONGEST_LINE: usize = 108;
/// Fewest bytes that any header has, of which version 1 is told.
const SHORTEST: usize = 9;
/// Longest authority and unique id.
const LONGEST_AUTHORITY: usize = 255;
const LONGEST_ID: usize = 128;

/// A refusal, with the addresses where the header gave them before it went wrong.
pub type Refused = (Refusal, Option<(SocketAddr, SocketAddr)>);

/// Reads the header at the start of `bytes`, and says how long it is.
///
/// As HAProxy does, a header is taken whole from what has arrived: senders write it at once, so that a part of one is
/// refused and not waited for.
///
/// # Errors
/// Why there is no header that can be used.
pub fn parse(bytes: &[u8]) -> Result<(Header, usize), Refused> {
    if let Some(line) = bytes.strip_prefix(b"PROXY ") {
        if bytes.len() < SHORTEST {
            return Err((Refusal::Truncated, None));
        }
        let (header, length) = version_1(line).map_err(|refusal| (refusal, None))?;
        return Ok((header, length + b"PROXY ".len()));
    }
    version_2(bytes)
}

fn version_1(line: &[u8]) -> Result<(Header, usize), Refusal> {
    if line.starts_with(b"UNKNOWN\r\n") {
        return Ok((Header::default(), b"UNKNOWN\r\n".len()));
    }
    let v4 = line.starts_with(b"TCP4 ");
    if !v4 && !line.starts_with(b"TCP6 ") {
        return Err(Refusal::Unhandled);
    }
    let window = line.get(..line.len().min(LONGEST_LINE)).unwrap_or_default();
    // A line feed that comes first ends no line, but shows only with the byte behind it.
    let early = |end: usize| memchr::memchr(b'\n', window).is_some_and(|at| at + 1 < end);
    let Some(end) = memchr::memchr(b'\r', window) else {
        let wrong = early(window.len()) || memchr::memchr(b'\r', line).is_some();
        return Err(if wrong { Refusal::Invalid } else { Refusal::Truncated });
    };
    match window.get(end + 1) {
        Some(b'\n') => {}
        None if !early(end + 1) => return Err(Refusal::Truncated),
        _ => return Err(Refusal::Invalid),
    }
    let text = std::str::from_utf8(window.get(5..end).unwrap_or_default()).map_err(|_| Refusal::Invalid)?;
    let addresses = fields(text, v4).ok_or(Refusal::Invalid)?;
    Ok((Header { addresses: Some(addresses), tlvs: Vec::new() }, end + 2))
}

/// `SOURCE DESTINATION PORT PORT`, each by one space.
fn fields(text: &str, v4: bool) -> Option<(SocketAddr, SocketAddr)> {
    let mut words = text.split(' ');
    let mut ip = || {
        let word = words.next()?;
        if v4 {
            word.parse::<Ipv4Addr>().ok().map(IpAddr::from)
        } else {
            word.parse::<Ipv6Addr>().ok().map(IpAddr::from)
        }
    };
    let (source, destination) = (ip()?, ip()?);
    let mut port =
        || words.next().filter(|word| word.bytes().all(|byte| byte.is_ascii_digit()))?.parse::<u16>().ok();
    let (source_port, destination_port) = (port()?, port()?);
    if words.next().is_some() {
        return None;
    }
    Some((SocketAddr::new(source, source_port), SocketAddr::new(destination, destination_port)))
}

fn version_2(bytes: &[u8]) -> Result<(Header, usize), Refused> {
    let Some((fixed, rest)) = bytes.split_at_checked(FIXED) else { return Err((Refusal::Truncated, None)) };
    let [.., command, family, high, low] = fixed else { return Err((Refusal::Truncated, None)) };
    if !fixed.starts_with(SIGNATURE) || command & 0xF0 != 0x20 {
        return Err((Refusal::NoHeader, None));
    }
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    let Some(body) = rest.get(..length) else { return Err((Refusal::Truncated, None)) };
    let whole = FIXED + length;
    let (addresses, tlvs) = match (command & 0x0F, family) {
        // LOCAL: the proxy speaks for itself.
        (0, _) => return Ok((Header::default(), whole)),
        (1, 0x11) => split::<4>(body),
        (1, 0x21) => split::<16>(body),
        _ => None,
    }
    .ok_or((Refusal::Invalid, None))?;
    let invalid = || (Refusal::Invalid, Some(addresses));
    let values = values(tlvs).ok_or_else(invalid)?;
    let too_long = |kind, most| values.iter().any(|(found, value)| *found == kind && value.len() > most);
    if too_long(tlv::AUTHORITY, LONGEST_AUTHORITY) || too_long(tlv::UNIQUE_ID, LONGEST_ID) {
        return Err(invalid());
    }
    let header = bytes.get(..whole).unwrap_or_default();
    if !checksum_holds(header, whole - tlvs.len()) {
        return Err(invalid());
    }
    Ok((Header { addresses: Some(addresses), tlvs: values }, whole))
}

/// Two addresses of `N` bytes and two ports, and what follows them.
fn split<const N: usize>(body: &[u8]) -> Option<((SocketAddr, SocketAddr), &[u8])>
where
    IpAddr: From<[u8; N]>,
{
    let (source, rest) = body.split_first_chunk::<N>()?;
    let (destination, rest) = rest.split_first_chunk::<N>()?;
    let (ports, rest) = rest.split_first_chunk::<4>()?;
    let [a, b, c, d] = *ports;
    let source = SocketAddr::new(IpAddr::from(*source), u16::from_be_bytes([a, b]));
    let destination = SocketAddr::new(IpAddr::from(*destination), u16::from_be_bytes([c, d]));
    Some(((source, destination), rest))
}

/// Values by type and length; none when they do not end where the header does.
fn values(bytes: &[u8]) -> Option<Vec<(u8, Vec<u8>)>> {
    let (mut rest, mut values) = (bytes, Vec::new());
    while !rest.is_empty() {
        let [kind, high, low, after @ ..] = rest else { return None };
        let (value, after) = after.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))?;
        values.push((*kind, value.to_vec()));
        rest = after;
    }
    Some(values)
}

/// The header's checksum, where it has one, is that of the header with zeroes in its place. `at`: where values begin.
fn checksum_holds(header: &[u8], at: usize) -> bool {
    let mut at = at;
    while let Some([kind, high, low]) = header.get(at..at + 3) {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if *kind == tlv::CRC32C {
            let Some(Ok(sum)) = header.get(at + 3..at + 3 + length).map(<[u8; 4]>::try_from) else {
                return false;
            };
            let mut blank = header.to_vec();
            if let Some(place) = blank.get_mut(at + 3..at + 7) {
                place.fill(0);
            }
            return crc32c(&blank) == u32::from_be_bytes(sum);
        }
        at += 3 + length;
    }
    true
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::{Style, write};
    use super::*;
    use proptest::prelude::*;

    fn refusal(bytes: &[u8]) -> Option<Refusal> {
        parse(bytes).err().map(|(refusal, _)| refusal)
    }

    fn v2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend_from_slice(&[command, family]);
        bytes.extend_from_slice(&(body.len() as u16).to_be_bytes());
        bytes.extend_from_slice(body);
        bytes
    }

    /// Verdicts read off haproxy 2.6.12.
    #[test]
    fn lines_are_judged_as_by_haproxy() {
        use Refusal::*;
        let table: &[(&[u8], Option<Refusal>)] = &[
            (b"PROXY TCP4 1.2.3.4 5.6.7.8 1111 2222\r\nhello", None),
            (b"PROXY TCP4 1.2.3.4 5.6.7.8 01111 2222\r\nhello", None),
            (b"PROXY TCP6 2001:db8::1 2001:db8::2 1111 2222\r\nhello", None),
            (b"PROXY UNKNOWN\r\nhello", None),
            (b"PROXY UNKNOWN ffff::1 dddd::2 1 2\r\nhello", Some(Unhandled)),
            (b"PROXY TCP4 1.2.3.4 5.6.7.8 1111 2222 x\r\n", Some(Invalid)),
            (b"PROXY TCP4 1.2.3.4 5.6.7.8 1111 2222\nhello", Some(Invalid)),
            (b"PROXY TCP4 2001:db8::1 5.6.7.8 1111 2222\r\n", Some(Invalid)),
            (b"PROXY  TCP4 1.2.3.4 5.6.7.8 1111 2222\r\n", Some(Unhandled)),
            (b"PROXY tcp4 1.2.3.4 5.6.7.8 1111 2222\r\n", Some(Unhandled)),
            (b"PROXY TCP4", Some(Unhandled)),
            (b"PROXY T", Some(Truncated)),
            (b"PROX", Some(Truncated)),
            (b"GET / HTTP/1.0\r\n\r\n", Some(NoHeader)),
            // HAProxy lets the numbers of these two overflow.
            (b"PROXY TCP4 1.2.3.400 5.6.7.8 1111 2222\r\n", Some(Invalid)),
            (b"PROXY TCP4 1.2.3.4 5.6.7.8 1111 99999\r\n", Some(Invalid)),
        ];
        for (bytes, expected) in table {
            assert_eq!(refusal(bytes), *expected, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn binary_headers_are_judged_as_by_haproxy() {
        use Refusal::*;
        let v4 = [1, 2, 3, 4, 5, 6, 7, 8, 4, 87, 8, 174];
        let with = |more: &[u8]| [&v4[..], more].concat();
        let table = [
            (v2(0x21, 0x11, &v4), None),
            (v2(0x20, 0, b""), None),
            (v2(0x20, 0x11, &v4), None),
            (v2(0x21, 0, b""), Some(Invalid)),
            (v2(0x21, 0x31, &[0; 216]), Some(Invalid)),
            (v2(0x21, 0x12, &v4), Some(Invalid)),
            (v2(0x22, 0x11, &v4), Some(Invalid)),
            (v2(0x11, 0x11, &v4), Some(NoHeader)),
            (v2(0x21, 0x11, &v4[..10]), Some(Invalid)),
            (v2(0x21, 0x11, &with(b"\x02\0\x20abc")), Some(Invalid)),
            (v2(0x21, 0x11, &with(b"\x03\0\x04\x01\x02\x03\x04")), Some(Invalid)),
            (v2(0x21, 0x11, &v4)[..20].to_vec(), Some(Truncated)),
        ];
        for (bytes, expected) in table {
            assert_eq!(refusal(&bytes), expected, "{bytes:?}");
        }
        let (header, _) = parse(&v2(0x21, 0x11, &with(b"\x02\0\x03a.b\x05\0\x02id"))).unwrap();
        assert_eq!(header.tlv(tlv::AUTHORITY), Some(&b"a.b"[..]));
        assert_eq!(header.tlv(tlv::UNIQUE_ID), Some(&b"id"[..]));
    }

    fn address() -> impl Strategy<Value = (SocketAddr, SocketAddr)> {
        prop_oneof![
            any::<([u8; 4], u16, [u8; 4], u16)>()
                .prop_map(|(a, p, b, q)| (SocketAddr::new(a.into(), p), SocketAddr::new(b.into(), q))),
            any::<([u8; 16], u16, [u8; 16], u16)>()
                .prop_map(|(a, p, b, q)| (SocketAddr::new(a.into(), p), SocketAddr::new(b.into(), q))),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(addresses in address(), version in 1_u8..=2, crc32c: bool, rest: Vec<u8>) {
            let style = Style { version, crc32c, ..Style::default() };
            let mut bytes = Vec::new();
            write(style, Some(addresses), |_| None, &[], &mut bytes);
            let length = bytes.len();
            bytes.extend_from_slice(&rest);
            let (header, read) = parse(&bytes).unwrap();
            prop_assert_eq!(header.addresses, Some(addresses));
            prop_assert_eq!(read, length);
        }

        #[test]
        fn a_part_is_never_taken_for_the_whole(addresses in address(), version in 1_u8..=2, cut: prop::sample::Index) {
            let mut bytes = Vec::new();
            write(Style { version, ..Style::default() }, Some(addresses), |_| None, &[], &mut bytes);
            bytes.truncate(cut.index(bytes.len()));
            prop_assert!(parse(&bytes).is_err());
        }

        #[test]
        fn never_panics(bytes: Vec<u8>, command: u8, family: u8) {
            let _ = parse(&bytes);
            let _ = parse(&[b"PROXY TCP4 ", &bytes[..]].concat());
            let _ = parse(&v2(command, family, &bytes));
        }
    }
}
