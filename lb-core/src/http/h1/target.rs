//! Forms of the request target (RFC 9112 3.2), and how target and `Host` must agree.

use super::head::Refusal;
use crate::http::header::{HeaderId, HeaderKey};
use crate::http::message::{Method, Request};
use std::sync::LazyLock;

static HOST: LazyLock<HeaderKey> = LazyLock::new(|| HeaderKey::new(b"host"));

/// Checks a request's target and brings it and `Host` to their normal forms: no default port in them.
pub(super) fn settle(request: &mut Request) -> Result<(), Refusal> {
    let target = request.target();
    match target.first() {
        _ if request.method == Method::Connect => connect(request),
        Some(b'/') => Ok(()),
        Some(b'*') if target == b"*" && request.method == Method::Options => Ok(()),
        _ => absolute(request),
    }
}

/// `CONNECT host:port`: the port is needed, and a default one does not stand in `Host`.
fn connect(request: &mut Request) -> Result<(), Refusal> {
    let (host, port) = split_port(request.target());
    if host.is_empty() || port.is_empty() || host.contains(&b'/') {
        return Err(Refusal::BAD);
    }
    let is_default = |port: &[u8]| matches!(port, b"80" | b"443");
    let Some(named) = request.headers.first_of(HeaderId::Host) else { return Ok(()) };
    let (named_host, named_port) = split_port(named);
    let same_port = named_port == port || (named_port.is_empty() && is_default(port));
    if !named_host.eq_ignore_ascii_case(host) || !same_port {
        return Err(Refusal::BAD);
    }
    if !named_port.is_empty() && is_default(named_port) {
        let plain = named_host.to_vec();
        request.headers.edit_values(&HOST, |_| Some(plain.clone()));
    }
    Ok(())
}

/// `scheme://authority/path`.
fn absolute(request: &mut Request) -> Result<(), Refusal> {
    let target = request.target();
    let mark = memchr::memmem::find(target, b"://").ok_or(Refusal::BAD)?;
    let scheme = target.get(..mark).unwrap_or_default();
    let named = scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    let from = mark + 3;
    let rest = target.get(from..).unwrap_or_default();
    let end = memchr::memchr2(b'/', b'?', rest).unwrap_or(rest.len());
    if !named || rest.get(end) == Some(&b'?') {
        return Err(Refusal::BAD);
    }
    let authority = rest.get(..end).unwrap_or_default();
    let default: &[u8] = match scheme {
        _ if scheme.eq_ignore_ascii_case(b"http") => b"80",
        _ if scheme.eq_ignore_ascii_case(b"https") => b"443",
        _ => b"",
    };
    let plain = without_port(authority, default).to_vec();
    let mut tidy_host = None;
    if let Some(host) = request.headers.first_of(HeaderId::Host) {
        let user_end = memchr::memrchr(b'@', &plain).map_or(0, |at| at + 1);
        let authority = plain.get(user_end..).unwrap_or_default();
        if !authority.is_empty() && !authority.eq_ignore_ascii_case(without_port(host, default)) {
            return Err(Refusal::BAD);
        }
    }
    if plain.len() != authority.len() {
        if let Some(host) = request.headers.first_of(HeaderId::Host) {
            tidy_host = Some(without_port(host, default).to_vec()).filter(|tidy| tidy.len() != host.len());
        }
        let mut tidy = target.get(..from).unwrap_or_default().to_vec();
        tidy.extend_from_slice(&plain);
        tidy.extend_from_slice(rest.get(end..).unwrap_or_default());
        request.set_tidy_target(&tidy);
    }
    if let Some(host) = tidy_host {
        request.headers.edit_values(&HOST, |_| Some(host.clone()));
    }
    Ok(())
}

/// Host and port of an authority; the port is empty where there is none.
fn split_port(authority: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memrchr(b':', authority) {
        Some(at) if !authority[at..].contains(&b']') => (&authority[..at], &authority[at + 1..]),
        _ => (authority, b""),
    }
}

/// An authority without a port that is empty or the default one.
fn without_port<'a>(authority: &'a [u8], default: &[u8]) -> &'a [u8] {
    let (host, port) = split_port(authority);
    if port.is_empty() || port == default { host } else { authority }
}
