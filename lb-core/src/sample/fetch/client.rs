//! The client's connection, its frontend and its listener (manual 7.3.3).

use super::{Built, Row, constant, fetch, never, plain};
use crate::exchange::Exchange;
use crate::proxy_protocol::tlv;
use crate::sample::Needs::Client;
use crate::sample::{Sample, Type};
use haproxy_cfg_parser::model::Place;

pub(super) const ROWS: &[Row] = &[
    fetch("fe_name", Type::Str, Client, |_, _| {
        plain(|exchange| Some(Sample::str(exchange.frontend.name.as_bytes())))
    }),
    fetch("fe_id", Type::Int, Client, |_, _| plain(|exchange| Some(Sample::int(exchange.frontend.id)))),
    fetch("fe_defbe", Type::Str, Client, |_, _| {
        plain(|exchange| {
            exchange.frontend.default_backend.get().map(|backend| Sample::str(backend.name.as_bytes()))
        })
    }),
    fetch("fe_client_timeout", Type::Int, Client, |_, _| {
        plain(|exchange| Some(Sample::int(exchange.frontend.timeouts.client.map_or(0, crate::proxy::millis))))
    }),
    fetch("cur_client_timeout", Type::Int, Client, |_, _| {
        plain(|exchange| Some(Sample::int(exchange.client_timeout().map_or(0, crate::proxy::millis))))
    }),
    fetch("cur_tarpit_timeout", Type::Int, Client, |_, _| {
        plain(|exchange| Some(Sample::int(exchange.tarpit_timeout().map_or(0, crate::proxy::millis))))
    }),
    fetch("fe_tarpit_timeout", Type::Int, Client, |_, _| {
        plain(|exchange| {
            let timeouts = &exchange.frontend.timeouts;
            Some(Sample::int(timeouts.tarpit.or(timeouts.connect).map_or(0, crate::proxy::millis)))
        })
    }),
    fetch("so_name", Type::Str, Client, |_, _| {
        // A listener without a `name` has none here, though statistics number it.
        plain(|exchange| {
            let name = exchange.session.listener.name.as_str();
            Some(Sample::str(if name.starts_with("sock-") { b"" } else { name.as_bytes() }))
        })
    }),
    fetch("so_id", Type::Int, Client, |_, _| {
        plain(|exchange| Some(Sample::int(exchange.session.listener.id)))
    }),
    fetch("dst_conn", Type::Int, Client, |_, _| {
        plain(|exchange| Some(Sample::int(exchange.session.listener.connections.current())))
    }),
    fetch("http_first_req", Type::Bool, Client, |_, _| {
        plain(|exchange| Some(Sample::Bool(exchange.session.requests <= 1)))
    }),
    fetch("fc_http_major", Type::Int, Client, |_, _| constant(Sample::Int(1))),
    fetch("internal.strm.is_htx", Type::Bool, Client, |_, _| {
        plain(|exchange| Some(Sample::Bool(exchange.peeked.is_none())))
    }),
    fetch("last_rule_file", Type::Str, Client, |_, _| {
        plain(|exchange| last_rule(exchange).map(|place| Sample::str(place.file.as_bytes())))
    }),
    fetch("last_rule_line", Type::Int, Client, |_, _| {
        plain(|exchange| last_rule(exchange).map(|place| Sample::int(place.line)))
    }),
    fetch("prio_class", Type::Int, Client, |_, _| {
        plain(|exchange| Some(Sample::int(exchange.priority.class)))
    }),
    fetch("prio_offset", Type::Int, Client, |_, _| {
        plain(|exchange| Some(Sample::int(exchange.priority.offset)))
    }),
    fetch("fc_rcvd_proxy", Type::Bool, Client, |_, _| {
        plain(|exchange| Some(Sample::Bool(exchange.session.proxied.is_some())))
    }),
    fetch("fc_pp_authority", Type::Str, Client, |_, _| value_of(tlv::AUTHORITY)),
    fetch("fc_pp_unique_id", Type::Str, Client, |_, _| value_of(tlv::UNIQUE_ID)),
    fetch("fc_pp_tlv", Type::Str, Client, |args, _| value_of(kind(args.required(0)?)?)),
    // This build terminates no TLS, so there is never anything to tell about it.
    fetch("ssl_fc", Type::Bool, Client, |_, _| constant(Sample::Bool(false))),
    fetch("ssl_fc_has_sni", Type::Bool, Client, |_, _| constant(Sample::Bool(false))),
    fetch("ssl_fc_has_crt", Type::Bool, Client, |_, _| constant(Sample::Bool(false))),
    fetch("ssl_fc_sni", Type::Str, Client, |_, _| Ok(never())),
    fetch("ssl_fc_protocol", Type::Str, Client, |_, _| Ok(never())),
    fetch("ssl_fc_cipher", Type::Str, Client, |_, _| Ok(never())),
    fetch("ssl_fc_alpn", Type::Str, Client, |_, _| Ok(never())),
    fetch("ssl_c_used", Type::Bool, Client, |_, _| constant(Sample::Bool(false))),
];

/// The last rule that ended a ruleset of the exchange, else of the connection.
fn last_rule(exchange: &Exchange) -> Option<&Place> {
    exchange.last_rule.as_ref().or(exchange.session.last_rule.as_ref())
}

/// A value of the PROXY header.
fn value_of(kind: u8) -> Built {
    plain(move |exchange| exchange.session.proxied.as_ref()?.tlv(kind).map(Sample::str))
}

/// The type of a value, by number or by HAProxy's name for it.
fn kind(text: &str) -> Result<u8, String> {
    let number = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u8::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    };
    let named = match text.to_ascii_lowercase().as_str() {
        "alpn" => Some(tlv::ALPN),
        "authority" => Some(tlv::AUTHORITY),
        "crc32c" => Some(tlv::CRC32C),
        "unique_id" => Some(tlv::UNIQUE_ID),
        "ssl" => Some(tlv::SSL),
        "netns" => Some(tlv::NETNS),
        _ => None,
    };
    number.or(named).ok_or_else(|| format!("'{text}' is no type of a TLV"))
}
