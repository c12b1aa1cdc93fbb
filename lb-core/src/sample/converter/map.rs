//! Maps: values by key, from files (manual 7.3.1: `map`).
//!
//! `map_<match>[_<type>](file[,default])`: the match is that of ACLs, the type is what values are read as.

use super::{Args, Built, Output, Row, with};
use crate::acl::{Map, MapView};
use crate::compile::Context;
use crate::sample::{Sample, Type};
use haproxy_cfg_parser::raw;
use std::path::Path;
use std::sync::Arc;

type Build = fn(&Args<'_>, &mut Context<'_>) -> Built;

const fn map(name: &'static str, input: Type, output: Type, build: Build) -> Row {
    Row { name, input, output: Output::Is(output), build }
}

pub(super) const ROWS: &[Row] = &[
    map("map", Type::Str, Type::Str, |args, context| build(args, context, "str", Type::Str)),
    map("map_str", Type::Str, Type::Str, |args, context| build(args, context, "str", Type::Str)),
    map("map_str_int", Type::Str, Type::Int, |args, context| build(args, context, "str", Type::Int)),
    map("map_str_ip", Type::Str, Type::Ip, |args, context| build(args, context, "str", Type::Ip)),
    map("map_beg", Type::Str, Type::Str, |args, context| build(args, context, "beg", Type::Str)),
    map("map_beg_int", Type::Str, Type::Int, |args, context| build(args, context, "beg", Type::Int)),
    map("map_beg_ip", Type::Str, Type::Ip, |args, context| build(args, context, "beg", Type::Ip)),
    map("map_end", Type::Str, Type::Str, |args, context| build(args, context, "end", Type::Str)),
    map("map_end_int", Type::Str, Type::Int, |args, context| build(args, context, "end", Type::Int)),
    map("map_end_ip", Type::Str, Type::Ip, |args, context| build(args, context, "end", Type::Ip)),
    map("map_sub", Type::Str, Type::Str, |args, context| build(args, context, "sub", Type::Str)),
    map("map_sub_int", Type::Str, Type::Int, |args, context| build(args, context, "sub", Type::Int)),
    map("map_sub_ip", Type::Str, Type::Ip, |args, context| build(args, context, "sub", Type::Ip)),
    map("map_dir", Type::Str, Type::Str, |args, context| build(args, context, "dir", Type::Str)),
    map("map_dir_int", Type::Str, Type::Int, |args, context| build(args, context, "dir", Type::Int)),
    map("map_dir_ip", Type::Str, Type::Ip, |args, context| build(args, context, "dir", Type::Ip)),
    map("map_dom", Type::Str, Type::Str, |args, context| build(args, context, "dom", Type::Str)),
    map("map_dom_int", Type::Str, Type::Int, |args, context| build(args, context, "dom", Type::Int)),
    map("map_dom_ip", Type::Str, Type::Ip, |args, context| build(args, context, "dom", Type::Ip)),
    map("map_reg", Type::Str, Type::Str, |args, context| build(args, context, "reg", Type::Str)),
    map("map_reg_int", Type::Str, Type::Int, |args, context| build(args, context, "reg", Type::Int)),
    map("map_reg_ip", Type::Str, Type::Ip, |args, context| build(args, context, "reg", Type::Ip)),
    map("map_regm", Type::Str, Type::Str, |args, context| build(args, context, "regm", Type::Str)),
    map("map_int", Type::Int, Type::Str, |args, context| build(args, context, "int", Type::Str)),
    map("map_int_int", Type::Int, Type::Int, |args, context| build(args, context, "int", Type::Int)),
    map("map_int_ip", Type::Int, Type::Ip, |args, context| build(args, context, "int", Type::Ip)),
    map("map_ip", Type::Ip, Type::Str, |args, context| build(args, context, "ip", Type::Str)),
    map("map_ip_int", Type::Ip, Type::Int, |args, context| build(args, context, "ip", Type::Int)),
    map("map_ip_ip", Type::Ip, Type::Ip, |args, context| build(args, context, "ip", Type::Ip)),
];

fn build(args: &Args<'_>, context: &mut Context<'_>, matcher: &'static str, output: Type) -> Built {
    let file = args.required(0)?;
    let place = context.here.clone();
    let reference = Arc::clone(&context.references).file(file, &place, || entries(file, context))?;
    if reference.versions().entries().any(|entry| entry.value.is_none()) {
        return Err(format!(
            "the file '{file}' is already used as one column file and cannot be used by a map"
        ));
    }
    let view = MapView::new(&reference, matcher, output).map_err(|reason| format!("'{file}': {reason}"))?;
    let default = match args.text(1) {
        Some(text) => Some(Map::read(&raw::bytes(text), output)?),
        None => args.int(1)?.map(Sample::Int),
    };
    with((view, default), |(view, default), input, _| {
        view.value(&input).or_else(|| default.as_ref().map(Sample::borrow))
    })
}

/// Keys and values of a map's file.
fn entries(file: &str, context: &Context<'_>) -> Result<Vec<(String, Option<String>)>, String> {
    let content = context
        .file(Path::new(file))
        .map_err(|error| format!("cannot open the map file '{file}': {error}"))?;
    let mut entries = Vec::new();
    for line in content.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line).trim_ascii_start();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
        let (key, value) = line.split_at(end);
        let text = |bytes: &[u8]| raw::text(bytes).into_owned();
        entries.push((text(key), Some(text(value.trim_ascii()))));
    }
    Ok(entries)
}
