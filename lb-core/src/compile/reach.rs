//! How many connections frontends may bring to each backend, for a `fullconn` that the file does not have (manual 4.2
//! "fullconn").

use super::Options;
use haproxy_cfg_parser::model::{Config, FormatPart, Proxy};
use std::collections::{HashMap, HashSet};

/// The sum of `maxconn` of the frontends that name a backend, by its name. Names that requests compute do not count.
pub(super) fn reach<'c>(config: &'c Config, options: &Options<'_>) -> HashMap<&'c str, u64> {
    let mut reach: HashMap<&str, u64> = HashMap::new();
    for proxy in config.proxies.iter().filter(|proxy| proxy.kind.is_frontend() && !proxy.disabled) {
        let most = proxy.maxconn.unwrap_or(options.maxconn);
        for backend in targets(proxy) {
            let sum = reach.entry(backend).or_default();
            *sum = sum.saturating_add(most);
        }
    }
    reach
}

/// The backends that a frontend names.
fn targets(proxy: &Proxy) -> HashSet<&str> {
    let itself = proxy.kind.is_backend().then_some(proxy.name.as_str());
    let default = proxy.default_backend.as_ref().map(|(name, _)| name.as_str()).or(itself);
    let ruled = proxy.use_backend.iter().filter_map(|rule| match &rule.target.parts[..] {
        [FormatPart::Text(name)] => Some(name.as_str()),
        _ => None,
    });
    ruled.chain(default).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::testing::plan;

    /// Limits that haproxy 2.6.12 shows for the same file.
    #[test]
    fn fullconn_is_haproxys() {
        let text = "defaults\n mode http\n timeout client 1s\n timeout connect 1s\n timeout server 1s\n\
             frontend f1\n maxconn 55\n bind 127.0.0.1:1\n use_backend b2 if { path /a }\n use_backend b2 if { path /b }\n \
             use_backend b1 if { path /c }\n use_backend %[path] if { path /d }\n default_backend b1\n\
             frontend f2\n maxconn 100\n bind 127.0.0.1:2\n default_backend b2\n\
             listen l1\n bind 127.0.0.1:4\n maxconn 77\n server s 127.0.0.1:1\n\
             listen l2\n bind 127.0.0.1:5\n maxconn 33\n use_backend b5 if { path /x }\n default_backend b4\n\
             backend b1\nbackend b2\nbackend b4\nbackend b5\nbackend b6\nbackend b7\n fullconn 9\n";
        let plan = plan(text, None).unwrap();
        let found: Vec<_> =
            plan.backends.load().iter().map(|one| format!("{} {}", one.name, one.fullconn)).collect();
        assert_eq!(found, ["l1 8", "l2 1", "b1 6", "b2 16", "b4 4", "b5 4", "b6 1", "b7 9"]);
    }
}
