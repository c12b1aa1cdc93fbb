//! Actions of TCP rulesets only.

use super::{ANSWER, CONNECTION, Row, action};
use crate::rule::*;

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    action("close", ANSWER, "", none, "Closes the server's connection.", "close"),
    action("expect-netscaler-cip", CONNECTION, "layer4", layer4, "Reads the client's address from a NetScaler header.", "expect-netscaler-cip layer4"),
    action("expect-proxy", CONNECTION, "layer4", layer4, "Reads the client's address from a PROXY header.", "expect-proxy layer4"),
];
