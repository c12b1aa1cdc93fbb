//! Maps: values by key, from files (manual 7.3.1: `map`).
//!
//! `map_<match>[_<type>](file[,default])`: the match is that of ACLs, the type is what values are read as.

use super::{Args, Built, Output, Row, with};
use crate::acl::Map;
use crate::compile::Context;
use crate::sample::{Sample, Type, parse_address};
use haproxy_cfg_parser::raw;

type Build = fn(&Args<'_>, &mut Context<'_>) -> Built;

const fn map(name: &'static str, input: Type, output: Type, build: Build) -> Row {
    Row { name, input, output: Output::Is(output), build }
}

pub(super) const ROWS: &[Row] = &[
    map("map", Type::Str, Type::Str, |args, _| build(args, "str", Type::Str)),
    map("map_str", Type::Str, Type::Str, |args, _| build(args, "str", Type::Str)),
    map("map_str_int", Type::Str, Type::Int, |args, _| build(args, "str", Type::Int)),
    map("map_str_ip", Type::Str, Type::Ip, |args, _| build(args, "str", Type::Ip)),
    map("map_beg", Type::Str, Type::Str, |args, _| build(args, "beg", Type::Str)),
    map("map_beg_int", Type::Str, Type::Int, |args, _| build(args, "beg", Type::Int)),
    map("map_beg_ip", Type::Str, Type::Ip, |args, _| build(args, "beg", Type::Ip)),
    map("map_end", Type::Str, Type::Str, |args, _| build(args, "end", Type::Str)),
    map("map_end_int", Type::Str, Type::Int, |args, _| build(args, "end", Type::Int)),
    map("map_end_ip", Type::Str, Type::Ip, |args, _| build(args, "end", Type::Ip)),
    map("map_sub", Type::Str, Type::Str, |args, _| build(args, "sub", Type::Str)),
    map("map_sub_int", Type::Str, Type::Int, |args, _| build(args, "sub", Type::Int)),
    map("map_sub_ip", Type::Str, Type::Ip, |args, _| build(args, "sub", Type::Ip)),
    map("map_dir", Type::Str, Type::Str, |args, _| build(args, "dir", Type::Str)),
    map("map_dir_int", Type::Str, Type::Int, |args, _| build(args, "dir", Type::Int)),
    map("map_dir_ip", Type::Str, Type::Ip, |args, _| build(args, "dir", Type::Ip)),
    map("map_dom", Type::Str, Type::Str, |args, _| build(args, "dom", Type::Str)),
    map("map_dom_int", Type::Str, Type::Int, |args, _| build(args, "dom", Type::Int)),
    map("map_dom_ip", Type::Str, Type::Ip, |args, _| build(args, "dom", Type::Ip)),
    map("map_reg", Type::Str, Type::Str, |args, _| build(args, "reg", Type::Str)),
    map("map_reg_int", Type::Str, Type::Int, |args, _| build(args, "reg", Type::Int)),
    map("map_reg_ip", Type::Str, Type::Ip, |args, _| build(args, "reg", Type::Ip)),
    map("map_regm", Type::Str, Type::Str, |args, _| build(args, "regm", Type::Str)),
    map("map_int", Type::Int, Type::Str, |args, _| build(args, "int", Type::Str)),
    map("map_int_int", Type::Int, Type::Int, |args, _| build(args, "int", Type::Int)),
    map("map_int_ip", Type::Int, Type::Ip, |args, _| build(args, "int", Type::Ip)),
    map("map_ip", Type::Ip, Type::Str, |args, _| build(args, "ip", Type::Str)),
    map("map_ip_int", Type::Ip, Type::Int, |args, _| build(args, "ip", Type::Int)),
    map("map_ip_ip", Type::Ip, Type::Ip, |args, _| build(args, "ip", Type::Ip)),
];

fn build(args: &Args<'_>, matcher: &str, output: Type) -> Built {
    let file = args.required(0)?;
    let content =
        std::fs::read(file).map_err(|error| format!("cannot open the map file '{file}': {error}"))?;
    let mut map = Map::new(matcher)?;
    for (number, line) in content.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line).trim_ascii_start();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
        let (key, value) = line.split_at(end);
        let at = |reason: String| format!("'{file}' line {}: {reason}", number + 1);
        let value = read(value.trim_ascii(), output).map_err(at)?;
        map.insert(key, value).map_err(at)?;
    }
    let default = match args.text(1) {
        Some(text) => Some(read(&raw::bytes(text), output)?),
        None => args.int(1)?.map(Sample::Int),
    };
    map.finish();
    with((map, default), |(map, default), input, _| {
        map.find(&input).or_else(|| default.as_ref().map(Sample::borrow))
    })
}

fn read(text: &[u8], output: Type) -> Result<Sample<'static>, String> {
    let shown = || String::from_utf8_lossy(text).into_owned();
    match output {
        Type::Int => {
            let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
            number.map(Sample::Int).ok_or_else(|| format!("'{}' is not an integer", shown()))
        }
        Type::Ip => {
            parse_address(text).map(Sample::Ip).ok_or_else(|| format!("'{}' is not an address", shown()))
        }
        _ => Ok(Sample::owned(text.to_vec())),
    }
}
