//! What each part of a configuration says, as a number: nodes of a cluster compare them.

use super::{Plan, fingerprint};
use haproxy_cfg_parser::model::ProxyKind;

/// Each proxy section, and each file with patterns, by its name. Where a proxy listens is left out: each node has addresses of
/// its own.
pub fn sections(plan: &Plan) -> Vec<(String, u64)> {
    let proxies = plan.config.proxies.iter().map(|proxy| {
        let mut said = proxy.clone();
        said.binds.iter_mut().for_each(|line| line.addresses.clear());
        let kind = match proxy.kind {
            ProxyKind::Frontend => "frontend",
            ProxyKind::Backend => "backend",
            ProxyKind::Listen => "listen",
        };
        (format!("{kind} {}", proxy.name), fingerprint(&said))
    });
    let lists = plan.references.iter().filter_map(|list| Some((list.file.clone()?, list.origin().2)));
    proxies.chain(lists).collect()
}
