//! `balance hdr(NAME) [use_domain_only]`: a header's first value.

use super::Key;
use crate::http::header::list_elements;
use crate::http::{HeaderKey, Headers};
use haproxy_cfg_parser::raw;

/// The header's name, and whether only the domain in it counts.
pub(super) fn parse(args: &[&str]) -> Result<Key, String> {
    match args {
        [] | [""] => Err("'balance hdr(name)' requires an http header field name.".to_owned()),
        [name] => Ok(Key::Header { key: HeaderKey::new(&raw::bytes(name)), domain_only: false }),
        [name, "use_domain_only"] => {
            Ok(Key::Header { key: HeaderKey::new(&raw::bytes(name)), domain_only: true })
        }
        _ => Err("'balance hdr(name)' only accepts 'use_domain_only' modifier.".to_owned()),
    }
}

/// The first value of the header.
pub(super) fn value<'a>(headers: &'a Headers, key: &HeaderKey) -> Option<&'a [u8]> {
    let first = headers.iter().find(|(name, _)| *name == key.name())?;
    list_elements(first.1).next()
}

/// The main domain: of `www.example.co` it is `example`; all of it where nothing stands before a last dot.
pub(super) fn domain(value: &[u8]) -> &[u8] {
    let Some(dot) = memchr::memrchr(b'.', value).filter(|dot| *dot > 0) else { return value };
    let name = value.get(..dot).unwrap_or_default();
    memchr::memrchr(b'.', name).and_then(|at| name.get(at + 1..)).unwrap_or(name)
}
