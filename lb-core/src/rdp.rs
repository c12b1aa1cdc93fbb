//! The cookie in the first packet of an RDP connection (MS-RDPBCGR 2.2.1.1): `Cookie: NAME=VALUE` and an end of line
//! behind eleven bytes of TPKT and X.224 headers.

use std::net::{Ipv4Addr, SocketAddr};

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie<'a> {
    /// Its value.
    Found(&'a [u8]),
    /// The packet has no such cookie.
    None,
    /// The bytes end too early to tell.
    Short,
}

/// Bytes before the cookie.
const HEADERS: usize = 11;
const LABEL: &[u8] = b"Cookie:";

/// The cookie of that name; of any where the name is empty.
pub fn cookie<'a>(bytes: &'a [u8], name: &[u8]) -> Cookie<'a> {
    let Some(rest) = bytes.get(HEADERS..).filter(|rest| rest.len() > LABEL.len()) else {
        return Cookie::Short;
    };
    let (label, rest) = rest.split_at(LABEL.len());
    if !label.eq_ignore_ascii_case(LABEL) {
        return Cookie::None;
    }
    let blanks = rest.iter().take_while(|byte| **byte == b' ').count();
    let rest = rest.get(blanks..).unwrap_or_default();
    let Some(equals) = memchr::memchr(b'=', rest) else {
        return if memchr::memchr2(b'\r', b'\n', rest).is_some() { Cookie::None } else { Cookie::Short };
    };
    let (found, value) = (rest.get(..equals).unwrap_or_default(), rest.get(equals + 1..).unwrap_or_default());
    let named = if name.is_empty() {
        memchr::memchr2(b'\r', b'\n', found).is_none()
    } else {
        found.eq_ignore_ascii_case(name)
    };
    if !named {
        return Cookie::None;
    }
    match memchr::memchr(b'\r', value) {
        Some(end) => match value.get(end + 1) {
            Some(b'\n') => Cookie::Found(value.get(..end).unwrap_or_default()),
            Some(_) => Cookie::None,
            None => Cookie::Short,
        },
        None => Cookie::Short,
    }
}

/// The server that a `msts` cookie names: its IPv4 address and port as numbers in the byte order of a PC, and
/// `.0000`.
pub fn server(value: &[u8]) -> Option<SocketAddr> {
    let text = std::str::from_utf8(value).ok()?;
    let mut parts = text.split('.');
    let address: u32 = parts.next()?.parse().ok()?;
    let port: u16 = parts.next()?.parse().ok()?;
    parts.next()?;
    Some(SocketAddr::new(Ipv4Addr::from(address.swap_bytes()).into(), port.swap_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(cookie: &str) -> Vec<u8> {
        [b"\x03\0\0\x20\x1b\xe0\0\0\0\0\0", cookie.as_bytes()].concat()
    }

    #[test]
    fn finds_the_cookie_once_it_is_whole() {
        let bytes = packet("Cookie: mstshash=Bob\r\n");
        assert_eq!(cookie(&bytes, b"mstshash"), Cookie::Found(b"Bob"));
        assert_eq!(cookie(&bytes, b"MSTSHASH"), Cookie::Found(b"Bob"));
        assert_eq!(cookie(&bytes, b""), Cookie::Found(b"Bob"));
        assert_eq!(cookie(&bytes, b"msts"), Cookie::None);
        for end in 0..bytes.len() {
            assert_eq!(cookie(&bytes[..end], b"mstshash"), Cookie::Short, "{end}");
        }
        assert_eq!(cookie(&packet("GET / HTTP/1.1\r\n"), b""), Cookie::None);
        assert_eq!(cookie(&packet("Cookie: x\r\n y=z\r\n"), b""), Cookie::None);
    }

    #[test]
    fn names_a_server() {
        // The example of Microsoft's protocol description.
        assert_eq!(server(b"3640205228.15629.0000"), "172.31.249.216:3389".parse().ok());
        assert_eq!(server(b"3640205228"), None);
        assert_eq!(server(b"x.1.0"), None);
    }
}
