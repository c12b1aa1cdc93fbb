//! TLS of listening addresses: certificates, and groups that the library knows.

use super::names::alert;
use crate::Diagnostic;
use crate::model::{Bind, Proxy};
use crate::tables::group;

/// Options that bring certificates.
const SOURCES: [&str; 4] = ["crt", "crt-list", "default-crt", "generate-certificates"];

/// What is missing or unknown.
pub(super) fn check(proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    let elsewhere = proxy.others.iter().any(|other| other.0 == "ssl-f-use");
    for bind in proxy.binds.iter().filter(|bind| bind.options.ssl) {
        let others = &bind.options.others;
        if !elsewhere && !others.iter().any(|other| SOURCES.contains(&other.0)) {
            let text = format!("no SSL certificate specified for {} (use 'crt')", title(bind));
            findings.push(alert(&bind.place, format!("Proxy '{}': {text}.", proxy.name)));
        }
        let curves = others.iter().filter(|other| other.0 == "curves").filter_map(|other| other.1.first());
        for list in curves.filter(|list| !group::is_list(list)) {
            let text = format!("unable to set SSL curves list to '{list}' for {}", title(bind));
            findings.push(Diagnostic {
                help: Some("name groups that OpenSSL has, e.g. `X25519:P-256`".to_owned()),
                ..alert(&bind.place, format!("Proxy '{}': {text}.", proxy.name))
            });
        }
    }
}

/// `bind ':443' at [file:line]`, as messages name it.
fn title(bind: &Bind) -> String {
    let addresses: Vec<&str> = bind.addresses.iter().map(|address| address.1.as_str()).collect();
    format!("bind '{}' at [{}]", addresses.join(","), bind.place)
}
