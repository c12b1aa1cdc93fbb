//! Each proxy by itself: listening addresses, timeouts, logs.

use super::names::kind;
use super::{Turn, modes, names, references, servers, tls};
use crate::model::{Mode, Proxy};
use crate::parse::Cx;
use crate::section::fcgi_app;
use crate::section::proxy::timeout;
use crate::{Diagnostic, Severity};
use std::collections::HashMap;

/// What is missing from proxies, does not fit their mode, or names nothing; in HAProxy's order.
pub(super) fn check(cx: &Cx<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let backends = names::backends(cx);
    let mut references = references::check(cx);
    findings.extend(references.remove("").into_iter().flatten());
    let mut late: HashMap<(usize, Turn), Vec<&Diagnostic>> = HashMap::new();
    for (of, turn, finding) in &cx.late {
        late.entry((*of, *turn)).or_default().push(finding);
    }
    for (index, proxy) in cx.config.proxies.iter().enumerate().filter(|(_, proxy)| !proxy.disabled) {
        let mut turn = |turn, findings: &mut Vec<Diagnostic>| {
            findings.extend(late.remove(&(index, turn)).unwrap_or_default().into_iter().cloned());
        };
        modes::ignored(proxy, &mut findings);
        turn(Turn::LogOption, &mut findings);
        let whole = !cx.broken.contains(&proxy.place);
        if whole && !cx.unbound.contains(&proxy.name) {
            listening(proxy, &mut findings);
        }
        dispatch(proxy, &mut findings);
        turn(Turn::HttpCheck, &mut findings);
        names::check(cx, proxy, &backends, &mut findings);
        servers::mailers(cx, proxy, whole, &mut findings);
        findings.extend(references.remove(proxy.name.as_str()).into_iter().flatten());
        if whole {
            timeouts(proxy, &mut findings);
        }
        turn(Turn::TcpCheck, &mut findings);
        saved_states(cx, proxy, &mut findings);
        turn(Turn::Servers, &mut findings);
        names::tracked(proxy, &backends, &mut findings);
        logs(cx, proxy, &mut findings);
        modes::unfit(proxy, &mut findings);
        fcgi_app::unknown(cx, proxy, &mut findings);
        names::caches(cx, proxy, &mut findings);
        modes::protocols(proxy, &mut findings);
        tls::check(proxy, &mut findings);
    }
    findings
}

pub(super) fn finding(severity: Severity, proxy: &Proxy, message: String, help: Option<&str>) -> Diagnostic {
    Diagnostic {
        severity,
        place: Some(proxy.place.clone()),
        span: None,
        message,
        help: help.map(str::to_owned),
    }
}

/// `frontend 'web'`, as messages name it.
pub(super) fn title(proxy: &Proxy) -> String {
    format!("{} '{}'", kind(proxy.kind), proxy.name)
}

fn listening(proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    if proxy.kind.is_frontend() && proxy.binds.is_empty() {
        let title = title(proxy);
        let text =
            format!("{title} has no 'bind' directive. Please declare it as a backend if this was intended.");
        findings.push(finding(Severity::Warning, proxy, text, None));
    }
}

fn timeouts(proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    let timeouts = &proxy.timeouts;
    let client = proxy.kind.is_frontend() && timeouts.client.is_none();
    // Without HTTP a tunnel is all that there is.
    let server = timeouts.server.or(timeouts.tunnel.filter(|_| proxy.mode != Mode::Http));
    let server = proxy.kind.is_backend()
        && !proxy.servers.is_empty()
        && (timeouts.connect.is_none() || server.is_none());
    if client || server {
        let message = timeout::missing(kind(proxy.kind), &proxy.name);
        findings.push(finding(
            Severity::Warning,
            proxy,
            message,
            Some("add `timeout client`, `timeout connect` and `timeout server`"),
        ));
    }
}

/// An address beside balancing.
fn dispatch(proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    if proxy.kind.is_backend() && proxy.dispatch.is_some() && proxy.balance.is_some() {
        let text = format!("dispatch address of {} will be ignored in balance mode.", title(proxy));
        findings.push(finding(Severity::Warning, proxy, text, None));
    }
}

/// States of servers from a file that `global` does not name.
fn saved_states(cx: &Cx<'_>, proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    let global = proxy.load_server_state.as_deref() == Some("global");
    if proxy.kind.is_backend() && global && cx.config.global.server_state_file.is_none() {
        // HAProxy calls a `listen` section a backend here.
        let text = format!(
            "backend '{}' configured to load server state file from global section 'server-state-file' directive. Unfortunately, 'server-state-file' is not set!",
            proxy.name
        );
        findings.push(finding(Severity::Warning, proxy, text, None));
    }
}

/// A log format without anywhere to log.
fn logs(cx: &Cx<'_>, proxy: &Proxy, findings: &mut Vec<Diagnostic>) {
    // `log global` stands for the targets of `global`, which may have none.
    let nowhere =
        proxy.logs.iter().all(|target| target.address.is_none() && cx.config.global.logs.is_empty());
    let options = &proxy.options;
    let format =
        proxy.log_format.is_some() || options.httplog.is_some() || options.tcplog || options.httpslog;
    if proxy.kind.is_frontend() && format && nowhere {
        let text = format!("log format ignored for {} since it has no log address.", title(proxy));
        findings.push(finding(Severity::Warning, proxy, text, Some("add `log global`")));
    }
}
