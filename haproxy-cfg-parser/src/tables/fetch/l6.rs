//! Fetches of buffer contents (manual 7.3.5).

use super::{Fetch, fetch};
use crate::tables::Type::{Bin, Bool, Sint, Str};
use crate::tables::reach::{BUFFER, CONNECTION, FORWARDED, REQUEST, RESPONSE, TRANSACTION};

#[rustfmt::skip]
pub(super) const ROWS: &[Fetch] = &[
    fetch("distcc_body", "string[,integer]", Bin, BUFFER, "The body of a distcc message by token."),
    fetch("distcc_param", "string[,integer]", Sint, BUFFER, "The number after a distcc token."),
    fetch("payload", "integer,integer", Bin, BUFFER, "Bytes of the buffer from an offset."),
    fetch("payload_lv", "integer,integer[,string]", Bin, BUFFER, "Bytes of the buffer behind a length field."),
    fetch("rdp_cookie", "[string]", Str, REQUEST, "An RDP cookie of the request."),
    fetch("rdp_cookie_cnt", "[string]", Sint, REQUEST, "How many RDP cookies the request has."),
    fetch("rep_ssl_hello_type", "", Sint, RESPONSE, "Type of a TLS hello in the response."),
    fetch("req.bytes_in", "", Sint, TRANSACTION, "Bytes of the request received so far."),
    fetch("req.bytes_out", "", Sint, TRANSACTION, "Bytes of the request sent so far."),
    fetch("req.len", "", Sint, REQUEST, "Bytes in the request buffer."),
    fetch("req.payload", "integer,integer", Bin, REQUEST, "Bytes of the request buffer from an offset."),
    fetch("req.payload_lv", "integer,integer[,string]", Bin, REQUEST, "Bytes of the request buffer behind a length field."),
    fetch("req.proto_http", "", Bool, TRANSACTION, "True once the request looks like HTTP."),
    fetch("req.rdp_cookie", "[string]", Str, REQUEST, "An RDP cookie of the request."),
    fetch("req.rdp_cookie_cnt", "[string]", Sint, REQUEST, "How many RDP cookies the request has."),
    fetch("req.ssl_alpn", "", Str, REQUEST, "ALPN protocols that the client offers, comma separated."),
    fetch("req.ssl_cipherlist", "", Bin, CONNECTION, "Cipher suites that the client offers, as bytes."),
    fetch("req.ssl_ec_ext", "", Bool, REQUEST, "True if the client sent the elliptic curves extension."),
    fetch("req.ssl_hello_type", "", Sint, REQUEST, "Type of a TLS hello in the request."),
    fetch("req.ssl_keyshare_groups", "", Bin, CONNECTION, "Key share groups that the client offers, as bytes."),
    fetch("req.ssl_sigalgs", "", Bin, CONNECTION, "Signature algorithms that the client offers, as bytes."),
    fetch("req.ssl_sni", "", Str, REQUEST, "The server name of a TLS hello in the request."),
    fetch("req.ssl_st_ext", "", Sint, REQUEST, "Whether the client sent a session ticket extension."),
    fetch("req.ssl_supported_groups", "", Bin, CONNECTION, "Groups that the client supports, as bytes."),
    fetch("req.ssl_ver", "", Sint, REQUEST, "Version of a TLS hello in the request."),
    fetch("req_len", "", Sint, REQUEST, "Bytes in the request buffer."),
    fetch("req_proto_http", "", Bool, TRANSACTION, "True once the request looks like HTTP."),
    fetch("req_ssl_hello_type", "", Sint, REQUEST, "Type of a TLS hello in the request."),
    fetch("req_ssl_sni", "", Str, REQUEST, "The server name of a TLS hello in the request."),
    fetch("req_ssl_ver", "", Sint, REQUEST, "Version of a TLS hello in the request."),
    fetch("res.bytes_in", "", Sint, FORWARDED, "Bytes of the response received so far."),
    fetch("res.bytes_out", "", Sint, FORWARDED, "Bytes of the response sent so far."),
    fetch("res.len", "", Sint, RESPONSE, "Bytes in the response buffer."),
    fetch("res.payload", "integer,integer", Bin, RESPONSE, "Bytes of the response buffer from an offset."),
    fetch("res.payload_lv", "integer,integer[,string]", Bin, RESPONSE, "Bytes of the response buffer behind a length field."),
    fetch("res.ssl_hello_type", "", Sint, RESPONSE, "Type of a TLS hello in the response."),
];
