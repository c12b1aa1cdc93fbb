//! `allow`, `accept`, `reject`, and what only changes how an exchange goes on.

use super::{HTTP, REQUEST, Row, act, action};
use crate::rule::{Kind, Verdict};
use haproxy_cfg_parser::model::ActionArg;

const STREAMS: &[Kind] = &[Kind::TcpConnection, Kind::TcpSession, Kind::TcpContent, Kind::TcpResponse];
const REFUSALS: &[Kind] =
    &[Kind::TcpConnection, Kind::TcpSession, Kind::TcpContent, Kind::TcpResponse, Kind::HttpRequest];
const DROPS: &[Kind] = &[
    Kind::TcpConnection,
    Kind::TcpSession,
    Kind::TcpContent,
    Kind::TcpResponse,
    Kind::HttpRequest,
    Kind::HttpResponse,
];

pub(super) const ROWS: &[Row] = &[
    action("allow", HTTP, |_| act((), |(), _| Verdict::Accept)),
    action("accept", STREAMS, |_| act((), |(), _| Verdict::Accept)),
    action("reject", REFUSALS, |_| act((), |(), _| Verdict::Reject)),
    action("close", &[Kind::TcpResponse], |_| act((), |(), _| Verdict::Close)),
    action("silent-drop", DROPS, |build| {
        let ttl = build.number("rst-ttl").and_then(|ttl| u8::try_from(ttl).ok()).unwrap_or(1);
        act(ttl, |ttl, _| Verdict::SilentDrop { ttl: *ttl })
    }),
    action("switch-mode", &[Kind::TcpContent], |build| match build.keyed("proto") {
        Some(ActionArg::Str(proto)) if proto != "h1" => Err("only 'proto h1' is supported yet".into()),
        _ => act((), |(), _| Verdict::Http),
    }),
    action("disable-l7-retry", REQUEST, |_| {
        act((), |(), exchange| {
            exchange.retry_forbidden = true;
            Verdict::Continue
        })
    }),
    // This build terminates no TLS, so there is never a handshake to wait for.
    action("wait-for-handshake", REQUEST, |_| act((), |(), _| Verdict::Continue)),
    action("strict-mode", HTTP, |build| match build.text(0)? {
        "on" => act((), |(), _| Verdict::Continue),
        _ => Err("only 'on', the default, is supported".into()),
    }),
];
