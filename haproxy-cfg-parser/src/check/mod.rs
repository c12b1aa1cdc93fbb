//! What only the whole configuration shows: names that nothing defines, modes that do not fit.

mod names;
mod proxies;
pub(crate) mod references;

use crate::parse::Cx;

/// Checks the configuration that was read.
pub(crate) fn check(cx: &mut Cx<'_>) {
    let findings = [names::check(cx), proxies::check(cx), references::check(cx)];
    for finding in findings.into_iter().flatten() {
        cx.push(finding);
    }
}
