//! Putting the cookie into a response.

use super::{DATE_DELIMITER, Found, PREFIX_DELIMITER, date};
use crate::http::header::list_elements;
use crate::http::{HeaderId, HeaderKey, Method, Response};
use crate::server::Server;
use haproxy_cfg_parser::model::{Cookie, CookieMode};
use std::sync::LazyLock;

static SET_COOKIE: LazyLock<HeaderKey> = LazyLock::new(|| HeaderKey::new(b"set-cookie"));
static CACHE_CONTROL: LazyLock<HeaderKey> = LazyLock::new(|| HeaderKey::new(b"cache-control"));

/// Handles the cookie that `server` sets itself, and adds ours where the client does not have it. `direct`: the
/// server is the one that the cookie named, or that `use-server` demanded. `now` in seconds since 1970. Not to be
/// called where persistence is ignored (`ignore-persist`).
///
/// Gives the flag for the logs: `N` nothing, `P` the server's cookie passed, `D` it was deleted, `I` ours inserted,
/// `U` ours updated, `R` the server's rewritten, `-` the proxy only reads the cookie.
pub fn on_response(
    cookie: &Cookie,
    found: &Found,
    server: &Server,
    direct: bool,
    method: Method,
    response: &mut Response,
    now: u64,
) -> u8 {
    let passed = treat_servers_own(cookie, server, direct, response);
    if cookie.mode.is_none() && !cookie.indirect {
        return b'-';
    }
    if cookie.mode != Some(CookieMode::Insert)
        || (passed == b'P' && cookie.preserve)
        || (direct && !needs_refresh(cookie, found, now))
        || (cookie.postonly && method != Method::Post)
    {
        return passed;
    }
    let value = set_cookie(cookie, found, server, now);
    response.headers.append_key(&SET_COOKIE, &value);
    if cookie.nocache && is_cacheable(method, response) {
        // Caches of HTTP/1.0 keep cookies too.
        response.headers.append_key(&CACHE_CONTROL, b"private");
    }
    if direct && server.config.cookie.is_some() { b'U' } else { b'I' }
}

/// The date in the client's cookie must be set, brought up to date, or removed.
fn needs_refresh(cookie: &Cookie, found: &Found, now: u64) -> bool {
    let dated = cookie.maxidle.is_some() || found.last > 0;
    (dated && found.last < now) || cookie.maxlife.is_some() != (found.first > 0)
}

/// The cookie of our name that the server sets is deleted, rewritten, prefixed or passed, by the mode.
fn treat_servers_own(cookie: &Cookie, server: &Server, direct: bool, response: &mut Response) -> u8 {
    let name = cookie.name.as_bytes();
    let mut flag = b'N';
    if response.headers.first_of(HeaderId::SetCookie).is_none() {
        return flag;
    }
    let delete = !cookie.preserve && (cookie.mode == Some(CookieMode::Insert) || (direct && cookie.indirect));
    let own = server.config.cookie.as_deref().map(str::as_bytes);
    response.headers.edit_values(&SET_COOKIE, |header| {
        let end = header.iter().position(|byte| *byte == b';').unwrap_or(header.len());
        let (pair, attributes) = header.split_at(end);
        let equal = memchr::memchr(b'=', pair)?;
        if pair[..equal].trim_ascii() != name {
            return None;
        }
        let value = pair[equal + 1..].trim_ascii();
        let assignment = |parts: &[&[u8]]| Some([&[name, b"="], parts, &[attributes]].concat().concat());
        match (cookie.mode, own) {
            _ if delete => {
                flag = b'D';
                Some(Vec::new())
            }
            (Some(CookieMode::Rewrite), Some(own)) if !cookie.preserve => {
                flag = b'R';
                assignment(&[own])
            }
            (Some(CookieMode::Prefix), Some(own)) if !cookie.preserve => {
                flag = b'R';
                assignment(&[own, &[PREFIX_DELIMITER], value])
            }
            _ => {
                flag = b'P';
                assignment(&[value])
            }
        }
    });
    if flag == b'D' {
        response.headers.remove_if(|name, value| name == SET_COOKIE.name() && value.is_empty());
    }
    flag
}

/// The value of our `Set-Cookie` header; for a server without a cookie it removes the client's.
fn set_cookie(cookie: &Cookie, found: &Found, server: &Server, now: u64) -> Vec<u8> {
    let mut out = cookie.name.as_bytes().to_vec();
    out.push(b'=');
    match &server.config.cookie {
        None => out.extend_from_slice(b"; Expires=Thu, 01-Jan-1970 00:00:01 GMT"),
        Some(value) => {
            out.extend_from_slice(value.as_bytes());
            if cookie.maxidle.is_some() || cookie.maxlife.is_some() {
                out.push(DATE_DELIMITER);
                date::write(now, &mut out);
            }
            if cookie.maxlife.is_some() {
                out.push(DATE_DELIMITER);
                date::write(if found.first > 0 { found.first } else { now }, &mut out);
            }
        }
    }
    out.extend_from_slice(b"; path=/");
    for domain in &cookie.domains {
        out.extend_from_slice(b"; domain=");
        out.extend_from_slice(domain.as_bytes());
    }
    for (wanted, attribute) in [(cookie.httponly, &b"; HttpOnly"[..]), (cookie.secure, b"; Secure")] {
        if wanted {
            out.extend_from_slice(attribute);
        }
    }
    for attribute in &cookie.attrs {
        out.extend_from_slice(b"; ");
        out.extend_from_slice(attribute.as_bytes());
    }
    out
}

/// A cache might keep the response, by what method, status and headers say.
fn is_cacheable(method: Method, response: &Response) -> bool {
    const STATUSES: [u16; 11] = [200, 203, 204, 206, 300, 301, 404, 405, 410, 414, 501];
    if !matches!(method, Method::Get | Method::Head | Method::Options | Method::Trace)
        || !STATUSES.contains(&response.status)
    {
        return false;
    }
    let (mut allowed, mut fresh) = (true, false);
    for (name, value) in response.headers.iter() {
        match name {
            b"expires" | b"etag" | b"last-modified" => fresh = true,
            b"pragma" if value.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"no-cache")) => {
                allowed = false;
            }
            b"cache-control" => {
                for directive in list_elements(value).map(<[u8]>::to_ascii_lowercase) {
                    match &*directive {
                        b"private" | b"no-cache" | b"no-store" | b"max-age=0" | b"s-maxage=0" => {
                            allowed = false
                        }
                        b"public" => allowed = true,
                        other => fresh |= other.starts_with(b"max-age") || other.starts_with(b"s-maxage"),
                    }
                }
            }
            _ => {}
        }
    }
    allowed && fresh
}
