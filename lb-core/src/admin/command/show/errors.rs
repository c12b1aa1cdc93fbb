//! `show errors`: the last message of each proxy that could not be read.

use super::{Call, Command, Level, Outcome};
use crate::log::date::stamp_millis;
use crate::process;
use crate::proxy::Capture;
use std::fmt::Write;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

pub(in super::super) const ERRORS: Command = Command {
    words: &["show", "errors"],
    usage: "show errors [<px>] [request|response]",
    doc: "report last request and/or response errors for each proxy",
    level: Level::Operator,
    run: |call| errors(call).into(),
};

/// Columns of a line's text.
const WIDTH: usize = 70;

fn errors(call: &Call<'_>) -> Result<Outcome, String> {
    let plan = call.plan;
    let wanted = match call.arg(0) {
        "" => None,
        word => match (word.parse::<i64>(), call.proxy_id(word)) {
            (Ok(id), _) => (id >= 0).then_some(id),
            (_, Some(id)) => Some(i64::from(id)),
            _ => return Err("No such proxy.".into()),
        },
    };
    let (requests, responses) = (call.arg(1) != "response", call.arg(1) != "request");
    let concerns = |id: u32, capture: &Capture| {
        let other = capture.other.as_ref().map(|(_, id)| *id);
        wanted.is_none_or(|wanted| wanted == i64::from(id) || other.is_some_and(|id| wanted == i64::from(id)))
    };
    let mut found = Vec::new();
    for frontend in plan.frontends.iter().filter(|_| requests) {
        if let Some(capture) = frontend.stats.unread.get().filter(|one| concerns(frontend.id, one)) {
            found.push((frontend.id, false, &frontend.name, capture));
        }
    }
    let backends = plan.backends.load();
    for backend in backends.iter().filter(|_| responses) {
        if let Some(capture) = backend.stats.unread.get().filter(|one| concerns(backend.id, one)) {
            found.push((backend.id, true, &backend.name, capture));
        }
    }
    found.sort_by_key(|(id, response, ..)| (*id, *response));
    let total = process::live().captured.load(Ordering::Relaxed);
    let mut out = format!("Total events captured on [{}] : {total}\n", stamp_millis(SystemTime::now()));
    for (id, response, name, capture) in found {
        describe(id, response, name, &capture, &mut out);
    }
    Ok(Outcome::Dump(out))
}

fn describe(id: u32, response: bool, name: &str, capture: &Capture, out: &mut String) {
    let named = |one: &Option<(String, u32)>| match one {
        Some((name, id)) => format!("{name} (#{id})"),
        None => "<NONE> (#-1)".to_owned(),
    };
    let (own, other) = if response { ("backend", "frontend") } else { ("frontend", "backend") };
    let kind = if response { "response" } else { "request" };
    let src = capture.src.map_or_else(|| format!("unix:{}", capture.listener), |src| src.to_string());
    let length = capture.bytes.len();
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        " \n[{}] {own} {name} (#{id}): invalid {kind}\n  {other} {}, server {}, event #{}, src {src}\n  \
         buffer starts at 0 (including 0 out), {} free,\n  len {length}, wraps at {}, error at position {}:\n  ",
        stamp_millis(capture.at),
        named(&capture.other),
        named(&capture.server),
        capture.event,
        capture.size.saturating_sub(length),
        capture.size,
        capture.position,
    );
    dump(&capture.bytes, out);
}

/// Bytes line by line, each with its offset; what no terminal shows as it is, escaped.
fn dump(bytes: &[u8], out: &mut String) {
    let mut at = 0;
    let mut goes_on = false;
    while at < bytes.len() {
        let _ = write!(out, "  {at:05}{} ", if goes_on { '+' } else { ' ' });
        let mut width = 0;
        goes_on = true;
        while let Some(byte) = bytes.get(at) {
            let text = escaped(*byte);
            if width + text.len() > WIDTH {
                break;
            }
            out.push_str(&text);
            width += text.len();
            at += 1;
            if *byte == b'\n' {
                goes_on = false;
                break;
            }
        }
        out.push('\n');
    }
}

fn escaped(byte: u8) -> String {
    match byte {
        b'\t' => "\\t".into(),
        b'\n' => "\\n".into(),
        b'\r' => "\\r".into(),
        0x1b => "\\e".into(),
        b'\\' => "\\\\".into(),
        b' '..=b'~' => char::from(byte).into(),
        _ => format!("\\x{byte:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Read off haproxy 2.6.12.
    #[test]
    fn bytes_are_shown_as_haproxy_shows_them() {
        let bytes = [
            b"GET /\x01 \"\x1b\t\x7f\xff\r\n".as_slice(),
            &[b'a'; 66],
            &[0; 3],
            b"\n",
            &[b'c'; 70],
            b"\n",
            &[b'd'; 68],
            b"\\\\e",
        ]
        .concat();
        let mut out = String::new();
        dump(&bytes, &mut out);
        let (a, c, d) = ("a".repeat(66), "c".repeat(70), "d".repeat(68));
        let expected = format!(
            "  00000  GET /\\x01 \"\\e\\t\\x7F\\xFF\\r\\n\n  00014  {a}\\x00\n  00081+ \\x00\\x00\\n\n  \
             00084  {c}\n  00154+ \\n\n  00155  {d}\\\\\n  00224+ \\\\e\n"
        );
        assert_eq!(out, expected);
    }
}
