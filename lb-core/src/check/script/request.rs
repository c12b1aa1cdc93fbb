//! The request of an HTTP check, as HAProxy writes it.

use super::Template;
use crate::exchange::Exchange;
use crate::http::Method;
use crate::log::Format;
use crate::server::{Server, ServerAddress};
use std::io::Write;
use std::sync::atomic::Ordering::Relaxed;

/// A compiled request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Vec<u8>,
    pub(super) uri: Template,
    pub(super) version: Vec<u8>,
    pub(super) headers: Vec<(Vec<u8>, Format)>,
    pub(super) body: Template,
    /// `http-check send-state`.
    pub(super) send_state: bool,
}

impl Request {
    /// The method, which decides whether the answer has a body.
    pub(super) fn method(&self) -> Method {
        Method::of(&self.method)
    }

    /// The bytes to send.
    pub(super) fn write(&self, server: &Server, exchange: Option<&Exchange>) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        let uri = self.uri.text(exchange);
        out.extend_from_slice(&self.method);
        out.push(b' ');
        out.extend_from_slice(if uri.is_empty() { b"/" } else { &uri });
        out.push(b' ');
        out.extend_from_slice(&self.version);
        out.extend_from_slice(b"\r\n");
        let modern = is_modern(&self.version);
        let mut connection = None;
        for (name, format) in &self.headers {
            let value = exchange
                .map_or_else(|| format.constant().unwrap_or_default(), |exchange| format.text(exchange));
            if value.is_empty() {
                continue;
            }
            if name == b"connection" {
                connection = Some(value);
                continue;
            }
            line(name, &value, &mut out);
        }
        if self.send_state {
            line(b"x-haproxy-server-state", state(server).as_bytes(), &mut out);
        }
        let body = self.body.text(exchange);
        let usually_without =
            matches!(self.method(), Method::Options | Method::Get | Method::Head | Method::Delete);
        if !usually_without || !body.is_empty() {
            line(b"content-length", itoa::Buffer::new().format(body.len()).as_bytes(), &mut out);
        }
        let keeps = |value: &Vec<u8>| value.eq_ignore_ascii_case(b"keep-alive");
        match (&connection, modern) {
            // What a version does anyway is not said.
            (None, false) => {}
            (None, true) => line(b"connection", b"close", &mut out),
            (Some(value), true) if keeps(value) => {}
            (Some(value), false) if value.eq_ignore_ascii_case(b"close") => {}
            (Some(value), _) => line(b"connection", value, &mut out),
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&body);
        out
    }
}

fn line(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// HTTP/1.1 and later.
fn is_modern(version: &[u8]) -> bool {
    version.strip_prefix(b"HTTP/").is_some_and(|number| number > b"1.0".as_slice())
}

/// What the server is told about itself (`http-check send-state`).
fn state(server: &Server) -> String {
    let (address, port) = match server.address() {
        ServerAddress::Inet(address) => (address.ip().to_string(), address.port().to_string()),
        ServerAddress::Unix(_) | ServerAddress::Abstract(_) => ("unix".into(), String::new()),
        ServerAddress::Unresolved(port) => (String::new(), port.to_string()),
    };
    let of_servers = server.farm.announcer().map_or(0, |announcer| announcer.weight());
    let in_backend = server.farm.sessions();
    format!(
        "{}; address={address}; port={port}; name={}/{}; node={}; weight={}/{of_servers}; scur={}/{in_backend}; qcur={}",
        crate::stats::health(server),
        server.backend,
        server.name,
        crate::process::facts().node,
        server.weight.load(Relaxed),
        server.served.load(Relaxed),
        server.queued.load(Relaxed),
    )
}

impl Template {
    /// The bytes now.
    pub(super) fn text(&self, exchange: Option<&Exchange>) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes.clone(),
            Self::Format(format) => match exchange {
                Some(exchange) => format.text(exchange),
                None => format.constant().unwrap_or_default(),
            },
        }
    }

    /// It depends on the check.
    pub(super) fn evaluates(&self) -> bool {
        matches!(self, Self::Format(format) if format.constant().is_none())
    }
}

/// Writes hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to memory cannot fail.
        let _ = write!(out, "{byte:02X}");
    }
    out
}
