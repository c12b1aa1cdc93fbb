//! An answer of lb's own, whole.

use crate::http::message::Framing;
use crate::http::{HeaderId, HeaderKey, Response, Version};
use bytes::Bytes;
use haproxy_cfg_parser::raw;

/// Status, headers and body of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The version: an `errorfile` may have an old one.
    pub version: Version,
    /// The status code.
    pub status: u16,
    /// The reason phrase.
    pub reason: Box<[u8]>,
    /// Headers in order, `content-length` included where there is one.
    pub headers: Vec<(HeaderKey, Vec<u8>)>,
    /// The body.
    pub body: Bytes,
    /// Nothing at all is sent: an empty `errorfile`. The status is logged nevertheless.
    pub silent: bool,
}

impl Message {
    /// An answer with a status and its usual reason, and no header.
    pub fn new(status: u16) -> Self {
        Self {
            version: Version::Http11,
            status,
            reason: reason(status).as_bytes().into(),
            headers: Vec::new(),
            body: Bytes::new(),
            silent: false,
        }
    }

    /// Appends a header.
    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((HeaderKey::new(&raw::bytes(name)), value.into()));
        self
    }

    /// Appends `content-length` for a body, except for statuses that have none, and sets the body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        if has_length(self.status) {
            let length = self.body.len().to_string();
            self = self.header("content-length", length);
        }
        self
    }

    /// Reads a whole response as `errorfile` has it. An empty one is [`Self::silent`]; the error says what is wrong.
    pub fn parse(status: u16, bytes: &[u8]) -> Result<Self, String> {
        if bytes.is_empty() {
            return Ok(Self { silent: true, ..Self::new(status) });
        }
        let mut slots = [httparse::EMPTY_HEADER; 128];
        let mut head = httparse::Response::new(&mut slots);
        let end = match head.parse(bytes) {
            Ok(httparse::Status::Complete(end)) => end,
            Ok(httparse::Status::Partial) => return Err("the headers do not end with an empty line".into()),
            Err(error) => return Err(format!("not an HTTP response: {error}")),
        };
        let mut message = Self::new(head.code.unwrap_or(status));
        if head.version == Some(0) {
            message.version = Version::Http10;
        }
        message.reason = head.reason.unwrap_or_default().as_bytes().into();
        let rest = bytes.get(end..).unwrap_or_default();
        let mut length = None;
        for header in head.headers.iter() {
            let key = HeaderKey::new(header.name.as_bytes());
            match key.name() {
                // Connections are lb's own affair, and the body is written whole.
                b"connection" | b"proxy-connection" | b"keep-alive" => continue,
                b"transfer-encoding" => return Err("the body must not be chunked".into()),
                b"content-length" => {
                    let text =
                        std::str::from_utf8(header.value).ok().and_then(|text| text.trim().parse().ok());
                    length = Some(text.ok_or("the Content-Length is not a number")?);
                }
                _ => {}
            }
            message.headers.push((key, header.value.to_vec()));
        }
        match length {
            Some(length) if length > rest.len() => Err(format!(
                "the Content-Length is {length}, but only {} bytes follow the headers",
                rest.len()
            )),
            Some(length) => {
                message.body = Bytes::copy_from_slice(rest.get(..length).unwrap_or_default());
                Ok(message)
            }
            // Without a length the body ends where the connection does.
            None => {
                message.body = Bytes::copy_from_slice(rest);
                Ok(message)
            }
        }
    }

    /// Makes it the response, whose former content is forgotten.
    pub fn write(&self, response: &mut Response) {
        response.clear();
        response.version = self.version;
        response.set_status(self.status, &self.reason);
        for (name, value) in &self.headers {
            response.headers.append_key(name, value);
        }
        let sized = response.headers.first_of(HeaderId::ContentLength).is_some();
        response.framing = match self.body.len() {
            0 => Framing::None,
            length if sized => Framing::Length(length as u64),
            _ => Framing::UntilClose,
        };
    }
}

/// 1xx, 204 and 304 carry no body (RFC 9110 6.4.1).
fn has_length(status: u16) -> bool {
    !(100..200).contains(&status) && status != 204 && status != 304
}

/// The reason phrase of a status, as HAProxy writes it.
pub(super) fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        101 => "Switching Protocols",
        102 => "Processing",
        103 => "Early Hints",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        203 => "Non-Authoritative Information",
        204 => "No Content",
        205 => "Reset Content",
        206 => "Partial Content",
        207 => "Multi-Status",
        210 => "Content Different",
        226 => "IM Used",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        305 => "Use Proxy",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        310 => "Too many Redirects",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Time-out",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Requested range unsatisfiable",
        417 => "Expectation failed",
        418 => "I'm a teapot",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        423 => "Locked",
        424 => "Method failure",
        425 => "Too Early",
        426 => "Upgrade Required",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        449 => "Retry With",
        450 => "Blocked by Windows Parental Controls",
        451 => "Unavailable For Legal Reasons",
        456 => "Unrecoverable Error",
        499 => "client has closed connection",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway or Proxy Error",
        503 => "Service Unavailable",
        504 => "Gateway Time-out",
        505 => "HTTP Version not supported",
        506 => "Variant also negociate",
        507 => "Insufficient storage",
        508 => "Loop detected",
        509 => "Bandwidth Limit Exceeded",
        510 => "Not extended",
        511 => "Network authentication required",
        520 => "Web server is returning an unknown error",
        _ => match status / 100 {
            1 => "Informational",
            2 => "Success",
            3 => "Redirection",
            4 => "Client Error",
            5 => "Server Error",
            _ => "Other",
        },
    }
}
