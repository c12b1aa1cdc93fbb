//! How the pieces of a line are written: quotes, escapes, hexadecimal numbers.

use super::timers::Timers;
use crate::exchange::Exchange;
use haproxy_cfg_parser::model::FormatFlags;
use std::net::{IpAddr, SocketAddr};

/// What an alias is rendered from.
pub(super) struct Render<'a> {
    pub(super) exchange: &'a Exchange,
    pub(super) timers: Timers,
    pub(super) flags: FormatFlags,
}

impl Render<'_> {
    /// Text, quoted and escaped as the flags say; nothing at all is `""` or `-`.
    #[inline]
    pub(super) fn text(&self, text: &[u8], out: &mut Vec<u8>) {
        write_text(text, self.flags, out);
    }

    /// Text in which control characters and `escapes` become `#XX`, quoted as the flags say.
    #[inline]
    pub(super) fn encoded(&self, text: &[u8], escapes: &Escapes, out: &mut Vec<u8>) {
        if text.is_empty() {
            return self.text(text, out);
        }
        quoted(self.flags.quote, out, |out| escapes.push(text, out));
    }

    /// A decimal number.
    #[inline]
    pub(super) fn number(&self, value: impl itoa::Integer, out: &mut Vec<u8>) {
        out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }

    /// A number of at least four hexadecimal digits with `+X`.
    pub(super) fn number_or_hex(&self, value: u32, width: usize, out: &mut Vec<u8>) {
        if self.flags.hex {
            out.extend_from_slice(format!("{value:0width$X}").as_bytes());
        } else {
            self.number(value, out);
        }
    }

    /// An address's host; `unix` for a unix socket that is there, nothing for none.
    pub(super) fn ip(&self, address: Option<SocketAddr>, out: &mut Vec<u8>) {
        use std::io::Write as _;
        let Some(address) = address else { return self.text(b"", out) };
        match address.ip().to_canonical() {
            IpAddr::V4(ip) if self.flags.hex => {
                out.extend_from_slice(format!("{:08X}", u32::from(ip)).as_bytes());
            }
            IpAddr::V6(ip) if self.flags.hex => {
                out.extend_from_slice(format!("{:032X}", u128::from(ip)).as_bytes());
            }
            IpAddr::V4(ip) => quoted(self.flags.quote, out, |out| {
                for (index, octet) in ip.octets().into_iter().enumerate() {
                    if index > 0 {
                        out.push(b'.');
                    }
                    out.extend_from_slice(itoa::Buffer::new().format(octet).as_bytes());
                }
            }),
            // Writing to a vector cannot fail.
            IpAddr::V6(ip) => quoted(self.flags.quote, out, |out| {
                let _ = write!(out, "{ip}");
            }),
        }
    }

    /// An address's port.
    pub(super) fn port(&self, address: Option<SocketAddr>, out: &mut Vec<u8>) {
        match address {
            Some(address) => self.number_or_hex(address.port().into(), 4, out),
            None => self.text(b"", out),
        }
    }
}

/// See [`Render::text`].
#[inline]
pub(super) fn write_text(text: &[u8], flags: FormatFlags, out: &mut Vec<u8>) {
    if text.is_empty() {
        out.extend_from_slice(match flags {
            FormatFlags { quote: true, .. } => b"\"\"",
            FormatFlags { mandatory: true, .. } => b"-",
            _ => b"",
        });
        return;
    }
    quoted(flags.quote, out, |out| {
        if flags.escape {
            for byte in text {
                if matches!(byte, b'"' | b'\\' | b']') {
                    out.push(b'\\');
                }
                out.push(*byte);
            }
        } else {
            out.extend_from_slice(text);
        }
    });
}

#[inline]
pub(super) fn quoted(quote: bool, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    if quote {
        out.push(b'"');
    }
    write(out);
    if quote {
        out.push(b'"');
    }
}

/// A set of bytes that are written as a mark and two hexadecimal digits.
pub(super) struct Escapes {
    mark: u8,
    set: [bool; 256],
}

impl Escapes {
    const fn new(mark: u8, high: bool, more: &[u8]) -> Self {
        let mut set = [false; 256];
        let mut byte = 0;
        while byte < 256 {
            set[byte] = byte < 32 || byte == 127 || (high && byte > 127);
            byte += 1;
        }
        let mut index = 0;
        while index < more.len() {
            set[more[index] as usize] = true;
            index += 1;
        }
        Self { mark, set }
    }

    /// Without the tab.
    const fn allowing_tab(mut self) -> Self {
        self.set[b'\t' as usize] = false;
        self
    }

    #[inline]
    pub(super) fn push(&self, text: &[u8], out: &mut Vec<u8>) {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        if !text.iter().any(|byte| self.set[usize::from(*byte)]) {
            out.extend_from_slice(text);
            return;
        }
        for byte in text {
            if self.set[usize::from(*byte)] {
                out.extend_from_slice(&[
                    self.mark,
                    DIGITS[usize::from(byte >> 4)],
                    DIGITS[usize::from(byte & 15)],
                ]);
            } else {
                out.push(*byte);
            }
        }
    }
}

/// In request lines.
pub(super) static IN_LINE: Escapes = Escapes::new(b'#', true, b"\"#");
/// In captured headers.
pub(super) static IN_CAPTURE: Escapes = Escapes::new(b'#', true, b"\"#{|}");
/// In expressions of header values and bodies.
pub(super) static IN_HTTP: Escapes = Escapes::new(b'%', false, b"").allowing_tab();
