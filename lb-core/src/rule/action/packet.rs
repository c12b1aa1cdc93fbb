//! `set-mark`, `set-tos` and their newer names: marks on packets to the client. Where the loop that holds the connection
//! sees them, it applies them.

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

pub(super) const ROWS: &[Row] = &[
    action("set-mark", KINDS, |build| marks(build, set_mark)),
    action("set-fc-mark", KINDS, |build| marks(build, set_mark)),
    action("set-tos", KINDS, |build| marks(build, set_tos)),
    action("set-fc-tos", KINDS, |build| marks(build, set_tos)),
    // Ignored, which `compile::supported` says.
    action("set-nice", &[Kind::TcpContent, Kind::TcpResponse, Kind::HttpRequest, Kind::HttpResponse], |_| {
        act((), |(), _| Verdict::Continue)
    }),
];

type Set = fn(&mut Marking, u64);

fn marks(build: &mut super::Build<'_, '_>, set: Set) -> super::Built {
    let number = Number::new(build.args.first(), build)?;
    act((number, set), |(number, set): &(Number, Set), exchange: &mut Exchange| {
        if let Some(number) = number.get(exchange) {
            set(&mut exchange.marking, number);
        }
        Verdict::Continue
    })
}

/// The lower bits count, as in HAProxy.
fn set_mark(marking: &mut Marking, number: u64) {
    marking.mark = Some(number as u32);
}

fn set_tos(marking: &mut Marking, number: u64) {
    marking.tos = Some(number as u8);
}
