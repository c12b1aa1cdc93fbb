//! `set-mark`, `set-tos` and their newer names: marks on packets to the client. Where the loop that holds the connection
//! sees them, it applies them. `set-bc-mark`, `set-bc-tos`: the same for a connection to the server, once there is one.

use super::limit::Number;
use super::{Row, act, action};
use crate::exchange::Exchange;
use crate::net::Marking;
use crate::rule::{Kind, Verdict};

const KINDS: &[Kind] = &[
    Kind::TcpConnection,
    Kind::TcpSession,
    Kind::TcpContent,
    Kind::TcpResponse,
    Kind::HttpRequest,
    Kind::HttpResponse,
];

/// Before there is a connection to a server.
const REQUEST: &[Kind] = &[Kind::TcpContent, Kind::HttpRequest];

pub(super) const ROWS: &[Row] = &[
    action("set-mark", KINDS, |build| marks(build, client, set_mark)),
    action("set-fc-mark", KINDS, |build| marks(build, client, set_mark)),
    action("set-tos", KINDS, |build| marks(build, client, set_tos)),
    action("set-fc-tos", KINDS, |build| marks(build, client, set_tos)),
    action("set-bc-mark", REQUEST, |build| marks(build, server, set_mark)),
    action("set-bc-tos", REQUEST, |build| marks(build, server, set_tos)),
    // Ignored, which `compile::supported` says.
    action("set-nice", &[Kind::TcpContent, Kind::TcpResponse, Kind::HttpRequest, Kind::HttpResponse], |_| {
        act((), |(), _| Verdict::Continue)
    }),
];

type Side = fn(&mut Exchange) -> &mut Marking;
type Set = fn(&mut Marking, u64);

fn marks(build: &mut super::Build<'_, '_>, side: Side, set: Set) -> super::Built {
    let number = Number::new(build.args.first(), build)?;
    act((number, side, set), |(number, side, set): &(Number, Side, Set), exchange: &mut Exchange| {
        if let Some(number) = number.get(exchange) {
            set(side(exchange), number);
        }
        Verdict::Continue
    })
}

fn client(exchange: &mut Exchange) -> &mut Marking {
    &mut exchange.marking
}

fn server(exchange: &mut Exchange) -> &mut Marking {
    &mut exchange.server_marking
}

/// The lower bits count, as in HAProxy.
fn set_mark(marking: &mut Marking, number: u64) {
    marking.mark = Some(number as u32);
}

fn set_tos(marking: &mut Marking, number: u64) {
    marking.tos = Some(number as u8);
}
