//! `balance url_param NAME`: a parameter of the query.

use haproxy_cfg_parser::raw;

/// The parameter's name.
pub(super) fn parse(args: &[&str]) -> Result<Vec<u8>, String> {
    match args {
        [] => Err("'balance url_param' requires an URL parameter name.".to_owned()),
        [name] => Ok(raw::bytes(name).into_owned()),
        [_, "check_post", ..] => Err("'balance url_param' : 'check_post' is not supported yet.".to_owned()),
        _ => Err("'balance url_param' only accepts check_post modifier.".to_owned()),
    }
}

/// The value of the first parameter of that name that has one.
pub(super) fn value<'a>(target: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let query = target.get(memchr::memchr(b'?', target)? + 1..)?;
    query.split(|byte| *byte == b'&').find_map(|parameter| parameter.strip_prefix(name)?.strip_prefix(b"="))
}
