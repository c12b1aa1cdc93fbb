//! `allow`, `accept`, `reject`, and what only changes how an exchange goes on.

use super::{HTTP, REQUEST, Row, act, action};
use crate::rule::{Kind, Verdict};

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
        if build.has("rst-ttl") {
            return Err("'rst-ttl' is not supported yet; leave it out".into());
        }
        act((), |(), _| Verdict::SilentDrop)
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
