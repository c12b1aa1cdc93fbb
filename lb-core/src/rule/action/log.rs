//! `set-log-level`.

use super::{Row, act, action};
use crate::log::LEVELS;
use crate::rule::{Kind, Verdict};

const KINDS: &[Kind] =
    &[Kind::TcpContent, Kind::TcpResponse, Kind::HttpRequest, Kind::HttpResponse, Kind::HttpAfterResponse];

pub(super) const ROWS: &[Row] = &[action("set-log-level", KINDS, |build| {
    let text = build.text(0)?;
    let level = match text {
        "silent" => None,
        name => match (0u8..).zip(LEVELS).find(|(_, known)| *known == name) {
            Some((level, _)) => Some(level),
            None => return Err("expects exactly 1 argument (log level name or 'silent')".into()),
        },
    };
    act(level, |level, exchange| {
        exchange.log_level = Some(*level);
        Verdict::Continue
    })
})];
