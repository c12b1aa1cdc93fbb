//! The aliases of log formats (manual 8.2.6): one row each.

use super::captures::{braces, list};
use super::date::{self, Form};
use super::render::{IN_LINE, Render};
use crate::process;
use crate::sample::fetch::word;
use crate::server::ServerAddress;
use haproxy_cfg_parser::model::Mode;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

/// An alias; `write` says whether it wrote anything that counts as a word.
pub(super) struct Row {
    /// Without `%`.
    pub(super) name: &'static str,
    pub(super) write: fn(&Render<'_>, &mut Vec<u8>) -> bool,
}

macro_rules! rows {
    ($($name:literal => $write:expr;)*) => {
        &[$(Row { name: $name, write: |render, out| { let write: fn(&Render<'_>, &mut Vec<u8>) = $write; write(render, out); true } },)*]
    };
}

/// Every alias but those of captured headers.
const WORDS: &[Row] = rows! {
    "ci" => |r, out| client_host(r, r.exchange.src(), out);
    "cp" => |r, out| client_port(r, r.exchange.src(), out);
    "fi" => |r, out| client_host(r, r.exchange.dst(), out);
    "fp" => |r, out| client_port(r, r.exchange.dst(), out);
    "bi" => |r, out| r.ip(r.exchange.server_ends.0, out);
    "bp" => |r, out| r.port(r.exchange.server_ends.0, out);
    "si" => |r, out| r.ip(server_address(r), out);
    "sp" => |r, out| r.port(server_address(r), out);
    "f" => |r, out| r.text(r.exchange.frontend.name.as_bytes(), out);
    "ft" => |r, out| r.text(r.exchange.frontend.name.as_bytes(), out);
    "b" => |r, out| r.text(backend_name(r), out);
    "s" => |r, out| r.text(server_name(r), out);
    "t" => |r, out| with_millis(r.exchange.times.began_at, Form::Short, out);
    "tr" => |r, out| with_millis(began(r), Form::Short, out);
    "trg" => |r, out| date::push(date::split(began(r)).0, Form::Gmt, out);
    "trl" => |r, out| date::push(date::split(began(r)).0, Form::Local, out);
    "T" => |r, out| date::push(date::split(r.exchange.times.began_at).0, Form::Gmt, out);
    "Tl" => |r, out| date::push(date::split(r.exchange.times.began_at).0, Form::Local, out);
    "Ts" => |r, out| {
        let (second, _) = date::split(r.exchange.times.began_at);
        if r.flags.hex {
            out.extend_from_slice(format!("{second:X}").as_bytes());
        } else {
            r.number(second, out);
        }
    };
    "ms" => |r, out| {
        let millis = date::split(r.exchange.times.began_at).1 / 1000;
        if r.flags.hex {
            out.extend_from_slice(format!("{millis:02X}").as_bytes());
        } else {
            date::push_padded(millis, 3, out);
        }
    };
    "Th" => |r, out| r.number(0, out);
    "Ti" => |r, out| r.number(r.timers.idle, out);
    "TR" => |r, out| r.number(r.timers.request, out);
    "Tq" => |r, out| {
        let timers = r.timers;
        r.number(if timers.request < 0 { -1 } else { timers.idle + timers.request }, out);
    };
    "Tw" => |r, out| r.number(r.timers.queue, out);
    "Tc" => |r, out| r.number(r.timers.connect, out);
    "Tr" => |r, out| r.number(r.timers.response, out);
    "Td" => |r, out| r.number(r.timers.data, out);
    "Ta" => |r, out| r.number(r.timers.active, out);
    "Tt" => |r, out| {
        let timers = r.timers;
        r.number(timers.idle + timers.active, out);
    };
    "Tu" => |r, out| r.number(r.timers.active, out);
    "ST" => |r, out| match r.exchange.response.status {
        0 => out.extend_from_slice(b"-1"),
        status => r.number(status, out),
    };
    "B" => |r, out| r.number(r.exchange.bytes_out, out);
    "U" => |r, out| r.number(r.exchange.bytes_in, out);
    "CC" => |r, out| cookie(r, r.exchange.request_cookie.as_deref(), out);
    "CS" => |r, out| cookie(r, r.exchange.response_cookie.as_deref(), out);
    "ts" => |r, out| {
        let end = &r.exchange.termination;
        out.extend_from_slice(&[end.cause as u8, end.phase as u8]);
    };
    "tsc" => |r, out| {
        let end = &r.exchange.termination;
        out.extend_from_slice(&[end.cause as u8, end.phase as u8, end.request_cookie, end.response_cookie]);
    };
    "ac" => |r, out| r.number(process::live().connections.load(Ordering::Relaxed), out);
    "fc" => |r, out| r.number(r.exchange.frontend.stats.current.load(Ordering::Relaxed), out);
    "bc" => |r, out| {
        let backend = r.exchange.backend.as_ref();
        r.number(backend.map_or(0, |backend| backend.stats.current.load(Ordering::Relaxed)), out);
    };
    "sc" => |r, out| {
        let server = r.exchange.server.as_ref();
        r.number(server.map_or(0, |server| server.served.load(Ordering::Relaxed)), out);
    };
    "rc" => |r, out| {
        if r.exchange.redispatched {
            out.push(b'+');
        }
        r.number(r.exchange.retries, out);
    };
    "sq" => |r, out| r.number(r.exchange.server_queue, out);
    "bq" => |r, out| r.number(r.exchange.backend_queue, out);
    "r" => |r, out| line(r, out, |line| line);
    "HM" => |r, out| line(r, out, |line| word(line, 0).unwrap_or_default());
    "HU" => |r, out| line(r, out, uri);
    "HP" => |r, out| line(r, out, |line| before_query(uri(line)));
    "HPO" => |r, out| line(r, out, |line| path_only(before_query(uri(line))));
    "HQ" => |r, out| line(r, out, |line| {
        let uri = uri(line);
        memchr::memchr(b'?', uri).and_then(|mark| uri.get(mark..)).unwrap_or_default()
    });
    "HV" => |r, out| line(r, out, |line| word(line, 2).unwrap_or_default());
    "ID" => |r, out| r.text(super::unique_id(r.exchange).unwrap_or_default(), out);
    "lc" => |r, out| r.number_or_hex(r.exchange.frontend.log.count(), 4, out);
    "rt" => |r, out| r.number_or_hex(r.exchange.number, 4, out);
    "pid" => |r, out| r.number_or_hex(process::facts().pid, 4, out);
    "H" => |r, out| r.text(process::facts().hostname.as_bytes(), out);
    // This build terminates no TLS.
    "sslc" => |r, out| r.text(b"", out);
    "sslv" => |r, out| r.text(b"", out);
};

/// Captured headers are no word at all where a frontend captures none or nothing could be read as a request, so the
/// space after them goes too.
const CAPTURES: &[Row] = &[
    Row {
        name: "hr",
        write: |r, out| {
            braces(r, slots(r, &r.exchange.frontend.request_captures), &r.exchange.request_captures, out)
        },
    },
    Row {
        name: "hs",
        write: |r, out| {
            braces(r, slots(r, &r.exchange.frontend.response_captures), &r.exchange.response_captures, out)
        },
    },
    Row {
        name: "hrl",
        write: |r, out| {
            list(r, slots(r, &r.exchange.frontend.request_captures), &r.exchange.request_captures, out)
        },
    },
    Row {
        name: "hsl",
        write: |r, out| {
            list(r, slots(r, &r.exchange.frontend.response_captures), &r.exchange.response_captures, out)
        },
    },
];

fn slots<T>(render: &Render<'_>, declared: &[T]) -> usize {
    let exchange = render.exchange;
    let unread = exchange.frontend.mode == Mode::Http && exchange.request.original_line().is_empty();
    if unread { 0 } else { declared.len() }
}

/// The row of an alias. Names are looked up at load only.
pub(super) fn row(name: &str) -> Option<&'static Row> {
    WORDS.iter().chain(CAPTURES).find(|row| row.name == name)
}

/// A client on a unix socket has the name `unix` and its listener's number for a port.
fn client_host(render: &Render<'_>, address: Option<SocketAddr>, out: &mut Vec<u8>) {
    match address {
        Some(_) => render.ip(address, out),
        None => render.text(b"unix", out),
    }
}

fn client_port(render: &Render<'_>, address: Option<SocketAddr>, out: &mut Vec<u8>) {
    match address {
        Some(_) => render.port(address, out),
        None => render.number(render.exchange.session.listener.id, out),
    }
}

fn server_address(render: &Render<'_>) -> Option<SocketAddr> {
    match render.exchange.server.as_ref()?.address() {
        ServerAddress::Inet(address) => Some(address),
        _ => None,
    }
}

fn backend_name<'a>(render: &Render<'a>) -> &'a [u8] {
    match &render.exchange.backend {
        Some(backend) => backend.name.as_bytes(),
        None => render.exchange.frontend.name.as_bytes(),
    }
}

fn server_name<'a>(render: &Render<'a>) -> &'a [u8] {
    match (&render.exchange.server, render.exchange.service) {
        (Some(server), _) => server.name.as_bytes(),
        (None, Some(service)) => service.as_bytes(),
        (None, None) => b"<NOSRV>",
    }
}

fn began(render: &Render<'_>) -> SystemTime {
    render.exchange.times.began_at + render.exchange.times.idle
}

#[inline]
fn with_millis(time: SystemTime, form: Form, out: &mut Vec<u8>) {
    let (second, micros) = date::split(time);
    date::push(second, form, out);
    out.push(b'.');
    date::push_padded(micros / 1000, 3, out);
}

/// A captured cookie is `-` where there is none, whatever the flags but `+Q`.
fn cookie(render: &Render<'_>, value: Option<&[u8]>, out: &mut Vec<u8>) {
    render.text(value.unwrap_or_default(), out);
}

/// As much of a request line as logs show (`tune.http.logurilen` less its end).
const LONGEST_LINE: usize = 1023;

/// Part of the request line as received; `<BADREQ>` where there was none that could be read.
#[inline]
fn line(render: &Render<'_>, out: &mut Vec<u8>, part: fn(&[u8]) -> &[u8]) {
    let line = render.exchange.request.original_line();
    if line.is_empty() {
        return render.text(b"<BADREQ>", out);
    }
    render.encoded(part(line.get(..LONGEST_LINE).unwrap_or(line)), &IN_LINE, out);
}

fn uri(line: &[u8]) -> &[u8] {
    word(line, 1).unwrap_or_default()
}

fn before_query(uri: &[u8]) -> &[u8] {
    uri.get(..memchr::memchr(b'?', uri).unwrap_or(uri.len())).unwrap_or_default()
}

/// What follows scheme and authority of an absolute URI.
fn path_only(uri: &[u8]) -> &[u8] {
    match memchr::memmem::find(uri, b"://") {
        Some(at) if uri.first() != Some(&b'/') => {
            let rest = uri.get(at + 3..).unwrap_or_default();
            memchr::memchr(b'/', rest).and_then(|slash| rest.get(slash..)).unwrap_or_default()
        }
        _ => uri,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique() {
        let mut seen = HashSet::new();
        for row in WORDS.iter().chain(CAPTURES) {
            assert!(seen.insert(row.name), "two rows for {}", row.name);
        }
    }

    #[test]
    fn uris_split() {
        assert_eq!(path_only(b"http://h:1/a"), b"/a");
        assert_eq!(path_only(b"/a://b"), b"/a://b");
        assert_eq!(before_query(b"/a?b?c"), b"/a");
    }
}
