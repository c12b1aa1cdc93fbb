//! `expect-proxy`, `expect-netscaler-cip`.

use super::{Row, act, action};
use crate::rule::{Kind, Verdict};

pub(super) const ROWS: &[Row] = &[
    action("expect-proxy", &[Kind::TcpConnection], |_| {
        act((), |(), exchange| {
            exchange.session.expects.proxy = true;
            Verdict::Continue
        })
    }),
    action("expect-netscaler-cip", &[Kind::TcpConnection], |_| {
        act((), |(), exchange| {
            exchange.session.expects.netscaler = true;
            Verdict::Continue
        })
    }),
];
