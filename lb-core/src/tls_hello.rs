//! TLS hellos as they pass in clear text: a parser that borrows, and never fails on what it does not know.
//!
//! As in HAProxy, a hello is read from one record only. Each function tells apart what is no hello (`Ok(None)`) and
//! what may become one with more bytes ([`Short`]).

/// The bytes end too early to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short;

/// Record type of the handshake protocol (RFC 8446 5.1).
const HANDSHAKE: u8 = 0x16;
/// Handshake type of a client's hello.
const CLIENT_HELLO: u8 = 1;
/// Server name indication (RFC 6066 3).
const SERVER_NAME: u16 = 0;
/// Application-layer protocol negotiation (RFC 7301).
const ALPN: u16 = 16;
/// Keys for groups (RFC 8446 4.2.8).
const KEY_SHARE: u16 = 51;
/// Bytes of a client's hello before its session id: version and random.
const FIXED: usize = 34;
/// The longest record (RFC 5246 6.2.3).
const LONGEST_RECORD: usize = (1 << 14) + 2048;

/// A client's hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientHello<'a> {
    /// Cipher suites, two bytes each.
    pub ciphers: &'a [u8],
    extensions: &'a [u8],
}

impl<'a> ClientHello<'a> {
    /// The data of the first extension of a type.
    pub fn extension(&self, kind: u16) -> Option<&'a [u8]> {
        let mut rest = self.extensions;
        while let Some((found, data, after)) = extension(rest) {
            if found == kind {
                return Some(data);
            }
            rest = after;
        }
        None
    }

    /// The host name that the client asks for.
    pub fn server_name(&self) -> Option<&'a [u8]> {
        // A list of names behind its length; the first, of type 0, behind its own.
        match self.extension(SERVER_NAME)? {
            [_, _, 0, high, low, name @ ..] => name.get(..usize::from(u16::from_be_bytes([*high, *low]))),
            _ => None,
        }
    }

    /// The groups that the client has sent keys of, two bytes each (RFC 8446 4.2.8); none where it sent none, or where
    /// they are cut.
    pub fn key_shares(&self) -> Option<Vec<u8>> {
        let (mut rest, _) = vector(self.extension(KEY_SHARE)?, 2)?;
        let mut groups = Vec::new();
        while let [high, low, keys @ ..] = rest {
            groups.extend([*high, *low]);
            (_, rest) = vector(keys, 2)?;
        }
        rest.is_empty().then_some(groups)
    }

    /// The protocol that the client would like best.
    pub fn alpn(&self) -> Option<&'a [u8]> {
        match self.extension(ALPN)? {
            [_, _, length, name @ ..] => name.get(..usize::from(*length)),
            _ => None,
        }
    }
}

/// The first extension, and what follows it.
fn extension(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let [high, low, length_high, length_low, rest @ ..] = bytes else { return None };
    let (data, after) =
        rest.split_at_checked(usize::from(u16::from_be_bytes([*length_high, *length_low])))?;
    Some((u16::from_be_bytes([*high, *low]), data, after))
}

/// The type of the first handshake message.
///
/// # Errors
/// [`Short`].
pub fn handshake_type(bytes: &[u8]) -> Result<Option<u8>, Short> {
    Ok(message(bytes)?.map(|(kind, _)| kind))
}

/// A client's hello, whole.
///
/// # Errors
/// [`Short`].
pub fn client_hello(bytes: &[u8]) -> Result<Option<ClientHello<'_>>, Short> {
    Ok(message(bytes)?.and_then(|(kind, body)| if kind == CLIENT_HELLO { parse(body) } else { None }))
}

/// The first handshake message: its type and body.
fn message(bytes: &[u8]) -> Result<Option<(u8, &[u8])>, Short> {
    match bytes {
        [] => return Err(Short),
        [kind, ..] if *kind != HANDSHAKE => return Ok(None),
        // Versions before 3.0 had other records.
        [_, major, _, ..] if *major < 3 => return Ok(None),
        _ => {}
    }
    let [_, _, _, _, _, kind, a, b, c, body @ ..] = bytes else { return Err(Short) };
    let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
    if length > LONGEST_RECORD {
        return Ok(None);
    }
    body.get(..length).map(|body| Some((*kind, body))).ok_or(Short)
}

/// The body of a client's hello.
fn parse(body: &[u8]) -> Option<ClientHello<'_>> {
    if !matches!(body, [major, minor, ..] if *major >= 3 && *minor >= 1) {
        return None;
    }
    let (_, rest) = vector(body.get(FIXED..)?, 1)?;
    let (ciphers, rest) = vector(rest, 2)?;
    let (_, rest) = vector(rest, 1)?;
    // Without extensions nothing follows.
    let extensions = vector(rest, 2).map_or(&[][..], |(extensions, _)| extensions);
    Some(ClientHello { ciphers, extensions })
}

/// Bytes behind a length of `size` bytes, and what follows them.
fn vector(bytes: &[u8], size: usize) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_at_checked(size)?;
    rest.split_at_checked(length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
}

/// The version that a client's hello names: major number in the upper, minor in the lower 16 bits. `capacity` bounds the
/// message that can be waited for.
///
/// # Errors
/// [`Short`].
pub fn version(bytes: &[u8], capacity: usize) -> Result<Option<u32>, Short> {
    let number = |major: u8, minor: u8| u32::from(major) << 16 | u32::from(minor);
    let (version, end) = match bytes {
        [] => return Err(Short),
        [0x14..=0x17 | 0xFF, ..] => {
            let [_, major, _, high, low, _, _, _, _, hello_major, hello_minor, ..] = bytes else {
                return Err(Short);
            };
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            if *major < 3 || !(6..=LONGEST_RECORD).contains(&length) {
                return Ok(None);
            }
            (number(*hello_major, *hello_minor), 5 + length)
        }
        // A hello in the form of SSL 2, as old clients begin with.
        [first, ..] if first & 0x80 != 0 => {
            let [high, low, kind, major, minor, ..] = bytes else { return Err(Short) };
            if *kind != CLIENT_HELLO {
                return Ok(None);
            }
            (number(*major, *minor), 2 + (usize::from(high & 0x7F) << 8 | usize::from(*low)))
        }
        _ => return Ok(None),
    };
    if bytes.len() < end.min(capacity) { Err(Short) } else { Ok(Some(version)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hello(extensions: &[(u16, &[u8])]) -> Vec<u8> {
        let mut list = Vec::new();
        for (kind, data) in extensions {
            list.extend_from_slice(&kind.to_be_bytes());
            list.extend_from_slice(&(data.len() as u16).to_be_bytes());
            list.extend_from_slice(data);
        }
        let mut body = vec![3, 3];
        body.extend_from_slice(&[7; 32]);
        body.extend_from_slice(&[0, 0, 4, 0x13, 1, 0x13, 2, 1, 0]);
        body.extend_from_slice(&(list.len() as u16).to_be_bytes());
        body.extend_from_slice(&list);
        let mut record = vec![0x16, 3, 1];
        record.extend_from_slice(&(body.len() as u16 + 4).to_be_bytes());
        record.extend_from_slice(&[1, 0]);
        record.extend_from_slice(&(body.len() as u16).to_be_bytes());
        record.extend_from_slice(&body);
        record
    }

    #[test]
    fn reads_a_whole_hello_only() {
        let bytes = hello(&[(10, b"\0\x02\0\x1d"), (0, b"\0\x06\0\0\x03a.b"), (16, b"\0\x03\x02h2")]);
        let found = client_hello(&bytes).map(|hello| hello.map(|hello| (hello.server_name(), hello.alpn())));
        assert_eq!(found, Ok(Some((Some(&b"a.b"[..]), Some(&b"h2"[..])))));
        assert_eq!(handshake_type(&bytes), Ok(Some(1)));
        assert_eq!(version(&bytes, 16384), Ok(Some(0x0003_0003)));
        for end in 0..bytes.len() {
            assert_eq!(client_hello(&bytes[..end]), Err(Short), "{end}");
            assert_eq!(version(&bytes[..end], 16384), Err(Short), "{end}");
        }
    }

    #[test]
    fn groups_of_keys() {
        let groups = |data: &[u8]| match client_hello(&hello(&[(KEY_SHARE, data)])) {
            Ok(Some(hello)) => hello.key_shares(),
            _ => None,
        };
        assert_eq!(groups(b"\0\x0b\0\x1d\0\x02ab\0\x17\0\x01c"), Some(b"\0\x1d\0\x17".to_vec()));
        assert_eq!(groups(b"\0\0"), Some(Vec::new()));
        for cut in [&b""[..], b"\0\x03\0\x1d\0", b"\0\x06\0\x1d\0\x09ab", b"\0\x09\0\x1d\0\x02ab"] {
            assert_eq!(groups(cut), None, "{cut:?}");
        }
    }

    #[test]
    fn other_protocols_are_no_hello() {
        for bytes in [&b"GET / HTTP/1.1\r\n"[..], b"\x16\x02\x00", b"SSH-2.0"] {
            assert_eq!(handshake_type(bytes), Ok(None));
        }
        assert_eq!(version(b"GET / HTTP/1.1", 16384), Ok(None));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0_usize..80, byte: u8) {
            let mut damaged = hello(&[(0, b"\0\x06\0\0\x03a.b"), (16, b"\0\x03\x02h2")]);
            let at = at % damaged.len();
            damaged[at] = byte;
            for bytes in [&bytes[..], &damaged[..]] {
                let _ = version(bytes, 100);
                if let Ok(Some(hello)) = client_hello(bytes) {
                    let _ = (hello.server_name(), hello.alpn(), hello.extension(35));
                }
            }
        }
    }
}
