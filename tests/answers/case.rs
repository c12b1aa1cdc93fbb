//! Cases as text, and what was seen as text.

use super::peer::{Peer, Step};
use lb_harness::escape;
use std::net::SocketAddr;

/// Most lines that are kept of one case.
const LINES: usize = 24;

/// A backend, what its server answers, and what must be seen of it.
#[derive(Debug, Default)]
pub(crate) struct Case {
    pub(crate) name: String,
    config: Vec<String>,
    /// What the server's line says beside its address.
    server: String,
    /// What the server does on its first connection, its second, ...; the last holds for all others.
    pub(crate) connections: Vec<Vec<Step>>,
    pub(crate) expected: Seen,
}

/// What a program did in a case.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// What it sent on its first connection; none: that is not told.
    pub(crate) sent: Option<String>,
    /// What it logged of it, in order.
    pub(crate) lines: Vec<String>,
}

/// Reads the cases of a file.
pub(crate) fn read(text: &str) -> Result<Vec<Case>, String> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            cases.push(Case { name: name.into(), connections: vec![Vec::new()], ..Case::default() });
            continue;
        }
        let case = cases.last_mut().ok_or("a line before the first case")?;
        match line.split_once(' ').unwrap_or((line, "")) {
            ("~", _) => case.connections.push(Vec::new()),
            ("=", line) => case.expected.lines.push(line.into()),
            ("sent", bytes) => case.expected.sent = Some(bytes.into()),
            ("with", words) => case.server = words.into(),
            (word @ ("<" | ">" | "|" | "!" | "." | "refuse"), bytes) => {
                let bytes = escape::decode(bytes)?;
                let step = match word {
                    "<" => Step::Read(bytes),
                    ">" => Step::Write(bytes),
                    "|" => Step::End,
                    "!" => Step::Reset,
                    "." => Step::Pause,
                    _ => Step::Refuse,
                };
                case.connections.last_mut().ok_or("no connection")?.push(step);
            }
            _ => case.config.push(line.into()),
        }
    }
    Ok(cases)
}

/// The file's text with what was seen in place of what was expected.
pub(crate) fn write(text: &str, seen: &[Seen]) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut seen = seen.iter();
    let mut current: Option<&Seen> = None;
    let flush = |current: Option<&Seen>, out: &mut Vec<String>| {
        let blank = out.last().is_some_and(String::is_empty);
        if blank {
            out.pop();
        }
        if let Some(seen) = current {
            out.extend(seen.sent.as_ref().map(|sent| format!("sent {sent}").trim_end().to_owned()));
            out.extend(seen.lines.iter().map(|line| format!("= {line}")));
        }
        if blank {
            out.push(String::new());
        }
    };
    for line in text.lines() {
        if line.starts_with('[') {
            flush(current, &mut out);
            current = seen.next();
        }
        if !line.starts_with("= ") && line.split(' ').next() != Some("sent") {
            out.push(line.into());
        }
    }
    flush(current, &mut out);
    out.join("\n") + "\n"
}

impl Case {
    /// Its section, as number `index`.
    pub(crate) fn backend(&self, index: usize, server: SocketAddr) -> String {
        let mut text = format!("backend b{index}\n");
        let mut own = false;
        for line in &self.config {
            own |= line.trim_start().starts_with("server ");
            text.push_str(&format!(
                "    {}\n",
                line.replace("@", &server.to_string()).replace("%PORT%", &server.port().to_string())
            ));
        }
        if !own {
            let server = format!("    server s {server} check inter 60s rise 1 fall 1 {}\n", self.server);
            text.push_str(&server);
        }
        text
    }

    /// What there is to compare.
    pub(crate) fn seen(&self, peer: &Peer, lines: Vec<String>, recording: bool) -> Seen {
        let plain = |text: String| {
            text.replace(&peer.addr().port().to_string(), "PORT").replace(&peer.addr().ip().to_string(), "IP")
        };
        let first = peer.first().map(|bytes| plain(escape::encode(&timeless(bytes))));
        // Where a check is made again and again, only so much is looked at.
        let most = if recording { LINES } else { self.expected.lines.len().max(1) };
        let lines = lines.into_iter().map(plain).take(most).collect();
        let told = if recording { self.connections.len() == 1 } else { self.expected.sent.is_some() };
        Seen { sent: first.filter(|_| told), lines }
    }
}

/// The messages of each backend, without what differs from run to run.
pub(crate) fn sorted(messages: &[String], backends: usize) -> Vec<Vec<String>> {
    let mut lines = vec![Vec::new(); backends];
    for message in messages {
        let Some((_, text)) = message.split_once("]: ") else { continue };
        let own = (0..backends).find(|index| {
            [format!("b{index}/"), format!("b{index} ")].iter().any(|name| {
                text.match_indices(name.as_str()).any(|(at, _)| at == 0 || text[..at].ends_with(' '))
            })
        });
        let Some(index) = own else { continue };
        let text = text.replace(&format!("b{index}/"), "be/").replace(&format!("b{index} "), "be ");
        lines[index].push(untimed(&text));
    }
    lines
}

/// Without what differs from run to run: the time in a TLS hello, the port that a PROXY header is from.
fn timeless(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.starts_with(b"\x16\x03\x00\x00\x79") {
        bytes.iter_mut().skip(11).take(4).for_each(|byte| *byte = 0);
    }
    let Some(at) = bytes.windows(9).position(|part| part == b"PROXY TCP") else { return bytes };
    let text = String::from_utf8_lossy(&bytes[at..]).into_owned();
    let words: Vec<&str> = text.splitn(5, ' ').collect();
    let [proxy, family, from, to, rest] = words[..] else { return bytes };
    let rest = rest.split_once(' ').map_or("", |(_, rest)| rest);
    bytes.truncate(at);
    bytes.extend([proxy, family, from, to, "N", rest].join(" ").bytes());
    bytes
}

/// Without the duration of a check, and without an error of some earlier call that haproxy may add where a SOCKS proxy
/// denies.
fn untimed(text: &str) -> String {
    const MARK: &str = "check duration: ";
    const DENIED: &str = "SOCKS4 Proxy deny the request";
    if let Some((before, after)) = text.split_once(&format!("{DENIED} ("))
        && let Some((_, after)) = after.split_once(')')
    {
        return untimed(&format!("{before}{DENIED}{after}"));
    }
    match text.split_once(MARK) {
        Some((before, after)) => {
            let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{before}{MARK}N{rest}")
        }
        None => text.into(),
    }
}
