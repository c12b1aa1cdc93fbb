//! The predefined ACLs (manual 7.4).

use haproxy_cfg_parser::model::{AclTest, Arg, Call, Expr, Place};

/// Name, fetch, its argument, matcher, patterns.
type Row = (&'static str, &'static str, Option<&'static str>, Option<&'static str>, &'static [&'static str]);

const ROWS: &[Row] = &[
    ("FALSE", "always_false", None, None, &[]),
    ("HTTP", "req.proto_http", None, None, &[]),
    ("HTTP_1.0", "req.ver", None, Some("str"), &["1.0"]),
    ("HTTP_1.1", "req.ver", None, Some("str"), &["1.1"]),
    ("HTTP_2.0", "req.ver", None, Some("str"), &["2.0"]),
    ("HTTP_3.0", "req.ver", None, Some("str"), &["3.0"]),
    ("HTTP_CONTENT", "req.hdr_val", Some("content-length"), None, &["gt", "0"]),
    ("HTTP_URL_ABS", "url", None, Some("reg"), &["^[^/:]*://"]),
    ("HTTP_URL_SLASH", "url", None, Some("beg"), &["/"]),
    ("HTTP_URL_STAR", "url", None, Some("str"), &["*"]),
    ("LOCALHOST", "src", None, None, &["127.0.0.1/8", "::1"]),
    ("METH_CONNECT", "method", None, None, &["CONNECT"]),
    ("METH_DELETE", "method", None, None, &["DELETE"]),
    ("METH_GET", "method", None, None, &["GET", "HEAD"]),
    ("METH_HEAD", "method", None, None, &["HEAD"]),
    ("METH_OPTIONS", "method", None, None, &["OPTIONS"]),
    ("METH_POST", "method", None, None, &["POST"]),
    ("METH_PUT", "method", None, None, &["PUT"]),
    ("METH_TRACE", "method", None, None, &["TRACE"]),
    ("REQ_CONTENT", "req.len", None, None, &["gt", "0"]),
    ("TRUE", "always_true", None, None, &[]),
    ("WAIT_END", "wait_end", None, None, &[]),
];

/// The test behind a predefined name.
pub(super) fn acl(name: &str, place: &Place) -> Option<AclTest> {
    let (_, fetch, argument, matcher, patterns) = *ROWS.iter().find(|(known, ..)| *known == name)?;
    let args = argument.into_iter().map(|text| Arg::Str(text.to_owned())).collect();
    Some(AclTest {
        expr: Expr {
            fetch: Call { name: fetch, args },
            converters: Vec::new(),
            text: fetch.to_owned(),
            place: place.clone(),
        },
        matcher,
        ignore_case: false,
        no_resolve: true,
        files: Vec::new(),
        map: false,
        id: None,
        patterns: patterns.iter().map(|pattern| (*pattern).to_owned()).collect(),
    })
}
