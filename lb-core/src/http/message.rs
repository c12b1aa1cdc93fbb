//! A request and a response, as typed messages that are always written anew.

use super::header::{HeaderId, HeaderKey, Headers, Span};
use std::sync::LazyLock;

/// The `Host` header.
static HOST: LazyLock<HeaderKey> = LazyLock::new(|| HeaderKey::new(b"host"));

/// HTTP versions that the HTTP/1 codec speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    #[default]
    Http11,
}

impl Version {
    /// As in a start line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
        }
    }
}

/// Request methods; any token is allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // each variant is the method of that name
pub enum Method {
    #[default]
    Get,
    Head,
    Post,
    Put,
    Delete,
    Options,
    Connect,
    Trace,
    /// Any other token; its text is in the request.
    Other,
}

impl Method {
    /// The method of a token (case-sensitive, RFC 9110 9.1).
    #[inline]
    pub fn of(token: &[u8]) -> Self {
        match token {
            b"GET" => Self::Get,
            b"POST" => Self::Post,
            b"HEAD" => Self::Head,
            b"PUT" => Self::Put,
            b"DELETE" => Self::Delete,
            b"OPTIONS" => Self::Options,
            b"CONNECT" => Self::Connect,
            b"TRACE" => Self::Trace,
            _ => Self::Other,
        }
    }
}

/// How a message's body ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    #[default]
    None,
    /// `Content-Length`.
    Length(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// Responses only: all until the server closes.
    UntilClose,
}

/// A request head, and what the client's bytes said about its body.
#[derive(Debug, Default)]
pub struct Request {
    /// Headers, and the arena of the start line.
    pub headers: Headers,
    /// The method.
    pub method: Method,
    method_text: Span,
    target: Span,
    original: Span,
    /// As received.
    pub version: Version,
    /// How the body ends.
    pub framing: Framing,
}

impl Request {
    /// Forgets everything, keeping the memory.
    pub fn clear(&mut self) {
        self.headers.clear();
        *self = Self { headers: std::mem::take(&mut self.headers), ..Self::default() };
    }

    /// Sets the start line; `line` is the whole line as received, for logs.
    pub(crate) fn set_start(&mut self, method: Span, target: Span, line: Span, version: Version) {
        self.method = Method::of(self.headers.bytes(method));
        self.method_text = method;
        self.target = target;
        self.original = line;
        self.version = version;
    }

    /// The method's text.
    pub fn method_text(&self) -> &[u8] {
        self.headers.bytes(self.method_text)
    }

    /// Replaces the method.
    pub fn set_method(&mut self, token: &[u8]) {
        self.method_text = self.headers.store(token);
        self.method = Method::of(token);
    }

    /// The request target as it will be sent: origin, absolute, authority or asterisk form (RFC 9112 3.2).
    pub fn target(&self) -> &[u8] {
        self.headers.bytes(self.target)
    }

    /// Replaces the target.
    pub fn set_target(&mut self, target: &[u8]) {
        self.target = self.headers.store(target);
    }

    /// For the codec: replaces the target in its normal form, which logs show as well.
    pub(crate) fn set_tidy_target(&mut self, target: &[u8]) {
        let line = self.original_line();
        let version_at = memchr::memrchr(b' ', line).unwrap_or(line.len());
        let parts = [self.method_text(), b" ", target, &line[version_at..]].concat();
        let at = self.method_text().len() + 1;
        self.original = self.headers.store(&parts);
        self.target = self.original.part(at, target.len());
    }

    /// The request line as received, without its end of line.
    pub fn original_line(&self) -> &[u8] {
        self.headers.bytes(self.original)
    }

    /// The target's path with its query: what follows scheme and authority in the absolute form.
    /// Empty for the asterisk and authority forms.
    pub fn path_and_query(&self) -> &[u8] {
        let target = self.target();
        target.get(path_start(target)..).unwrap_or_default()
    }

    /// The path without the query.
    pub fn path(&self) -> &[u8] {
        let whole = self.path_and_query();
        whole.get(..memchr::memchr(b'?', whole).unwrap_or(whole.len())).unwrap_or_default()
    }

    /// The query after `?`; none without one.
    pub fn query(&self) -> Option<&[u8]> {
        let whole = self.path_and_query();
        memchr::memchr(b'?', whole).and_then(|mark| whole.get(mark + 1..))
    }

    /// Replaces path and query, keeping scheme and authority of an absolute target.
    pub fn set_path_and_query(&mut self, text: &[u8]) {
        let target = self.target();
        let mut whole = target.get(..path_start(target)).unwrap_or_default().to_vec();
        whole.extend_from_slice(text);
        self.set_target(&whole);
    }

    /// Replaces the whole target; the authority of an absolute one goes into `Host`, so that both say the same.
    pub fn set_uri(&mut self, target: &[u8]) {
        self.set_target(target);
        if let Some(start) = scheme_end(target)
            && self.headers.first_of(HeaderId::Host).is_some()
        {
            let authority = target.get(start..path_start(target)).unwrap_or_default();
            self.headers.set(&HOST, authority);
        }
    }

    /// Puts `Host`, which a rule has changed, into a target that names an authority, so that both say the same.
    pub fn follow_host(&mut self) {
        let (target, connect) = (self.target(), self.method == Method::Connect);
        let start = if connect { Some(0) } else { scheme_end(target) };
        let Some((start, host)) = start.zip(self.headers.last_of(HeaderId::Host)) else { return };
        let rest = if connect { target.len() } else { path_start(target) };
        let parts = target.get(..start).zip(target.get(rest..));
        let whole = parts.map(|(scheme, path)| [scheme, host, path].concat());
        if let Some(whole) = whole {
            self.set_target(&whole);
        }
    }

    /// Bytes that logs (`%U`) and statistics count for this head. HAProxy counts its own form of a message: 20 for the
    /// start line beside its parts, names and values without separators, 1 for the end of the headers. To these come
    /// the bytes of the body, 1 for the end of a chunked one, and trailers as headers.
    pub fn counted_size(&self) -> u64 {
        let line = self.method_text.len() + self.target.len() + self.version.as_str().len();
        20 + line as u64 + self.headers.counted_size()
    }

    /// The authority: of an absolute or authority target, else the `Host` header. Port included.
    pub fn authority(&self) -> Option<&[u8]> {
        let target = self.target();
        if self.method == Method::Connect {
            return Some(target);
        }
        match scheme_end(target) {
            Some(start) => target.get(start..path_start(target)),
            None => self.headers.first_of(HeaderId::Host),
        }
    }
}

/// Where the authority of an absolute target starts.
fn scheme_end(target: &[u8]) -> Option<usize> {
    if target.first() == Some(&b'/') || target.first() == Some(&b'*') {
        return None;
    }
    memchr::memmem::find(target, b"://").map(|at| at + 3)
}

/// Where the path of a target starts; its length for none.
fn path_start(target: &[u8]) -> usize {
    if target.first() == Some(&b'/') {
        return 0;
    }
    match scheme_end(target) {
        Some(start) => {
            let rest = target.get(start..).unwrap_or_default();
            start + memchr::memchr2(b'/', b'?', rest).unwrap_or(rest.len())
        }
        None => target.len(),
    }
}

/// A response head, and how its body ends.
#[derive(Debug, Default)]
pub struct Response {
    /// Headers, and the arena of the start line.
    pub headers: Headers,
    /// The status code.
    pub status: u16,
    reason: Span,
    /// As received.
    pub version: Version,
    /// How the body ends.
    pub framing: Framing,
    /// Its head's size as HAProxy counts it for logs (`%B`): of names, values and the start line, as received.
    pub weight: u64,
}

impl Response {
    /// Forgets everything, keeping the memory.
    pub fn clear(&mut self) {
        self.headers.clear();
        *self = Self { headers: std::mem::take(&mut self.headers), ..Self::default() };
    }

    pub(crate) fn set_start(&mut self, status: u16, reason: Span, version: Version) {
        self.status = status;
        self.reason = reason;
        self.version = version;
    }

    /// The reason phrase.
    pub fn reason(&self) -> &[u8] {
        self.headers.bytes(self.reason)
    }

    /// Bytes that logs (`%B`) and statistics count for this head: see [`Request::counted_size`].
    pub fn counted_size(&self) -> u64 {
        // The status has three digits.
        let line = self.version.as_str().len() + 3 + self.reason.len();
        20 + line as u64 + self.headers.counted_size()
    }

    /// Replaces status and reason.
    pub fn set_status(&mut self, status: u16, reason: &[u8]) {
        self.status = status;
        self.reason = self.headers.store(reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(target: &[u8]) -> Request {
        let mut request = Request::default();
        request.set_target(target);
        request
    }

    /// Recorded from the logs of haproxy 2.6.12.
    #[test]
    fn sizes_are_counted_as_haproxy_counts() {
        let mut message = request(b"/x");
        message.set_method(b"POST");
        message.headers.append(b"host", b"a");
        message.headers.append(b"content-length", b"3");
        assert_eq!(message.counted_size() + 3, 58);
        let mut response = Response::default();
        response.set_status(302, b"Found");
        for (name, value) in [("content-length", "0"), ("location", "/a"), ("cache-control", "no-cache")] {
            response.headers.append(name.as_bytes(), value.as_bytes());
        }
        assert_eq!(response.counted_size(), 83);
    }

    #[test]
    fn targets_split() {
        for (target, path, query) in [
            (&b"/a?b"[..], &b"/a"[..], Some(&b"b"[..])),
            (b"http://h:1/a?b?c", b"/a", Some(b"b?c")),
            (b"http://h", b"", None),
            (b"http://h?x", b"", Some(b"x")),
            (b"*", b"", None),
            (b"/a?u=http://x/", b"/a", Some(b"u=http://x/")),
        ] {
            let request = request(target);
            assert_eq!((request.path(), request.query()), (path, query), "{target:?}");
        }
    }
}
