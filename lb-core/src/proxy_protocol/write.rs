//! A header for a server (`send-proxy` and its like).

use super::{FIXED, SIGNATURE, tlv};
use crate::sample::converter::crc32c;
use haproxy_cfg_parser::model::ServerLine;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};

/// What a server's line asks to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// 1 or 2.
    pub version: u8,
    /// `crc32c`.
    pub crc32c: bool,
    /// `authority`.
    pub authority: bool,
    /// `unique-id`.
    pub unique_id: bool,
    /// `ssl`, or any of the options that imply it. This build terminates no TLS: it says so.
    pub ssl: bool,
}

impl Style {
    /// What the line asks for; none: no header.
    pub fn of(line: &ServerLine) -> Option<Self> {
        let version = line.send_proxy?;
        let has = |name: &str| line.others.iter().any(|(known, _)| *known == name);
        let options = line.others.iter().find(|(name, _)| *name == "proxy-v2-options");
        let option = |names: &[&str]| {
            let words = options.and_then(|(_, words)| words.first()).map_or("", String::as_str);
            words.split(',').any(|word| names.contains(&word))
        };
        Some(Self {
            version,
            crc32c: option(&["crc32c"]),
            authority: option(&["authority"]),
            unique_id: option(&["unique-id"]),
            ssl: has("send-proxy-v2-ssl")
                || has("send-proxy-v2-ssl-cn")
                || option(&["ssl", "cert-cn", "ssl-cipher", "cert-sig", "cert-key"]),
        })
    }
}

/// TLS details of a connection without TLS: no flag, verified.
const NO_TLS: [u8; 5] = [0; 5];

/// Writes the header for a connection of these addresses; none: it speaks for nobody. `value` knows values by type, and
/// `further` are those that come behind them.
pub fn write<'a>(
    style: Style,
    addresses: Option<(SocketAddr, SocketAddr)>,
    value: impl Fn(u8) -> Option<&'a [u8]>,
    further: &[(u8, Vec<u8>)],
    out: &mut Vec<u8>,
) {
    if style.version == 1 {
        return line(addresses, out);
    }
    let start = out.len();
    out.extend_from_slice(SIGNATURE);
    match addresses {
        None => out.extend_from_slice(&[0x20, 0x00, 0, 0]),
        Some((source, destination)) => match (source.ip(), destination.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                out.extend_from_slice(&[0x21, 0x11, 0, 0]);
                out.extend_from_slice(&from.octets());
                out.extend_from_slice(&to.octets());
            }
            (from, to) => {
                out.extend_from_slice(&[0x21, 0x21, 0, 0]);
                for ip in [from, to] {
                    let ip = match ip {
                        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
                        IpAddr::V6(ip) => ip,
                    };
                    out.extend_from_slice(&ip.octets());
                }
            }
        },
    }
    if let Some((source, destination)) = addresses {
        out.extend_from_slice(&source.port().to_be_bytes());
        out.extend_from_slice(&destination.port().to_be_bytes());
    }
    let mut checksum = None;
    if style.crc32c {
        push(tlv::CRC32C, &[0; 4], out);
        checksum = Some(out.len() - 4);
    }
    if style.authority
        && let Some(authority) = value(tlv::AUTHORITY)
    {
        push(tlv::AUTHORITY, authority, out);
    }
    if style.unique_id {
        push(tlv::UNIQUE_ID, value(tlv::UNIQUE_ID).unwrap_or_default(), out);
    }
    for (kind, value) in further {
        push(*kind, value, out);
    }
    if style.ssl {
        push(tlv::SSL, &NO_TLS, out);
    }
    let length = u16::try_from(out.len() - start - FIXED).unwrap_or(u16::MAX);
    put(out, start + 14, &length.to_be_bytes());
    if let Some(at) = checksum {
        let sum = crc32c(out.get(start..).unwrap_or_default());
        put(out, at, &sum.to_be_bytes());
    }
}

/// Version 1.
fn line(addresses: Option<(SocketAddr, SocketAddr)>, out: &mut Vec<u8>) {
    let family = match addresses {
        Some((SocketAddr::V4(_), SocketAddr::V4(_))) => "TCP4",
        Some((SocketAddr::V6(_), SocketAddr::V6(_))) => "TCP6",
        _ => return out.extend_from_slice(b"PROXY UNKNOWN\r\n"),
    };
    if let Some((source, destination)) = addresses {
        // Writing into memory does not fail.
        let _ = write!(
            out,
            "PROXY {family} {} {} {} {}\r\n",
            source.ip(),
            destination.ip(),
            source.port(),
            destination.port()
        );
    }
}

/// Longest value: what every receiver has room for.
const LONGEST: usize = 1024;

/// A value with its type and length.
fn push(kind: u8, value: &[u8], out: &mut Vec<u8>) {
    let value = value.get(..value.len().min(LONGEST)).unwrap_or_default();
    out.push(kind);
    out.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
    out.extend_from_slice(value);
}

fn put(out: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = out.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(style: Style, addresses: Option<(SocketAddr, SocketAddr)>) -> Vec<u8> {
        written_with(style, addresses, 0)
    }

    fn written_with(style: Style, addresses: Option<(SocketAddr, SocketAddr)>, further: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let value = |kind| match kind {
            tlv::AUTHORITY => Some(&b"auth.example"[..]),
            tlv::UNIQUE_ID => Some(&b"x1.2.3.4y"[..]),
            _ => None,
        };
        write(style, addresses, value, &[(0xE1, b"x".to_vec()), (0xE2, Vec::new())][..further], &mut out);
        out
    }

    /// HAProxy 2.6 knows no values of users' own.
    #[test]
    fn further_values_come_last() {
        let v4 = Some((([1, 2, 3, 4], 1111).into(), ([5, 6, 7, 8], 2222).into()));
        let style = Style { version: 2, unique_id: true, ..Style::default() };
        let header = written_with(style, v4, 2);
        assert!(header.ends_with(b"\x05\0\tx1.2.3.4y\xe1\0\x01x\xe2\0\0"), "{}", header.escape_ascii());
        assert_eq!(crate::proxy_protocol::parse(&header).map(|(_, length)| length), Ok(header.len()));
        assert_eq!(
            written_with(Style { version: 1, ..style }, v4, 2),
            written(Style { version: 1, ..style }, v4)
        );
    }

    /// Bytes that haproxy 2.6.12 sent.
    #[test]
    fn headers_are_haproxys() {
        let v4 = Some((([1, 2, 3, 4], 1111).into(), ([5, 6, 7, 8], 2222).into()));
        let two = Style { version: 2, ..Style::default() };
        assert_eq!(written(Style { version: 1, ..two }, v4), b"PROXY TCP4 1.2.3.4 5.6.7.8 1111 2222\r\n");
        assert_eq!(written(Style { version: 1, ..two }, None), b"PROXY UNKNOWN\r\n");
        assert_eq!(written(two, None), b"\r\n\r\n\0\r\nQUIT\n \0\0\0");
        assert_eq!(
            written(Style { crc32c: true, ..two }, None),
            b"\r\n\r\n\0\r\nQUIT\n \0\0\x07\x03\0\x04\xa9\xb8~\x8f"
        );
        assert_eq!(
            written(Style { authority: true, unique_id: true, ..two }, v4),
            b"\r\n\r\n\0\r\nQUIT\n!\x11\0'\x01\x02\x03\x04\x05\x06\x07\x08\x04W\x08\xae\x02\0\x0cauth.example\x05\0\tx1.2.3.4y"
        );
        assert_eq!(
            written(Style { ssl: true, ..two }, v4),
            b"\r\n\r\n\0\r\nQUIT\n!\x11\0\x14\x01\x02\x03\x04\x05\x06\x07\x08\x04W\x08\xae \0\x05\0\0\0\0\0"
        );
    }
}
