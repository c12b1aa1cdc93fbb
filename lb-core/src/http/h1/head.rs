//! What a head says about its connection and its body's length, and the contradictions that are refused.

use super::parse::{bodiless, default_framing};
use crate::http::header::{HeaderId, Headers, list_elements};
use crate::http::message::{Framing, Method, Request, Response, Version};

/// What a head says about its connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    /// It ends after this message.
    pub close: bool,
    /// `Connection: upgrade` with an `Upgrade` header.
    pub upgrade: bool,
    /// `Expect: 100-continue`.
    pub expect_continue: bool,
}

/// Why a head is refused.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal {
    /// The status.
    pub status: u16,
}

impl Refusal {
    const BAD: Self = Self { status: 400 };
}

/// Collects, header by header, what decides framing and connection.
#[derive(Debug, Default)]
pub(super) struct HeadScan {
    length: Option<u64>,
    coded: bool,
    chunked: bool,
    close: bool,
    keep_alive: bool,
    upgrade_token: bool,
    upgrade: bool,
    expect_continue: bool,
    hosts: u32,
}

impl HeadScan {
    /// Looks at the header that was pushed last.
    #[inline]
    pub(super) fn see(&mut self, id: HeaderId, headers: &mut Headers) -> Result<(), Refusal> {
        match id {
            HeaderId::Other => Ok(()),
            HeaderId::ContentLength => self.see_length(headers),
            HeaderId::TransferEncoding => self.see_coding(headers),
            HeaderId::Connection => {
                self.see_connection(headers);
                Ok(())
            }
            HeaderId::Host => self.see_host(headers),
            HeaderId::Upgrade => {
                self.upgrade = true;
                Ok(())
            }
            HeaderId::Expect => {
                self.expect_continue |= headers.last_value().eq_ignore_ascii_case(b"100-continue");
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// All lengths must agree; each repetition is dropped so that the next hop sees one.
    fn see_length(&mut self, headers: &mut Headers) -> Result<(), Refusal> {
        let value = headers.last_value();
        let mut length = self.length;
        let mut repeated = self.length.is_some();
        for part in value.split(|byte| *byte == b',') {
            let number = decimal(part.trim_ascii()).ok_or(Refusal::BAD)?;
            match length {
                Some(known) if known != number => return Err(Refusal::BAD),
                Some(_) => repeated = true,
                None => length = Some(number),
            }
        }
        if repeated {
            headers.pop();
            if self.length.is_none()
                && let Some(number) = length
            {
                headers.append(b"content-length", number.to_string().as_bytes());
            }
        }
        self.length = length;
        Ok(())
    }

    /// `chunked` must be the last coding, and be there once.
    fn see_coding(&mut self, headers: &mut Headers) -> Result<(), Refusal> {
        self.coded = true;
        for coding in list_elements(headers.last_value()) {
            if self.chunked {
                return Err(Refusal::BAD);
            }
            self.chunked = coding.eq_ignore_ascii_case(b"chunked");
        }
        Ok(())
    }

    /// Takes `close` and `keep-alive` out: they belong to this hop.
    fn see_connection(&mut self, headers: &mut Headers) {
        let mut others = 0;
        let mut own = 0;
        for token in list_elements(headers.last_value()) {
            if token.eq_ignore_ascii_case(b"close") {
                self.close = true;
                own += 1;
            } else if token.eq_ignore_ascii_case(b"keep-alive") {
                self.keep_alive = true;
                own += 1;
            } else {
                self.upgrade_token |= token.eq_ignore_ascii_case(b"upgrade");
                others += 1;
            }
        }
        if others == 0 {
            headers.pop();
        } else if own > 0 {
            let kept: Vec<&[u8]> = list_elements(headers.last_value())
                .filter(|token| {
                    !token.eq_ignore_ascii_case(b"close") && !token.eq_ignore_ascii_case(b"keep-alive")
                })
                .collect();
            let kept = kept.join(&b", "[..]);
            headers.replace_last(&kept);
        }
    }

    /// Equal repetitions are dropped, different ones refused.
    fn see_host(&mut self, headers: &mut Headers) -> Result<(), Refusal> {
        self.hosts += 1;
        if self.hosts > 1 {
            if headers.first_of(HeaderId::Host) != Some(headers.last_value()) {
                return Err(Refusal::BAD);
            }
            headers.pop();
        }
        Ok(())
    }

    /// Framing and connection of a whole request head.
    pub(super) fn finish_request(&self, request: &mut Request) -> Result<(Framing, Connection), Refusal> {
        let old = request.version == Version::Http10;
        let mut close = if old { !self.keep_alive || self.close } else { self.close };
        let framing = if self.coded {
            if !self.chunked {
                return Err(Refusal { status: 501 });
            }
            // Neutralised as RFC 9112 6.1 asks: framed by the coding, no length, and the connection ends.
            if self.length.is_some() {
                request.headers.remove_of(HeaderId::ContentLength);
                close = true;
            }
            close |= old;
            Framing::Chunked
        } else {
            match self.length {
                Some(0) | None => Framing::None,
                Some(length) => Framing::Length(length),
            }
        };
        self.check_target(request)?;
        let upgrade = self.upgrade && self.upgrade_token && !old;
        Ok((framing, Connection { close, upgrade, expect_continue: self.expect_continue && !old }))
    }

    /// An absolute target must name the same authority as `Host`.
    fn check_target(&self, request: &Request) -> Result<(), Refusal> {
        let target = request.target();
        if target.first() == Some(&b'/') || target == b"*" {
            return Ok(());
        }
        if request.method != Method::Connect && memchr::memmem::find(target, b"://").is_none() {
            return Err(Refusal::BAD);
        }
        let (Some(authority), Some(host)) = (request.authority(), request.headers.first_of(HeaderId::Host))
        else {
            return Ok(());
        };
        let plain = |text: &[u8]| -> Vec<u8> {
            let text = text.strip_suffix(b":80").or(text.strip_suffix(b":443")).unwrap_or(text);
            text.to_ascii_lowercase()
        };
        if plain(authority) == plain(host) { Ok(()) } else { Err(Refusal::BAD) }
    }

    /// Framing and connection of a whole response head.
    pub(super) fn finish_response(
        &self,
        response: &mut Response,
        method: Method,
    ) -> Result<(Framing, Connection), Refusal> {
        let old = response.version == Version::Http10;
        let mut close = if old { !self.keep_alive || self.close } else { self.close };
        let framing = if self.coded && !bodiless(response.status, method) {
            if self.length.is_some() {
                response.headers.remove_of(HeaderId::ContentLength);
                close = true;
            }
            if self.chunked && !old { Framing::Chunked } else { Framing::UntilClose }
        } else if bodiless(response.status, method) {
            Framing::None
        } else {
            match self.length {
                Some(0) => Framing::None,
                Some(length) => Framing::Length(length),
                None => default_framing(response.status, method),
            }
        };
        close |= framing == Framing::UntilClose;
        let upgrade = response.status == 101;
        Ok((framing, Connection { close, upgrade, expect_continue: false }))
    }
}

/// A plain decimal number.
fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |sum, byte| {
        byte.is_ascii_digit().then(|| sum.checked_mul(10)?.checked_add(u64::from(byte - b'0'))).flatten()
    })
}
