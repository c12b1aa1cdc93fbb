//! Headers of every kind, good, wrong, cut, too long and binary, with haproxy's verdicts.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::{Refusal, parse, tlv};
use std::fmt::Write;

/// What haproxy takes for addresses and ports that are none; lb refuses it.
const STRICTER: &[&str] = &[
    r"PROXY TCP4  192.0.2.2 1111 2222\r\n",
    r"PROXY TCP4 192.0.2.1  1111 2222\r\n",
    r"PROXY TCP4 192.0.2.1 192.0.2.2  2222\r\n",
    r"PROXY TCP4 192.0.2.1 192.0.2.2 1111 \r\n",
    r"PROXY TCP4 1.2.3 192.0.2.2 1111 2222\r\n",
    r"PROXY TCP4 1..2.3 192.0.2.2 1111 2222\r\n",
];

/// The bytes that a text of the record stands for.
fn bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            (_, Some('r')) => out.push(b'\r'),
            (_, Some('n')) => out.push(b'\n'),
            (_, Some('x')) => {
                let digits: String = chars.by_ref().take(2).collect();
                out.push(u8::from_str_radix(&digits, 16).unwrap());
            }
            (_, Some(other)) => out.push(other as u8),
            (c, None) => out.push(c as u8),
        }
    }
    out
}

fn hex(value: Option<&[u8]>) -> String {
    match value.filter(|value| !value.is_empty()) {
        None => "-".into(),
        Some(value) => value.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02X}").unwrap();
            text
        }),
    }
}

/// The verdict, as the record writes it.
fn verdict(bytes: &[u8]) -> String {
    let port = |port: u16| if port == 0 { "-".to_owned() } else { port.to_string() };
    match parse(bytes) {
        Err((refusal, _)) => match refusal {
            Refusal::Closed => "closed",
            Refusal::Failed => "failed",
            Refusal::TimedOut => "timeout",
            Refusal::Truncated => "truncated",
            Refusal::NoHeader => "no-header",
            Refusal::Invalid => "invalid",
            Refusal::Unhandled => "unhandled",
        }
        .into(),
        Ok((header, _)) => match header.addresses {
            None => "ok own".into(),
            Some((source, destination)) => {
                // Of values that come twice haproxy 2.6 takes the last, and 3.x the first.
                let last = |kind| {
                    header.tlvs.iter().rev().find(|(found, _)| *found == kind).map(|(_, value)| &**value)
                };
                format!(
                    "ok {} {} {} {} {} {}",
                    source.ip(),
                    port(source.port()),
                    destination.ip(),
                    port(destination.port()),
                    hex(last(tlv::AUTHORITY)),
                    hex(last(tlv::UNIQUE_ID))
                )
            }
        },
    }
}

#[test]
fn headers_are_judged_as_by_haproxy() {
    let record = include_str!("testdata/headers-2.6.12.txt");
    let mut count = 0;
    let mut wrong = String::new();
    for line in record.lines().filter(|line| !line.starts_with('#')) {
        let (expected, text) = line.split_once('\t').unwrap_or_else(|| panic!("no verdict: {line}"));
        count += 1;
        // A number that no address has room for is none either.
        let stricter = STRICTER.contains(&text) || text.contains("11111111111111111111");
        let expected = if stricter && expected.starts_with("ok") { "invalid" } else { expected };
        let found = verdict(&bytes(text));
        if found != expected {
            writeln!(wrong, "{text}\n  expected {expected}\n  but      {found}").unwrap();
        }
    }
    assert!(count > 300, "{count} headers");
    assert!(wrong.is_empty(), "{wrong}");
}
