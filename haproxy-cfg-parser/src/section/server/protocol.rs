//! Options of `server` lines whose words are names of something else: `proto`, `namespace`.

use super::set::kept;
use crate::model::ServerLine;
use crate::parse::Cx;

/// What a connection may speak from its first byte (manual 5.2 "proto").
const PROTOCOLS: [&str; 6] = ["fcgi", "h1", "h2", "none", "quic", "spop"];

pub(crate) fn proto(
    cx: &mut Cx<'_>,
    server: &mut ServerLine,
    name: &'static str,
    value: &str,
) -> Result<(), String> {
    known(name, value)?;
    kept(cx, server, name, value)
}

/// An error unless `value` is a protocol.
pub(crate) fn known(name: &str, value: &str) -> Result<(), String> {
    match value {
        "" => Err(format!("'{name}' : missing value")),
        _ if !PROTOCOLS.contains(&value) => Err(format!("'{name}' :  unknown MUX protocol '{value}'")),
        _ => Ok(()),
    }
}

pub(crate) fn namespace(
    cx: &mut Cx<'_>,
    server: &mut ServerLine,
    name: &'static str,
    value: &str,
) -> Result<(), String> {
    if value.is_empty() {
        return Err(format!("'{name}' : expects <name> as argument"));
    }
    kept(cx, server, name, value)
}
