//! Reading the cookie of a request, and hiding it from the server.

use super::{DATE_DELIMITER, Found, PREFIX_DELIMITER, date};
use crate::http::{HeaderId, HeaderKey, Request};
use crate::server::Server;
use haproxy_cfg_parser::model::{Cookie, CookieMode};
use std::sync::{Arc, LazyLock};

static COOKIE: LazyLock<HeaderKey> = LazyLock::new(|| HeaderKey::new(b"cookie"));

/// Cookies may be dated this far in the future, in seconds, before they count as too old.
const TOLERANCE: u64 = 86400;

/// Finds the server that a request's cookie names, and takes the cookie, or its prefix, out of the request where the
/// mode says so. `decided`: the server is chosen already (`use-server`) or persistence is to be ignored
/// (`ignore-persist`). `even_down`: a server that is down will do (`option persist`). `now` in seconds since 1970.
pub fn from_request(
    cookie: &Cookie,
    servers: &[Arc<Server>],
    request: &mut Request,
    decided: bool,
    even_down: bool,
    now: u64,
) -> Found {
    let mut found = Found::default();
    let logged = cookie.mode.is_some() || cookie.indirect;
    if !logged {
        found.flag = b'-';
    }
    let name = cookie.name.as_bytes();
    // Most requests that have any cookies have ours; those without any shall cost nothing.
    if !request.headers.values_of(HeaderId::Cookie).any(|value| memchr::memmem::find(value, name).is_some()) {
        return found;
    }
    let mut emptied = false;
    request.headers.edit_values(&COOKIE, |value| {
        let edited = edit(value, name, |value| {
            let own = read(cookie, value, &mut found, now);
            if found.server.is_none() {
                find(own, servers, &mut found, decided, even_down);
            }
            match cookie.mode {
                Some(CookieMode::Insert) if cookie.indirect => Kept::Nothing,
                Some(CookieMode::Prefix) if own.len() < value.len() => Kept::From(own.len() + 1),
                _ => Kept::All,
            }
        });
        emptied |= edited.as_ref().is_some_and(Vec::is_empty);
        edited
    });
    if !logged {
        found.flag = b'-';
    }
    if emptied {
        request.headers.remove_if(|name, value| name == COOKIE.name() && value.is_empty());
    }
    found
}

/// The part of a cookie's value that names the server; empty when it is too old. Notes its dates.
fn read<'a>(cookie: &Cookie, value: &'a [u8], found: &mut Found, now: u64) -> &'a [u8] {
    if cookie.mode == Some(CookieMode::Prefix) {
        return value.split(|byte| *byte == PREFIX_DELIMITER).next().unwrap_or_default();
    }
    let mut parts = value.splitn(3, |byte| *byte == DATE_DELIMITER);
    let own = parts.next().unwrap_or_default();
    found.last = parts.next().map_or(0, |_| {
        // A date need not end at the next bar.
        value.get(own.len() + 1..).map_or(0, date::read)
    });
    found.first = parts.next().map_or(0, date::read);
    let passed = |since: u64, limit: Option<u64>| {
        since > 0 && limit.is_some_and(|limit| now > since + limit || since > now + TOLERANCE)
    };
    let flag = if passed(found.first, cookie.maxlife) {
        b'O'
    } else if passed(found.last, cookie.maxidle) {
        b'E'
    } else {
        return own;
    };
    (found.flag, found.last, found.first) = (flag, 0, 0);
    &[]
}

/// Looks for the first server of that cookie value that may be used.
fn find(own: &[u8], servers: &[Arc<Server>], found: &mut Found, decided: bool, even_down: bool) {
    let usable = !own.is_empty() && !decided;
    for server in servers.iter().filter(|_| usable) {
        if server.config.cookie.as_ref().is_none_or(|value| value.as_bytes() != own) {
            continue;
        }
        let up = server.up();
        found.flag = if up { b'V' } else { b'D' };
        if up || even_down {
            found.server = Some(server.clone());
            return;
        }
    }
    if !matches!(found.flag, b'D' | b'E' | b'O') {
        found.flag = if decided { b'U' } else { b'I' };
    }
}

/// What remains of a cookie.
enum Kept {
    All,
    /// Its value from there on.
    From(usize),
    Nothing,
}

/// Offers the value of each cookie of that name in a `Cookie` header to `decide`; the new header, if it changes.
/// It is empty when nothing but attributes (`$Path`) remains.
fn edit(header: &[u8], name: &[u8], mut decide: impl FnMut(&[u8]) -> Kept) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut changed, mut gap, mut anything) = (false, false, false);
    let mut rest = header;
    let mut delimiter = None;
    loop {
        let end = value_end(rest);
        let part = rest.get(..end).unwrap_or_default();
        let (before, value) = match memchr::memchr(b'=', part) {
            Some(equal) => (part[..equal].trim_ascii(), Some(part[equal + 1..].trim_ascii())),
            None => (part.trim_ascii(), None),
        };
        let kept = match value {
            Some(value) if before == name => match decide(value) {
                Kept::Nothing => None,
                Kept::All => Some(value),
                Kept::From(start) => {
                    changed = true;
                    Some(value.get(start..).unwrap_or_default())
                }
            }
            .map(Some),
            _ => Some(None),
        };
        match kept {
            None => {
                (changed, gap) = (true, true);
                out.truncate(out.trim_ascii_end().len());
            }
            Some(own) => {
                if let (Some(delimiter), false) = (delimiter, out.is_empty()) {
                    out.push(delimiter);
                    if gap && !part.is_empty() {
                        out.push(b' ');
                    }
                }
                match own {
                    Some(value) => {
                        let start = part.len() - part.trim_ascii_start().len();
                        let plain = [before, b"=", value].concat();
                        // Blanks around the equal sign go away.
                        changed |= part.trim_ascii() != plain;
                        if !gap {
                            out.extend_from_slice(&part[..start]);
                        }
                        out.extend_from_slice(&plain);
                        out.extend_from_slice(&part[part.trim_ascii_end().len()..]);
                    }
                    None => out.extend_from_slice(if gap { part.trim_ascii_start() } else { part }),
                }
                anything |= !before.is_empty() && before.first() != Some(&b'$');
                gap = false;
            }
        }
        if end >= rest.len() {
            break;
        }
        delimiter = rest.get(end).copied();
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    if changed && !anything {
        out.clear();
    }
    changed.then_some(out)
}

/// Where a cookie ends: at a semicolon or comma outside quotes.
fn value_end(text: &[u8]) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b';' | b',' if !quoted => return at,
            _ => {}
        }
    }
    text.len()
}
