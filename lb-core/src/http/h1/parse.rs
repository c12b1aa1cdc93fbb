//! Heads of requests and responses, from bytes.

use super::head::{Connection, HeadScan, Refusal};
use crate::http::header::{HeaderId, Headers, Span};
use crate::http::message::{Framing, Method, Request, Response, Version};
use memchr::memchr2;

/// What became of the bytes of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// A whole head of that many bytes, blank line included.
    Complete(usize),
    /// More bytes are needed.
    Partial,
    /// Not a message that HAProxy would let through: the status to refuse it with, and the offending offset.
    Invalid(u16, usize),
}

/// Lower-cased token characters (RFC 9110 5.6.2); 0 for all others.
const TOKEN: [u8; 256] = {
    let mut table = [0_u8; 256];
    let mut byte = 0_usize;
    while byte < 256 {
        let b = byte as u8;
        if b.is_ascii_alphanumeric()
            || matches!(
                b,
                b'!' | b'#'
                    | b'$'
                    | b'%'
                    | b'&'
                    | b'\''
                    | b'*'
                    | b'+'
                    | b'-'
                    | b'.'
                    | b'^'
                    | b'_'
                    | b'`'
                    | b'|'
                    | b'~'
            )
        {
            table[byte] = b.to_ascii_lowercase();
        }
        byte += 1;
    }
    table
};

/// Where a line ends: its content's length, and how many bytes it takes with its end.
enum Line {
    /// `(content, whole)`.
    Whole(usize, usize),
    Partial,
    /// A carriage return that no line feed follows, at that offset.
    BareCr(usize),
}

/// The line at the start of `text`; LF alone ends it as CRLF does.
#[inline]
fn line(text: &[u8]) -> Line {
    match memchr2(b'\r', b'\n', text) {
        None => Line::Partial,
        Some(at) if text[at] == b'\n' => Line::Whole(at, at + 1),
        Some(at) => match text.get(at + 1) {
            None => Line::Partial,
            Some(b'\n') => Line::Whole(at, at + 2),
            Some(_) => Line::BareCr(at),
        },
    }
}

/// Bytes of blank lines that may stand before a request line.
fn blank_prefix(input: &[u8]) -> usize {
    let mut at = 0;
    loop {
        match input.get(at..) {
            Some([b'\n', ..]) => at += 1,
            Some([b'\r', b'\n', ..]) => at += 2,
            _ => return at,
        }
    }
}

/// Parses a request head. `request` must be clear; it is whole only after [`Parsed::Complete`].
pub fn parse_request(
    input: &[u8],
    max_headers: usize,
    request: &mut Request,
    connection: &mut Connection,
) -> Parsed {
    let skipped = blank_prefix(input);
    let rest = &input[skipped..];
    let (content, whole) = match line(rest) {
        Line::Whole(content, whole) => (content, whole),
        Line::Partial => return partial_request_line(rest, skipped),
        Line::BareCr(at) => return Parsed::Invalid(400, skipped + at),
    };
    let text = &rest[..content];
    let Some(parts) = split_request_line(text) else {
        return Parsed::Invalid(400, skipped + first_bad_byte(text));
    };
    store_request_line(text, &parts, request);
    let mut scan = HeadScan::default();
    let body = match parse_headers(&rest[whole..], max_headers, &mut request.headers, &mut scan) {
        Parsed::Complete(length) => length,
        Parsed::Invalid(status, at) => return Parsed::Invalid(status, skipped + whole + at),
        Parsed::Partial => return Parsed::Partial,
    };
    match scan.finish_request(request) {
        Ok((framing, flags)) => {
            request.framing = framing;
            *connection = flags;
            Parsed::Complete(skipped + whole + body)
        }
        Err(Refusal { status, .. }) => Parsed::Invalid(status, skipped),
    }
}

/// A request line in parts, as offsets into it.
struct RequestLine {
    method: usize,
    target: (usize, usize),
    /// Where the version's text starts.
    version_at: usize,
    version: Version,
}

fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn split_request_line(text: &[u8]) -> Option<RequestLine> {
    let method = text.iter().position(|byte| TOKEN[usize::from(*byte)] == 0).filter(|length| *length > 0)?;
    let gap = text[method..].iter().position(|byte| !is_blank(byte)).filter(|gap| *gap > 0)?;
    let from = method + gap;
    // A fragment has no place in a request (RFC 9112 3.2).
    let length = text[from..].iter().position(|byte| !(0x21..0x80).contains(byte) || *byte == b'#')?;
    let gap = text[from + length..].iter().position(|byte| !is_blank(byte)).filter(|gap| *gap > 0)?;
    let version_at = from + length + gap;
    let version = http_version(&text[version_at..])?;
    (length > 0).then_some(RequestLine { method, target: (from, length), version_at, version })
}

/// `HTTP/d.d`; all above 1.1 are spoken to as 1.1, and 0.9 is not spoken.
fn http_version(text: &[u8]) -> Option<Version> {
    match text {
        b"HTTP/1.1" => Some(Version::Http11),
        b"HTTP/1.0" => Some(Version::Http10),
        [b'H', b'T', b'T', b'P', b'/', major @ b'1'..=b'9', b'.', minor @ b'0'..=b'9'] => {
            (*major > b'1' || *minor > b'0').then_some(Version::Http11)
        }
        _ => None,
    }
}

/// Stores the line with single spaces between its parts, as logs show it.
fn store_request_line(text: &[u8], parts: &RequestLine, request: &mut Request) {
    let (from, length) = parts.target;
    let tidy = from == parts.method + 1
        && parts.version_at == from + length + 1
        && text[parts.method] == b' '
        && text[from + length] == b' ';
    let line = if tidy {
        request.headers.store(text)
    } else {
        let pieces = [&text[..parts.method], &text[from..from + length], &text[parts.version_at..]];
        request.headers.store(&pieces.join(&b' '))
    };
    let target = Span::new(parts.method + 1, length);
    request.set_start(Span::new(0, parts.method), target, line, parts.version);
}

/// An unfinished request line is refused as soon as it can't become one.
fn partial_request_line(text: &[u8], skipped: usize) -> Parsed {
    let method = text.iter().position(|byte| TOKEN[usize::from(*byte)] == 0).unwrap_or(text.len());
    match text.get(method) {
        None | Some(b'\r') if method == 0 && text.len() <= 1 => Parsed::Partial,
        None => Parsed::Partial,
        Some(b' ') if method > 0 => match text[method..].iter().position(|byte| !(0x20..0x7f).contains(byte))
        {
            Some(bad) if text[method + bad] != b'\r' => Parsed::Invalid(400, skipped + method + bad),
            _ => Parsed::Partial,
        },
        Some(_) => Parsed::Invalid(400, skipped + method),
    }
}

fn first_bad_byte(text: &[u8]) -> usize {
    text.iter().position(|byte| !(0x20..0x7f).contains(byte)).unwrap_or(text.len())
}

/// Parses header lines up to and with the blank line.
fn parse_headers(input: &[u8], max_headers: usize, headers: &mut Headers, scan: &mut HeadScan) -> Parsed {
    let mut at = 0;
    let mut count = 0;
    loop {
        let rest = &input[at..];
        match rest {
            [b'\n', ..] => return Parsed::Complete(at + 1),
            [b'\r', b'\n', ..] => return Parsed::Complete(at + 2),
            [] | [b'\r'] => return Parsed::Partial,
            _ => {}
        }
        let name_len = match rest.iter().position(|byte| TOKEN[usize::from(*byte)] == 0) {
            Some(0) => return Parsed::Invalid(400, at),
            Some(length) if rest[length] == b':' => length,
            Some(length) => return Parsed::Invalid(400, at + length),
            None => return Parsed::Partial,
        };
        count += 1;
        if count >= max_headers {
            return Parsed::Invalid(400, at);
        }
        let value_at = at + name_len + 1;
        let (value, next) = match value_lines(&input[value_at..]) {
            Ok(Some(found)) => found,
            Ok(None) => return Parsed::Partial,
            Err(offset) => return Parsed::Invalid(400, value_at + offset),
        };
        let name = headers.store(&rest[..name_len]);
        let stored = store_value(headers, &input[value_at..value_at + value]);
        if name.is_empty() {
            return Parsed::Invalid(400, at);
        }
        let id = headers.push_parsed(name, stored);
        let before = headers.len();
        if let Err(Refusal { status, .. }) = scan.see(id, headers) {
            return Parsed::Invalid(status, value_at);
        }
        // HAProxy doesn't count what it takes out while it reads; what it takes out later it has counted.
        scan.weight += match id {
            HeaderId::Connection | HeaderId::ContentLength if headers.len() < before => 0,
            HeaderId::Connection | HeaderId::ContentLength => name.len() + headers.last_value().len(),
            _ => name.len() + stored.len(),
        } as u64;
        at = value_at + next;
    }
}

/// Where a value with its continuation lines ends: its length without the last line end, and the offset of
/// the next header. None: more bytes are needed. Err: the offset of a byte that may not be there.
#[inline]
fn value_lines(text: &[u8]) -> Result<Option<(usize, usize)>, usize> {
    let mut from = 0;
    loop {
        let (content, whole) = match line(&text[from..]) {
            Line::Whole(content, whole) => (from + content, from + whole),
            Line::Partial => return Ok(None),
            Line::BareCr(at) => return Err(from + at),
        };
        if let Some(nul) = memchr::memchr(0, &text[from..content]) {
            return Err(from + nul);
        }
        match text.get(whole) {
            None => return Ok(None),
            Some(b' ' | b'\t') => from = whole,
            Some(_) => return Ok(Some((content, whole))),
        }
    }
}

/// Stores a value without surrounding blanks; a line end within it (obs-fold) becomes spaces.
#[inline]
fn store_value(headers: &mut Headers, raw: &[u8]) -> Span {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let Some(first) = raw.iter().position(|byte| !is_blank(byte)) else { return headers.store(b"") };
    let last = raw.iter().rposition(|byte| !is_blank(byte)).unwrap_or(first);
    let value = &raw[first..=last];
    if memchr::memchr(b'\n', value).is_none() {
        return headers.store(value);
    }
    let unfolded: Vec<u8> =
        value.iter().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte }).collect();
    headers.store(&unfolded)
}

/// Parses a response head to a request of `method`. `response` must be clear.
pub fn parse_response(
    input: &[u8],
    max_headers: usize,
    method: Method,
    response: &mut Response,
    connection: &mut Connection,
) -> Parsed {
    let skipped = blank_prefix(input);
    match response_head(&input[skipped..], max_headers, method, response, connection) {
        Parsed::Complete(length) => Parsed::Complete(skipped + length),
        Parsed::Invalid(status, at) => Parsed::Invalid(status, skipped + at),
        Parsed::Partial => Parsed::Partial,
    }
}

fn response_head(
    input: &[u8],
    max_headers: usize,
    method: Method,
    response: &mut Response,
    connection: &mut Connection,
) -> Parsed {
    let (content, whole) = match line(input) {
        Line::Whole(content, whole) => (content, whole),
        Line::Partial if b"HTTP/".starts_with(&input[..input.len().min(5)]) => return Parsed::Partial,
        Line::Partial => return Parsed::Invalid(502, 0),
        Line::BareCr(at) => return Parsed::Invalid(502, at),
    };
    let text = &input[..content];
    let Some(version) = text.get(..8).and_then(http_version) else { return Parsed::Invalid(502, 0) };
    let from = 8 + text[8..].iter().take_while(|byte| is_blank(byte)).count();
    let digits = text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if from == 8 || !(3..=4).contains(&digits) || text[from] == b'0' {
        return Parsed::Invalid(502, from);
    }
    let status = text[from..from + digits].iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    let reason = match text.get(from + digits) {
        None => &b""[..],
        Some(b' ' | b'\t') => text[from + digits..].trim_ascii_start(),
        Some(_) => return Parsed::Invalid(502, from + digits),
    };
    let reason = response.headers.store(reason);
    response.set_start(status, reason, version);
    let mut scan = HeadScan::of_response();
    let length = match parse_headers(&input[whole..], max_headers, &mut response.headers, &mut scan) {
        Parsed::Complete(length) => length,
        Parsed::Invalid(_, at) => return Parsed::Invalid(502, whole + at),
        Parsed::Partial => return Parsed::Partial,
    };
    response.weight = message_weight(digits, reason.len()) + scan.weight;
    match scan.finish_response(response, method) {
        Ok((framing, flags)) => {
            response.framing = framing;
            *connection = flags;
            Parsed::Complete(whole + length)
        }
        Err(_) => Parsed::Invalid(502, whole),
    }
}

/// What HAProxy counts for a response without headers and body: logs show that number, not the bytes on the wire.
pub(crate) fn message_weight(status: usize, reason: usize) -> u64 {
    (20 + 8 + status + reason + 1) as u64
}

/// True for a status whose response never has a body (RFC 9110 6.4.1).
pub(super) fn bodiless(status: u16, method: Method) -> bool {
    status < 200 || matches!(status, 204 | 304) || method == Method::Head
}

/// How a response without length or coding is framed.
pub(super) fn default_framing(status: u16, method: Method) -> Framing {
    if bodiless(status, method) || (method == Method::Connect && (200..300).contains(&status)) {
        Framing::None
    } else {
        Framing::UntilClose
    }
}
