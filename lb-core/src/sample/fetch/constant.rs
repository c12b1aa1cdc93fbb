//! Values known at load (manual 7.3.1).

use super::{Row, constant, fetch, plain};
use crate::process;
use crate::sample::Needs::Nothing;
use crate::sample::{Sample, Type};
use haproxy_cfg_parser::raw;
use std::net::IpAddr;
use std::sync::atomic::Ordering;

pub(super) const ROWS: &[Row] = &[
    fetch("always_true", Type::Bool, Nothing, |_, _| constant(Sample::Bool(true))),
    fetch("always_false", Type::Bool, Nothing, |_, _| constant(Sample::Bool(false))),
    fetch("str", Type::Str, Nothing, |args, _| {
        constant(Sample::owned(raw::bytes(args.required(0)?).into_owned()))
    }),
    fetch("int", Type::Int, Nothing, |args, _| match args.int(0)? {
        Some(value) => constant(Sample::Int(value)),
        None => Err("missing integer".into()),
    }),
    fetch("bool", Type::Bool, Nothing, |args, _| match args.required(0)? {
        text if text.eq_ignore_ascii_case("true") || text == "1" => constant(Sample::Bool(true)),
        text if text.eq_ignore_ascii_case("false") || text == "0" => constant(Sample::Bool(false)),
        _ => Err("unexpected value: use 'true' or 'false'".into()),
    }),
    fetch("ipv4", Type::Ip, Nothing, |args, _| match args.ip(0)? {
        Some(address @ IpAddr::V4(_)) => constant(Sample::Ip(address)),
        _ => Err("expects an IPv4 address".into()),
    }),
    fetch("ipv6", Type::Ip, Nothing, |args, _| match args.ip(0)? {
        Some(address @ IpAddr::V6(_)) => constant(Sample::Ip(address)),
        _ => Err("expects an IPv6 address".into()),
    }),
    fetch("bin", Type::Bin, Nothing, |args, _| {
        let text = args.required(0)?;
        let bytes = unhex(text.as_bytes()).ok_or("expects hexadecimal digits, two for each byte")?;
        constant(Sample::Bin(bytes.into()))
    }),
    fetch("meth", Type::Method, Nothing, |args, _| {
        constant(Sample::method(raw::bytes(args.required(0)?).into_owned().into()))
    }),
    fetch("env", Type::Str, Nothing, |args, context| {
        let name = args.required(0)?;
        let from_file = context.config.environment.iter().rev().find(|(known, _)| known == name);
        let value = from_file.map(|(_, value)| value.clone()).or_else(|| std::env::var(name).ok());
        constant(Sample::owned(raw::bytes(&value.unwrap_or_default()).into_owned()))
    }),
    fetch("hostname", Type::Str, Nothing, |_, _| {
        plain(|_| Some(Sample::str(process::facts().hostname.as_bytes())))
    }),
    fetch("nbproc", Type::Int, Nothing, |_, _| constant(Sample::Int(1))),
    fetch("proc", Type::Int, Nothing, |_, _| constant(Sample::Int(1))),
    fetch("pid", Type::Int, Nothing, |_, _| plain(|_| Some(Sample::int(process::facts().pid)))),
    fetch("thread", Type::Int, Nothing, |_, _| plain(|_| Some(Sample::int(crate::thread::index() + 1)))),
    fetch("tgroup", Type::Int, Nothing, |_, _| constant(Sample::Int(1))),
    fetch("act_conn", Type::Int, Nothing, |_, _| {
        plain(|_| Some(Sample::int(process::live().connections.load(Ordering::Relaxed))))
    }),
    fetch("stopping", Type::Bool, Nothing, |_, _| {
        plain(|_| Some(Sample::Bool(process::live().stopping.load(Ordering::Relaxed))))
    }),
    fetch("uptime", Type::Int, Nothing, |_, _| plain(|_| Some(Sample::int(process::uptime_millis())))),
];

/// The bytes of pairs of hexadecimal digits.
pub(crate) fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}
