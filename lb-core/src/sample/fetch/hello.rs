//! What a TLS hello says, looked at in clear text (manual 7.3.5 "req.ssl_*", RFC 8446 4.1.2).

use super::payload::peeked;
use super::{Built, Row, fetch, plain};
use crate::exchange::Exchange;
use crate::sample::Needs::{RequestBytes, ResponseBytes};
use crate::sample::{Sample, Type};
use crate::tls_hello::{self, ClientHello, Short};

pub(super) const ROWS: &[Row] = &[
    fetch("req.ssl_hello_type", Type::Int, RequestBytes, |_, _| hello_type(false)),
    fetch("req_ssl_hello_type", Type::Int, RequestBytes, |_, _| hello_type(false)),
    fetch("res.ssl_hello_type", Type::Int, ResponseBytes, |_, _| hello_type(true)),
    fetch("rep_ssl_hello_type", Type::Int, ResponseBytes, |_, _| hello_type(true)),
    fetch("req.ssl_ver", Type::Int, RequestBytes, |_, _| version()),
    fetch("req_ssl_ver", Type::Int, RequestBytes, |_, _| version()),
    fetch("req.ssl_sni", Type::Str, RequestBytes, |_, _| name()),
    fetch("req_ssl_sni", Type::Str, RequestBytes, |_, _| name()),
    fetch("req.ssl_alpn", Type::Str, RequestBytes, |_, _| {
        plain(|exchange| client_hello(exchange)?.alpn().map(Sample::str))
    }),
    fetch("req.ssl_ec_ext", Type::Bool, RequestBytes, |_, _| {
        plain(|exchange| Some(Sample::Bool(client_hello(exchange)?.extension(GROUPS).is_some())))
    }),
    fetch("req.ssl_st_ext", Type::Int, RequestBytes, |_, _| {
        plain(|exchange| {
            Some(Sample::Int(match client_hello(exchange)?.extension(SESSION_TICKET) {
                None => 0,
                Some([]) => 1,
                Some(_) => 2,
            }))
        })
    }),
    fetch("req.ssl_cipherlist", Type::Bin, RequestBytes, |_, _| {
        plain(|exchange| Some(Sample::Bin(client_hello(exchange)?.ciphers.into())))
    }),
    fetch("req.ssl_supported_groups", Type::Bin, RequestBytes, |_, _| list(GROUPS)),
    fetch("req.ssl_sigalgs", Type::Bin, RequestBytes, |_, _| list(SIGNATURES)),
    fetch("req.ssl_keyshare_groups", Type::Bin, RequestBytes, |_, _| {
        plain(|exchange| client_hello(exchange)?.key_shares().map(|groups| Sample::Bin(groups.into())))
    }),
];

/// `supported_groups` (RFC 8446 4.2.7).
const GROUPS: u16 = 10;
/// `signature_algorithms` (RFC 8446 4.2.3).
const SIGNATURES: u16 = 13;
/// `SessionTicket` (RFC 5077 3.2).
const SESSION_TICKET: u16 = 35;

fn hello_type(response: bool) -> Built {
    plain(move |exchange| {
        let (peeked, buffer) = peeked(exchange, response)?;
        match tls_hello::handshake_type(buffer.filled()) {
            Ok(kind) => kind.map(Sample::int),
            Err(Short) => {
                peeked.unsettle();
                None
            }
        }
    })
}

fn version() -> Built {
    plain(|exchange| {
        let (peeked, buffer) = peeked(exchange, false)?;
        match tls_hello::version(buffer.filled(), buffer.capacity()) {
            Ok(version) => version.map(Sample::int),
            Err(Short) => {
                peeked.unsettle();
                None
            }
        }
    })
}

fn name() -> Built {
    plain(|exchange| client_hello(exchange)?.server_name().map(Sample::str))
}

/// An extension that is a list behind a length of two bytes.
fn list(kind: u16) -> Built {
    plain(move |exchange| {
        let list = client_hello(exchange)?.extension(kind)?;
        list.get(2..).map(|list| Sample::Bin(list.into()))
    })
}

fn client_hello(exchange: &Exchange) -> Option<ClientHello<'_>> {
    let (peeked, buffer) = peeked(exchange, false)?;
    match tls_hello::client_hello(buffer.filled()) {
        Ok(hello) => hello,
        Err(Short) => {
            peeked.unsettle();
            None
        }
    }
}
