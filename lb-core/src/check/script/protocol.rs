//! Answers of protocols that no pattern can tell: MySQL, LDAP, SPOP. Pure functions of the bytes; whatever comes, they end.

use super::expect::{Look, View};
use crate::check::{Report, Status};

/// Looks at an answer; true for the last step of its script.
pub(super) type Read = fn(&View<'_>, bool) -> Look;

fn done(status: Status, code: i32, info: &[u8]) -> Look {
    Look::Done(Report::new(status, info).with_code(code))
}

/// More may come, or what is there is too short.
fn short(view: &View<'_>) -> Look {
    if view.last { done(Status::L7Response, 0, b"") } else { Look::Wait }
}

/// The length and the content of the MySQL packet at the start of `bytes`, after its four bytes of header.
fn packet(bytes: &[u8]) -> Option<&[u8]> {
    let [a, b, c, _, rest @ ..] = bytes else { return None };
    let length = usize::from(*a) | usize::from(*b) << 8 | usize::from(*c) << 16;
    rest.get(..length)
}

/// The packet that starts at `at`.
fn mysql_at(view: &View<'_>, at: usize, last_step: bool) -> Look {
    let Some(content) = view.input.get(at..).and_then(packet) else { return short(view) };
    if let [0xff, rest @ ..] = content {
        let code = match rest {
            [low, high, ..] => i32::from(*low) | i32::from(*high) << 8,
            _ => 0,
        };
        let info = view.input.get(at + 7..).unwrap_or_default();
        return done(Status::L7Status, code, info);
    }
    if !last_step {
        return Look::Pass;
    }
    // The handshake names the server's version.
    let version = view.input.get(5..).unwrap_or_default();
    done(Status::L7Ok, 0, version.split(|byte| *byte == 0).next().unwrap_or_default())
}

/// MySQL's initial handshake.
pub(super) fn mysql_handshake(view: &View<'_>, last_step: bool) -> Look {
    mysql_at(view, 0, last_step)
}

/// What MySQL says to the user's name, behind its handshake.
pub(super) fn mysql_answer(view: &View<'_>, last_step: bool) -> Look {
    match packet(view.input) {
        Some(handshake) => mysql_at(view, 4 + handshake.len(), last_step),
        None => short(view),
    }
}

/// The length of a BER value and how many bytes say so; none: they are not there, or are not understood.
enum Ber {
    Length(usize, usize),
    Short,
    Strange,
}

fn ber(bytes: &[u8]) -> Ber {
    match bytes {
        [] => Ber::Short,
        [length, ..] if length & 0x80 == 0 => Ber::Length(usize::from(*length), 1),
        [0x82, a, b, ..] => Ber::Length(usize::from(*a) << 8 | usize::from(*b), 3),
        [0x84, a, b, c, d, ..] => Ber::Length(u32::from_be_bytes([*a, *b, *c, *d]) as usize, 5),
        [0x82 | 0x84, ..] => Ber::Short,
        _ => Ber::Strange,
    }
}

/// LDAP's answer to a bind (RFC 4511 4.2.2).
pub(super) fn ldap(view: &View<'_>, _: bool) -> Look {
    let strange = || done(Status::L7Response, 0, b"Not LDAPv3 protocol");
    let rest = view.input.get(1..).unwrap_or_default();
    let (length, head) = match ber(rest) {
        Ber::Length(length, head) => (length, head),
        Ber::Short => return short(view),
        Ber::Strange => return strange(),
    };
    let Some(message) = rest.get(head..).filter(|message| message.len() >= length) else {
        return short(view);
    };
    // The first message's answer: messageID 1, bindResponse; then its length, and the result's code.
    let Some(response) = message.strip_prefix(b"\x02\x01\x01\x61") else { return strange() };
    let Ber::Length(_, head) = ber(response) else { return strange() };
    match response.get(head..).and_then(|response| response.strip_prefix(b"\x0a\x01")) {
        Some([0, ..]) => done(Status::L7Ok, 0, b"Success"),
        Some([code, ..]) => done(
            Status::L7Status,
            i32::from(*code),
            b"See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9",
        ),
        _ => strange(),
    }
}

/// Reads values of a SPOP frame.
struct Frame<'a>(&'a [u8]);

impl<'a> Frame<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number of one byte below 240, else of groups of bits.
    fn number(&mut self) -> Option<u64> {
        let first = self.byte()?;
        let mut number = u64::from(first);
        if first < 240 {
            return Some(number);
        }
        let mut shift = 4;
        loop {
            let byte = self.byte()?;
            number = number.checked_add(u64::from(byte).checked_shl(shift)?)?;
            if byte < 128 {
                return Some(number);
            }
            shift += 7;
            if shift > 56 {
                return None;
            }
        }
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.take(length)
    }

    /// Passes over a value of a kind: null, true, false, numbers, addresses, text.
    fn skip(&mut self, kind: u8) -> Option<()> {
        match kind & 0x0f {
            0 | 1 => {}
            2..=5 => drop(self.number()?),
            6 => drop(self.take(4)?),
            7 => drop(self.take(16)?),
            8 | 9 => drop(self.text()?),
            _ => return None,
        }
        Some(())
    }
}

/// Largest SPOP frame that is spoken about: the size of a buffer without its length.
const MAX_FRAME: u64 = 16380;
/// Smallest one.
const MIN_FRAME: u64 = 256;

/// SPOP's answer to a hello.
pub(super) fn spop(view: &View<'_>, _: bool) -> Look {
    let Some((length, frame)) = view.input.split_first_chunk::<4>() else { return short(view) };
    let length = u32::from_be_bytes(*length) as usize;
    if !view.last && frame.len() < length {
        return Look::Wait;
    }
    match hello(frame.get(..length).unwrap_or(frame)) {
        Ok(()) => done(Status::L7Ok, 0, b"SPOA server is ok"),
        Err(reason) => done(Status::L7Response, 0, reason.as_bytes()),
    }
}

fn hello(bytes: &[u8]) -> Result<(), &'static str> {
    const INVALID: &str = "invalid frame received";
    let mut frame = Frame(bytes);
    let [101, _, _, _, flags] = *frame.take(5).ok_or(INVALID)? else { return Err(INVALID) };
    if flags & 1 == 0 {
        return Err("fragmentation not supported");
    }
    if (frame.number().ok_or(INVALID)?, frame.number().ok_or(INVALID)?) != (0, 0) {
        return Err(INVALID);
    }
    let (mut version, mut size, mut capabilities) = (false, false, false);
    while !frame.0.is_empty() {
        let key = frame.text().ok_or(INVALID)?;
        let kind = frame.byte().ok_or(INVALID)?;
        match key {
            b"version" if kind & 0x0f == 8 => {
                let text = frame.text().ok_or(INVALID)?;
                if !matches!(text.trim_ascii(), b"1.0" | b"2.0") || text.trim_ascii() == b"1.0" {
                    return Err("unsupported version");
                }
                version = true;
            }
            b"max-frame-size" if (2..=5).contains(&(kind & 0x0f)) => {
                let number = frame.number().ok_or(INVALID)?;
                if !(MIN_FRAME..=MAX_FRAME).contains(&number) {
                    return Err("max-frame-size too big or too small");
                }
                size = true;
            }
            b"capabilities" if kind & 0x0f == 8 => {
                frame.text().ok_or(INVALID)?;
                capabilities = true;
            }
            b"version" | b"max-frame-size" | b"capabilities" => return Err(INVALID),
            _ => frame.skip(kind).ok_or(INVALID)?,
        }
    }
    match (version, size, capabilities) {
        (false, ..) => Err("version value not found"),
        (_, false, _) => Err("max-frame-size value not found"),
        (.., false) => Err("capabilities value not found"),
        _ => Ok(()),
    }
}

/// An agent's line is read where its server is at hand; here only its end is awaited.
pub(super) fn agent(view: &View<'_>, _: bool) -> Look {
    match view.input.iter().position(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        Some(end) if view.input.get(end) != Some(&0) => {
            done(Status::Checked, 0, view.input.get(..end).unwrap_or_default())
        }
        _ if !view.last => Look::Wait,
        // HAProxy waits for the rest of the line for as long as it may.
        _ => done(Status::L7Timeout, 0, b""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn look(read: Read, input: &[u8], last: bool) -> (Option<Status>, i32, String) {
        match read(&View { input, last, code: 0, exchange: None }, true) {
            Look::Done(report) => {
                (Some(report.status), report.code, String::from_utf8_lossy(&report.info).into_owned())
            }
            Look::Wait => (None, 0, "wait".into()),
            Look::Pass => (None, 0, "pass".into()),
        }
    }

    #[test]
    fn mysql() {
        let handshake = b"\x0b\0\0\0\x0a5.0.51b\0\x01\0";
        assert_eq!(look(mysql_handshake, handshake, false), (Some(Status::L7Ok), 0, "5.0.51b".into()));
        assert_eq!(look(mysql_handshake, &handshake[..9], false).2, "wait");
        assert_eq!(
            look(mysql_handshake, &handshake[..9], true),
            (Some(Status::L7Response), 0, String::new())
        );
        let refused = [&handshake[..], b"\x08\0\0\x02\xff\x15\x04Acces"].concat();
        assert_eq!(look(mysql_answer, &refused, false), (Some(Status::L7Status), 1045, "Acces".into()));
    }

    #[test]
    fn ldap_bind() {
        let ok = b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\0\x04\0\x04\0";
        assert_eq!(look(ldap, ok, false), (Some(Status::L7Ok), 0, "Success".into()));
        assert_eq!(look(ldap, &ok[..8], false).2, "wait");
        assert_eq!(
            look(ldap, b"\x30\x0c\x02\x01\x01\x60\x07\x0a\x01\0\x04\0\x04\0", false).2,
            "Not LDAPv3 protocol"
        );
        assert_eq!(look(ldap, b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x02\x04\0\x04\0", false).1, 2);
    }

    #[test]
    fn spop_hello() {
        let hello = b"\0\0\0\x36\x65\0\0\0\x01\0\0\x07version\x08\x032.0\x0emax-frame-size\x03\xfc\xf0\x06\x0ccapabilities\x08\0";
        assert_eq!(look(spop, hello, false), (Some(Status::L7Ok), 0, "SPOA server is ok".into()));
        assert_eq!(look(spop, b"\0\0\0\0", true).2, "invalid frame received");
        assert_eq!(look(spop, b"\0\0\0\x07\x65\0\0\0\0\0\0", false).2, "fragmentation not supported");
        assert_eq!(
            look(spop, b"\0\0\0\x14\x65\0\0\0\x01\0\0\x07version\x08\x031.0", false).2,
            "unsupported version"
        );
    }

    proptest! {
        /// Whatever an answer holds, it is read to an end: no panic, and a result once no more comes.
        #[test]
        fn any_answer_ends(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for read in [mysql_handshake as Read, mysql_answer, ldap, spop, agent] {
                prop_assert!(look(read, &bytes, true).2 != "wait");
                look(read, &bytes, false);
            }
        }

        #[test]
        fn answers_that_begin_well_end(tail in prop::collection::vec(any::<u8>(), 0..60)) {
            for (read, head) in [(mysql_handshake as Read, &b"\x20\0\0\0"[..]), (ldap, b"\x30\x20\x02\x01\x01\x61"), (spop, b"\0\0\0\x40\x65\0\0\0\x01\0\0")] {
                prop_assert!(look(read, &[head, &tail].concat(), true).2 != "wait");
            }
        }
    }
}
