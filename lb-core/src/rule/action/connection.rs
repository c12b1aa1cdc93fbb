//! `expect-proxy`.

use super::{Row, act, action};
use crate::rule::{Kind, Verdict};

pub(super) const ROWS: &[Row] = &[action("expect-proxy", &[Kind::TcpConnection], |_| {
    act((), |(), exchange| {
        exchange.session.expects_proxy = true;
        Verdict::Continue
    })
})];
