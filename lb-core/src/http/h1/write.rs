//! Messages to bytes.

use crate::http::message::{Request, Response};

/// What the writer adds about the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionHeader {
    /// Nothing: the version's default holds.
    None,
    /// `connection: close`.
    Close,
    /// `connection: keep-alive`.
    KeepAlive,
}

impl ConnectionHeader {
    fn line(self) -> &'static [u8] {
        match self {
            Self::None => b"",
            Self::Close => b"connection: close\r\n",
            Self::KeepAlive => b"connection: keep-alive\r\n",
        }
    }
}

/// Writes a request head, blank line included.
#[inline]
pub fn write_request(request: &Request, connection: ConnectionHeader, out: &mut Vec<u8>) {
    out.extend_from_slice(request.method_text());
    out.push(b' ');
    out.extend_from_slice(request.target());
    out.push(b' ');
    out.extend_from_slice(request.version.as_str().as_bytes());
    out.extend_from_slice(b"\r\n");
    request.headers.write_lines(out);
    out.extend_from_slice(connection.line());
    out.extend_from_slice(b"\r\n");
}

/// Writes a response head, blank line included.
#[inline]
pub fn write_response(response: &Response, connection: ConnectionHeader, out: &mut Vec<u8>) {
    out.extend_from_slice(response.version.as_str().as_bytes());
    out.push(b' ');
    let status = response.status;
    if status > 999 {
        out.push(digit(status / 1000));
    }
    out.extend_from_slice(&[digit(status / 100), digit(status / 10), digit(status), b' ']);
    out.extend_from_slice(response.reason());
    out.extend_from_slice(b"\r\n");
    response.headers.write_lines(out);
    out.extend_from_slice(connection.line());
    out.extend_from_slice(b"\r\n");
}

/// The last decimal digit of `n`.
fn digit(n: u16) -> u8 {
    b'0' + (n % 10) as u8
}

/// Writes the size line of a chunk.
pub fn chunk_header(size: usize, out: &mut Vec<u8>) {
    let digits = ((usize::BITS - size.leading_zeros()).max(1)).div_ceil(4);
    for place in (0..digits).rev() {
        out.push(b"0123456789ABCDEF"[(size >> (place * 4)) & 0xf]);
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunk_sizes_are_hexadecimal() {
        for size in [0, 1, 15, 16, 255, 4096, 0xabcdef] {
            let mut out = Vec::new();
            chunk_header(size, &mut out);
            assert_eq!(out, format!("{size:X}\r\n").into_bytes());
        }
    }
}
