//! What only the whole configuration shows: names that nothing defines, modes that do not fit.

mod hosts;
mod names;
mod proxies;
pub(crate) mod references;
mod servers;
mod users;

pub(crate) use names::kind;

use crate::parse::Cx;
use crate::section::{acme, cache, fcgi_app, log_forward, mailers, peers, program, ring};

/// Checks the configuration that was read.
pub(crate) fn check(cx: &mut Cx<'_>) {
    let findings = [
        names::check(cx),
        proxies::check(cx),
        servers::check(cx),
        references::check(cx),
        users::check(cx),
        cache::check(cx),
        hosts::check(cx),
        fcgi_app::check(cx),
        log_forward::check(cx),
        mailers::check(cx),
        peers::check(cx),
        ring::check(cx),
        program::check(cx),
        acme::check(cx),
    ];
    for finding in findings.into_iter().flatten() {
        cx.push(finding);
    }
}
