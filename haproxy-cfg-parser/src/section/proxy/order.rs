//! Warnings about rules that run earlier than their place suggests.

use crate::parse::{Args, Cx};
use crate::section::draft::Draft;

/// Kinds of rules in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    TcpConnection,
    TcpSession,
    TcpContent,
    Monitor,
    HttpRequest,
    Redirect,
    UseBackend,
    UseServer,
}

const ALL: [(Kind, &str); 8] = [
    (Kind::TcpConnection, "tcp-request connection"),
    (Kind::TcpSession, "tcp-request session"),
    (Kind::TcpContent, "tcp-request content"),
    (Kind::Monitor, "monitor fail"),
    (Kind::HttpRequest, "http-request"),
    (Kind::Redirect, "redirect"),
    (Kind::UseBackend, "use_backend"),
    (Kind::UseServer, "use-server"),
];

/// The kinds that a section has so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order(u8);

/// Notes a rule, with a warning if one that runs later stands before it.
pub(crate) fn note(cx: &mut Cx<'_>, draft: &mut Draft, args: &Args<'_>, kind: Kind) {
    let seen = draft.order.0;
    let bit = |kind: Kind| 1_u8 << kind as u8;
    let later = ALL.iter().find(|(other, _)| *other > kind && seen & bit(*other) != 0);
    let name = ALL.iter().find(|(other, _)| *other == kind).map_or("", |row| row.1);
    if let Some((_, later)) = later {
        let family = if name.starts_with("tcp-request") { "tcp-request" } else { name };
        let article = if later.starts_with("http") { "an" } else { "a" };
        cx.warn(
            args,
            0,
            format!(
                "a '{family}' rule placed after {article} '{later}' rule will still be processed before."
            ),
        );
    }
    draft.order.0 |= bit(kind);
}
