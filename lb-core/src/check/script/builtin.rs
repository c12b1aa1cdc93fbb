//! The checks of known protocols, as scripts.

use super::protocol::{self, Read};
use super::{Action, Code, Connect, Expect, Search, Send, Step, Text};
use crate::acl::Pattern;
use crate::check::Status;
use haproxy_cfg_parser::model::CheckKind;
use haproxy_cfg_parser::raw;

/// The steps of a kind; none: it is no script, or one of the configuration.
pub(super) fn steps(kind: &CheckKind) -> Option<Vec<Step>> {
    let steps = match kind {
        CheckKind::Redis => vec![
            send(b"*1\r\n$4\r\nPING\r\n"),
            Action::Expect(Box::new(Expect {
                error: Some(Status::L7Status),
                on_error: Some(Text::Line(0)),
                on_success: Some(Text::Fixed("Redis server is ok")),
                ..search(Search::Text(b"+PONG\r\n".to_vec()))
            })),
        ],
        CheckKind::SslHello => vec![
            Action::Send(Send::Hello),
            Action::Expect(Box::new(Expect {
                min_recv: Some(5),
                ok: Some(Status::L6Ok),
                error: Some(Status::L6Response),
                timeout: Some(Status::L6Timeout),
                ..search(regex("^1[56]", true)?)
            })),
        ],
        CheckKind::Smtp(hello) => smtp(hello)?,
        CheckKind::PgSql(user) => vec![
            lingering(),
            Action::Send(Send::Bytes(pgsql_hello(user))),
            Action::Expect(Box::new(Expect {
                inverse: true,
                min_recv: Some(5),
                error: Some(Status::L7Response),
                on_error: Some(Text::Rest(6)),
                ..search(regex("^E", false)?)
            })),
            Action::Expect(Box::new(Expect {
                min_recv: Some(9),
                error: Some(Status::L7Status),
                on_success: Some(Text::Fixed("PostgreSQL server is ok")),
                on_error: Some(Text::Fixed("PostgreSQL unknown error")),
                ..search(regex("^52000000[A-Z0-9]{2}000000(00|02|03|04|05|06|07|09|0A)", true)?)
            })),
        ],
        CheckKind::MySql(None) => vec![lingering(), custom(protocol::mysql_handshake, None)],
        CheckKind::MySql(Some((user, old))) => vec![
            lingering(),
            Action::Send(Send::Bytes(mysql_hello(user, *old))),
            custom(protocol::mysql_handshake, None),
            custom(protocol::mysql_answer, None),
        ],
        CheckKind::Ldap => vec![
            send(b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00"),
            Action::Expect(Box::new(Expect {
                min_recv: Some(14),
                on_error: Some(Text::Fixed("Not LDAPv3 protocol")),
                ..search(regex("^30", true)?)
            })),
            custom(protocol::ldap, None),
        ],
        CheckKind::Spop => vec![send(SPOP_HELLO), custom(protocol::spop, Some(4))],
        CheckKind::Connect | CheckKind::Tcp | CheckKind::Http(_) | CheckKind::External => return None,
    };
    Some(numbered(steps))
}

/// The question to an agent, and its answer.
pub(super) fn agent(question: Option<&str>) -> Vec<Step> {
    let question = question.map(|text| send(&raw::bytes(text)));
    let mut steps = numbered(question.into_iter().chain([custom(protocol::agent, None)]).collect());
    if let Some(answer) = steps.last_mut() {
        // A question that is not asked counts as a step.
        answer.number = 2;
    }
    steps
}

fn numbered(actions: Vec<Action>) -> Vec<Step> {
    let step = |(action, number)| Step { action, comment: None, number };
    actions.into_iter().zip(1..).map(step).collect()
}

fn send(bytes: &[u8]) -> Action {
    Action::Send(Send::Bytes(bytes.to_vec()))
}

fn lingering() -> Action {
    Action::Connect(Connect { linger: true, ..Connect::default() })
}

fn custom(read: Read, min_recv: Option<usize>) -> Action {
    Action::Expect(Box::new(Expect { min_recv, ..search(Search::Protocol(read)) }))
}

fn regex(text: &str, binary: bool) -> Option<Search> {
    let regex = Pattern::new(text, false).ok()?;
    Some(if binary { Search::BinaryRegex(regex) } else { Search::Regex(regex) })
}

/// An expectation of which nothing else is said.
pub(super) fn search(pattern: Search) -> Expect {
    Expect {
        inverse: false,
        pattern,
        min_recv: None,
        ok: None,
        error: None,
        timeout: None,
        on_success: None,
        on_error: None,
        code: None,
        head: 0,
    }
}

/// RFC 5321: a greeting, the hello, and a farewell.
fn smtp(hello: &str) -> Option<Vec<Action>> {
    let code = || Some(Code::Digits(3));
    let good = |pattern: &str, min_recv, on_success| {
        Some(Action::Expect(Box::new(Expect {
            min_recv,
            error: Some(Status::L7Status),
            on_error: Some(Text::Line(4)),
            on_success,
            code: code(),
            ..search(regex(pattern, false)?)
        })))
    };
    Some(vec![
        lingering(),
        Action::Expect(Box::new(Expect {
            min_recv: Some(4),
            error: Some(Status::L7Response),
            on_error: Some(Text::Line(0)),
            ..search(regex("^[0-9]{3}[ \r]", false)?)
        })),
        good("^2[0-9]{2}[ \r]", Some(4), None)?,
        send(format!("{hello}\r\n").as_bytes()),
        good("^(2[0-9]{2}-[^\r]*\r\n)*2[0-9]{2}[ \r]", None, Some(Text::Line(4)))?,
        send(b"QUIT\r\n"),
        good("^2[0-9]{2}[- \r]", Some(4), Some(Text::Line(4)))?,
    ])
}

/// A start-up message of version 3 with the user's name.
fn pgsql_hello(user: &str) -> Vec<u8> {
    let length = u32::try_from(user.len() + 15).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], b"\x00\x03\x00\x00user\0", user.as_bytes(), b"\0\0"].concat()
}

/// The user's name without a password, and a farewell. `old`: as before version 4.1.
fn mysql_hello(user: &str, old: bool) -> Vec<u8> {
    const OLD: &[u8] = b"\x00\x80\x00\x00\x01";
    // Capabilities, largest packet, character set UTF-8, and 23 zeroes.
    const NEW: [u8; 32] = {
        let mut head = [0; 32];
        head[1] = 0x82;
        head[5] = 0x80;
        head[7] = 0x01;
        head[8] = 0x21;
        head
    };
    let content = [if old { OLD } else { &NEW }, user.as_bytes(), b"\0\0"].concat();
    let [a, b, c, ..] = content.len().to_le_bytes();
    [&[a, b, c, 1][..], &content, b"\x01\0\0\0\x01"].concat()
}

/// A hello of SPOP 2.0 that says that it is for health only.
const SPOP_HELLO: &[u8] = b"\0\0\0\x4e\x01\0\0\0\x01\0\0\x12supported-versions\x08\x032.0\x0emax-frame-size\x03\xfc\xf0\x06\x0ccapabilities\x08\0\x0bhealthcheck\x11";

/// A hello of SSLv3 with the time in it, which every server of SSL or TLS answers, if only with an alert.
pub(super) fn ssl_hello(seconds: u32) -> Vec<u8> {
    let mut ciphers = Vec::with_capacity(78);
    for cipher in (0x01..=0x1b_u16).chain(0x2f..=0x3a) {
        ciphers.extend_from_slice(&cipher.to_be_bytes());
    }
    [
        // A handshake record of 0x79 bytes, a client hello of 0x75.
        &b"\x16\x03\x00\x00\x79\x01\x00\x00\x75\x03\x00"[..],
        &seconds.to_be_bytes(),
        b"HAPROXYSSLCHK\nHAPROXYSSLCHK\n",
        b"\0\0\x4e",
        &ciphers,
        b"\x01\0",
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hellos_are_as_long_as_they_say() {
        assert_eq!(ssl_hello(0).len(), 5 + 0x79);
        assert_eq!(SPOP_HELLO.len(), 82);
        assert_eq!(pgsql_hello("abc").len(), 18);
        let expected =
            "25000001008200000080000121000000000000000000000000000000000000000000000061626300000100000001";
        assert_eq!(
            super::super::request::hex(&mysql_hello("abc", false)),
            expected.to_uppercase().as_bytes()
        );
        assert_eq!(
            super::super::request::hex(&mysql_hello("abc", true)),
            b"0A000001008000000161626300000100000001"
        );
    }
}
