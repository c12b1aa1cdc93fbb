//! How a file of the record is read and written.
//!
//! ```text
//! Any text, up to the first case.
//!
//! == name-of-the-case
//! # What it is about.
//! config plain
//! client send
//! | GET / HTTP/1.1\r\n
//! | \r\n
//! client half-close
//! server request
//! server send
//! | HTTP/1.1 200 OK\r\n
//! | \r\n
//! server close
//! -- haproxy 2.6.12
//! client closed
//! | HTTP/1.1 200 OK\r\n
//! | \r\n
//! server open
//! | GET / HTTP/1.1\r\n
//! | \r\n
//! log s 200 19 ---- GET / HTTP/1.1
//! ```
//!
//! The client can `send`, `drip` (byte by byte), `pause`, `await TEXT`, `half-close`, `close`, `reset`. The server can wait for
//! the `head` of a request, the whole `request` or the client's `end`, and `send`, `pause`, `half-close`, `close`, `reset`; behind
//! `server next` stands what it does for the next request, and the last of these serves all that follow. Where
//! nothing is said of the server, it gives each request the ordinary answer ([`ORDINARY`]).
//! A line that begins with `|` holds bytes, escaped as in [`lb_harness::escape`]; the line's own end is none of them.
//!
//! Behind `--` stands what was seen: what the client heard and how its connection stood when all was quiet (`open`, `closed`,
//! `reset`); then the same for each connection that the server got; then a `log` line for each request logged: server,
//! status, bytes, termination state, request line.
//!
//! A second such part, `-- lb: why`, is what lb is to do where that differs: a later HAProxy does, or copying it would be
//! unsafe (`tests/versions.md`). It is written by hand, and kept when the rest is recorded anew.

use crate::{
    case::{Act, Block, Case, Play},
    outcome::{End, Heard, Log, Outcome},
};
use lb_harness::escape;
use std::path::PathBuf;

/// The answer of a server of which nothing is said.
pub(crate) const ORDINARY: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// How the title of a second outcome begins, that of lb where it is another.
const OURS: &str = "lb: ";

/// One file of cases.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct File {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// The text before the first case.
    pub(crate) intro: Vec<String>,
    /// The cases.
    pub(crate) cases: Vec<Case>,
}

/// Writes a file of cases.
pub(crate) fn render(file: &File) -> String {
    let mut lines = file.intro.clone();
    for case in &file.cases {
        lines.push(format!("== {}", case.name));
        lines.extend(case.doc.iter().map(|doc| format!("# {doc}")));
        lines.push(format!("config {}", case.config));
        case.client.iter().for_each(|act| render_act(act, &mut lines));
        for (i, exchange) in case.server.iter().enumerate() {
            if i > 0 {
                lines.push("server next".into());
            }
            for play in exchange {
                lines.push(format!("server {}", play.word));
                render_block(&play.block, &mut lines);
            }
        }
        for (title, outcome) in case.record.iter().chain(&case.ours) {
            lines.push(format!("-- {title}"));
            lines.extend(outcome.lines());
        }
        lines.push(String::new());
    }
    lines.join("\n")
}

fn render_act(act: &Act, lines: &mut Vec<String>) {
    let (word, block) = match act {
        Act::Send(block) => ("send", Some(block)),
        Act::Drip(block) => ("drip", Some(block)),
        Act::Await(text) => return lines.push(format!("client await {text}")),
        Act::Pause => ("pause", None),
        Act::HalfClose => ("half-close", None),
        Act::Close => ("close", None),
        Act::Reset => ("reset", None),
    };
    lines.push(format!("client {word}"));
    if let Some(block) = block {
        render_block(block, lines);
    }
}

fn render_block(block: &Block, lines: &mut Vec<String>) {
    lines.extend(block.lines.iter().map(|line| format!("| {line}")));
}

/// Reads a file of cases.
///
/// # Errors
/// Names the line and what is wrong with it.
pub(crate) fn parse(path: PathBuf, text: &str) -> Result<File, String> {
    let mut file = File { path, ..File::default() };
    let mut lines = Lines { all: text.lines().collect(), at: 0 };
    while let Some(line) = lines.next() {
        let result = match (line.strip_prefix("== "), file.cases.last_mut()) {
            (Some(name), _) => {
                file.cases.push(Case { name: name.into(), ..Case::default() });
                Ok(())
            }
            (None, None) => {
                file.intro.push(line.into());
                Ok(())
            }
            (None, Some(case)) => parse_line(line, case, &mut lines),
        };
        result.map_err(|why| format!("{}:{}: {why}", file.path.display(), lines.at))?;
    }
    Ok(file)
}

struct Lines<'a> {
    all: Vec<&'a str>,
    at: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let line = self.all.get(self.at)?;
        self.at += 1;
        Some(line)
    }

    /// The lines of bytes that follow.
    fn block(&mut self) -> Result<Block, String> {
        let mut block = Block::default();
        while let Some(line) = self.all.get(self.at).and_then(|line| line.strip_prefix("| ")) {
            self.at += 1;
            block.bytes.extend(escape::decode(line)?);
            block.lines.push(line.into());
        }
        Ok(block)
    }
}

fn parse_line(line: &str, case: &mut Case, lines: &mut Lines<'_>) -> Result<(), String> {
    let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
    if case.record.is_some() && first != "--" {
        return parse_record(first, rest, case, lines);
    }
    match first {
        "" => {}
        "#" => case.doc.push(rest.into()),
        "config" => case.config = rest.into(),
        "client" => case.client.push(parse_act(rest, lines)?),
        "server" if rest == "next" => case.server.push(Vec::new()),
        "server" => {
            let word = Play::WORDS.into_iter().find(|w| *w == rest).ok_or("a server can't do that")?;
            if case.server.is_empty() {
                case.server.push(Vec::new());
            }
            let block = lines.block()?;
            case.server.iter_mut().last().ok_or("no exchange")?.push(Play { word, block });
        }
        "--" if rest.starts_with(OURS) => case.ours = Some((rest.into(), Outcome::default())),
        "--" => case.record = Some((rest.into(), Outcome::default())),
        _ => return Err(format!("`{first}` is none of # config client server --")),
    }
    Ok(())
}

fn parse_act(text: &str, lines: &mut Lines<'_>) -> Result<Act, String> {
    if let Some(text) = text.strip_prefix("await ") {
        escape::decode(text)?;
        return Ok(Act::Await(text.into()));
    }
    Ok(match text {
        "send" => Act::Send(lines.block()?),
        "drip" => Act::Drip(lines.block()?),
        "pause" => Act::Pause,
        "half-close" => Act::HalfClose,
        "close" => Act::Close,
        "reset" => Act::Reset,
        _ => return Err("a client can't do that".into()),
    })
}

fn parse_record(first: &str, rest: &str, case: &mut Case, lines: &mut Lines<'_>) -> Result<(), String> {
    let Some((_, outcome)) = case.ours.as_mut().or(case.record.as_mut()) else {
        return Err("no record begun".into());
    };
    let mut heard = || -> Result<Heard, String> {
        let end = match rest {
            "open" => End::Open,
            "closed" => End::Closed,
            "reset" => End::Reset,
            _ => return Err(format!("`{rest}` is none of open closed reset")),
        };
        Ok(Heard { end, bytes: lines.block()?.bytes })
    };
    match first {
        "" => {}
        "client" => outcome.client = heard()?,
        "server" => {
            let heard = heard()?;
            outcome.servers.push(heard);
        }
        "log" => {
            let words: Vec<&str> = rest.splitn(5, ' ').collect();
            let [server, status, bytes, termination, request] = words[..] else {
                return Err("a log line has server, status, bytes, termination state, request".into());
            };
            let [server, status, bytes, termination, request] =
                [server, status, bytes, termination, request].map(str::to_owned);
            outcome.log.push(Log { server, status, bytes, termination, request });
        }
        _ => return Err(format!("`{first}` is none of client server log")),
    }
    Ok(())
}
