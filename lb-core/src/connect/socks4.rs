//! Connections through a SOCKS4 proxy (manual 5.2 "socks4"): one question of ours, one answer of eight bytes.

use crate::net::{Buffer, Deadline, Fail, Io};
use nix::errno::Errno;
use std::net::{SocketAddr, SocketAddrV4};
use std::{fmt, io};

/// Who we say that we are.
const USER: &[u8] = b"HAProxy\0";
/// Version 4, "connect".
const CONNECT: [u8; 2] = [4, 1];
/// Bytes of an answer.
const ANSWER: usize = 8;
/// What the second byte of an answer says when the connection is there.
const GRANTED: u8 = 90;

/// Why a SOCKS4 proxy led nowhere, in HAProxy's words.
#[derive(Debug)]
pub enum Failure {
    /// The question could not be sent.
    Write,
    /// It ended before it had answered.
    Read,
    /// It broke the connection.
    Aborted(io::Error),
    /// It said no.
    Denied,
    /// It did not answer in time.
    TimedOut,
    /// The protocol knows no such address.
    Family,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write => f.write_str("SOCKS4 Proxy write error during handshake"),
            Self::Read => f.write_str("SOCKS4 Proxy read error during handshake"),
            Self::Aborted(error) => {
                let text = error.raw_os_error().map_or("", |code| Errno::from_raw(code).desc());
                write!(f, "SOCKS4 Proxy handshake aborted by server ({text})")
            }
            Self::Denied => f.write_str("SOCKS4 Proxy deny the request"),
            Self::TimedOut => Ok(()),
            Self::Family => f.write_str("SOCKS4 Proxy leads to IPv4 addresses only"),
        }
    }
}

/// What asks for a connection.
fn question(to: SocketAddrV4) -> Vec<u8> {
    [&CONNECT[..], &to.port().to_be_bytes(), &to.ip().octets(), USER].concat()
}

/// The answer says that the connection is there. Its first byte should be zero, which HAProxy does not ask for.
fn is_granted(answer: &[u8]) -> bool {
    answer.get(1) == Some(&GRANTED)
}

/// Has the proxy at the other end connect to `to`; what follows its answer is left for others to read.
pub(super) async fn ask(io: &mut Io, to: SocketAddr, deadline: &mut Deadline) -> Result<(), Failure> {
    let SocketAddr::V4(to) = to else { return Err(Failure::Family) };
    io.write_all(&question(to), deadline).await.map_err(|fail| match fail {
        Fail::Timeout => Failure::TimedOut,
        Fail::Io(_) => Failure::Write,
    })?;
    let mut answer = Buffer::new(ANSWER);
    while !answer.is_full() {
        match io.read(&mut answer, deadline).await {
            Ok(0) => return Err(Failure::Read),
            Ok(_) => {}
            Err(Fail::Timeout) => return Err(Failure::TimedOut),
            Err(Fail::Io(error)) => return Err(Failure::Aborted(error)),
        }
    }
    if is_granted(answer.filled()) { Ok(()) } else { Err(Failure::Denied) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that haproxy 2.6.12 sent, and answers as it took them.
    #[test]
    fn questions_and_answers_are_haproxys() {
        let to = SocketAddrV4::new([127, 0, 9, 7].into(), 0x8F0F);
        assert_eq!(question(to), b"\x04\x01\x8f\x0f\x7f\x00\x09\x07HAProxy\0");
        for (answer, granted) in [
            (&b"\0\x5a\0\0\0\0\0\0"[..], true),
            (b"\x04\x5a\0\0\0\0\0\0", true),
            (b"\0\x5b\0\0\0\0\0\0", false),
            (b"\0\x5c\0\0\0\0\0\0", false),
            (b"HTTP/1.0", false),
        ] {
            assert_eq!(is_granted(answer), granted, "{answer:?}");
        }
    }
}
