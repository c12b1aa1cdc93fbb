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
    /// Its length was said in two ways, or in one that its version does not know: the server's connection ends.
    pub doubtful: bool,
}

/// Why a head is refused.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal {
    /// The status.
    pub status: u16,
}

impl Refusal {
    pub(super) const BAD: Self = Self { status: 400 };
}

/// Collects, header by header, what decides framing and connection.
#[derive(Debug, Default)]
pub(super) struct HeadScan {
    /// A response is read.
    response: bool,
    /// Lengths of names and values so far.
    pub(super) weight: u64,
    length: Option<u64>,
    coding: Coding,
    close: bool,
    keep_alive: bool,
    upgrade_token: bool,
    upgrade: bool,
    expect_continue: bool,
    hosts: u32,
    websocket: bool,
    websocket_key: bool,
}

/// What `Transfer-Encoding` asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Coding {
    #[default]
    None,
    /// `chunked` alone.
    Chunked,
    /// Others, `chunked` last.
    OthersThenChunked,
    /// Others only.
    Others,
}

impl HeadScan {
    /// For a response.
    pub(super) fn of_response() -> Self {
        Self { response: true, ..Self::default() }
    }

    /// Looks at the header that was pushed last.
    #[inline]
    pub(super) fn see(&mut self, id: HeaderId, headers: &mut Headers) -> Result<(), Refusal> {
        match id {
            HeaderId::Other => {
                self.websocket_key |= self.upgrade_possible() && headers.last_name() == b"sec-websocket-key";
                Ok(())
            }
            HeaderId::ContentLength => self.see_length(headers),
            HeaderId::TransferEncoding => self.see_coding(headers),
            HeaderId::Connection => {
                self.see_connection(headers);
                Ok(())
            }
            HeaderId::Host => self.see_host(headers),
            HeaderId::Upgrade => {
                self.upgrade = true;
                self.websocket |= headers.last_value().eq_ignore_ascii_case(b"websocket");
                Ok(())
            }
            HeaderId::Te => {
                self.see_te(headers);
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

    /// `chunked` must be the last coding, and be there once; an empty name is none.
    fn see_coding(&mut self, headers: &mut Headers) -> Result<(), Refusal> {
        for coding in headers.last_value().split(|byte| *byte == b',') {
            let coding = coding.trim_ascii();
            let chunked = coding.eq_ignore_ascii_case(b"chunked");
            self.coding = match self.coding {
                _ if coding.is_empty() => return Err(Refusal::BAD),
                Coding::Chunked | Coding::OthersThenChunked => return Err(Refusal::BAD),
                Coding::None if chunked => Coding::Chunked,
                Coding::Others if chunked => Coding::OthersThenChunked,
                Coding::None | Coding::Others => Coding::Others,
            };
        }
        Ok(())
    }

    /// Of `TE` only `trailers` goes on, and only to servers.
    fn see_te(&mut self, headers: &mut Headers) {
        let trailers =
            list_elements(headers.last_value()).any(|token| token.eq_ignore_ascii_case(b"trailers"));
        if trailers && !self.response {
            headers.replace_last(b"trailers");
        } else {
            headers.pop();
        }
    }

    fn upgrade_possible(&self) -> bool {
        !self.response
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
            let first = headers.first_of(HeaderId::Host).unwrap_or_default();
            if !first.eq_ignore_ascii_case(headers.last_value()) {
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
        let mut doubtful = false;
        let framing = match self.coding {
            Coding::None => match self.length {
                Some(0) | None => Framing::None,
                Some(length) => Framing::Length(length),
            },
            Coding::Chunked => {
                // Neutralised as RFC 9112 6.1 asks: framed by the coding, no length, and the connections end.
                if self.length.is_some() {
                    request.headers.remove_of(HeaderId::ContentLength);
                }
                close |= self.length.is_some() || old;
                doubtful = old;
                Framing::Chunked
            }
            Coding::OthersThenChunked => return Err(Refusal { status: 422 }),
            Coding::Others => return Err(Refusal::BAD),
        };
        super::target::settle(request)?;
        if self.websocket && self.upgrade_token && !self.websocket_key {
            return Err(Refusal::BAD);
        }
        let mut upgrade = self.upgrade && self.upgrade_token;
        if upgrade && framing != Framing::None {
            request.headers.remove_of(HeaderId::Upgrade);
            upgrade = false;
        }
        let expect_continue = self.expect_continue && !old;
        Ok((framing, Connection { close, upgrade, expect_continue, doubtful }))
    }

    /// Framing and connection of a whole response head.
    pub(super) fn finish_response(
        &self,
        response: &mut Response,
        method: Method,
    ) -> Result<(Framing, Connection), Refusal> {
        let old = response.version == Version::Http10;
        let close = if old { !self.keep_alive || self.close } else { self.close };
        let status = response.status;
        if status < 200 || status == 204 {
            response.headers.remove_of(HeaderId::ContentLength);
            response.headers.remove_of(HeaderId::TransferEncoding);
        }
        // A tunnel begins: no length holds (RFC 9110 9.3.6, 7.8).
        let tunnel = status == 101 || (method == Method::Connect && (200..300).contains(&status));
        if tunnel {
            let flags = Connection { close: true, upgrade: true, ..Connection::default() };
            return Ok((Framing::None, flags));
        }
        let mut doubtful = false;
        let framing = if bodiless(status, method) {
            Framing::None
        } else {
            match (self.coding, self.length) {
                (Coding::OthersThenChunked | Coding::Others, _) => return Err(Refusal { status: 502 }),
                (Coding::Chunked, length) => {
                    if length.is_some() {
                        // Taken out while it is read, and so not counted.
                        let value = response.headers.first_of(HeaderId::ContentLength);
                        let counted = value.map_or(0, |value| "content-length".len() + value.len());
                        response.weight = response.weight.saturating_sub(counted as u64);
                        response.headers.remove_of(HeaderId::ContentLength);
                    }
                    doubtful = length.is_some() || old;
                    Framing::Chunked
                }
                (Coding::None, Some(0)) => Framing::None,
                (Coding::None, Some(length)) => Framing::Length(length),
                (Coding::None, None) => default_framing(status, method),
            }
        };
        let close = close || doubtful || framing == Framing::UntilClose;
        Ok((framing, Connection { close, doubtful, ..Connection::default() }))
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
