//! Servers and proxies for tests.

use super::{Farm, Server, ServerAddress};
use crate::proxy::ProxyStats;
use haproxy_cfg_parser::model;
use std::sync::Arc;

pub(crate) fn place() -> model::Place {
    model::Place { file: "test.cfg".into(), line: 1 }
}

/// A backend's section without anything in it.
pub(crate) fn proxy() -> model::Proxy {
    model::Proxy {
        kind: model::ProxyKind::Backend,
        name: "b".into(),
        place: place(),
        id: None,
        checks: model::Checks::default(),
        email_alert: model::EmailAlert::default(),
        description: None,
        disabled: false,
        mode: model::Mode::Http,
        binds: Vec::new(),
        servers: Vec::new(),
        maxconn: None,
        fullconn: None,
        rate_limit_sessions: None,
        backlog: None,
        timeouts: model::Timeouts::default(),
        options: model::Options::default(),
        balance: None,
        hash_type: None,
        retries: None,
        retry_on: Vec::new(),
        cookie: None,
        http_reuse: None,
        acls: Vec::new(),
        http_request: Vec::new(),
        http_response: Vec::new(),
        http_after_response: Vec::new(),
        tcp_request_connection: Vec::new(),
        tcp_request_session: Vec::new(),
        tcp_request_content: Vec::new(),
        tcp_response_content: Vec::new(),
        tcp_inspect_delay: None,
        tcp_response_delay: None,
        redirects: Vec::new(),
        use_backend: Vec::new(),
        default_backend: None,
        use_server: Vec::new(),
        logs: Vec::new(),
        log_tag: None,
        log_format: None,
        error_log_format: None,
        log_format_sd: None,
        unique_id_format: None,
        unique_id_header: None,
        request_slots: Vec::new(),
        response_slots: Vec::new(),
        capture_cookie: None,
        error_pages: Vec::new(),
        monitor_uri: None,
        monitor_fail: Vec::new(),
        stats: None,
        source: None,
        dispatch: None,
        client_probes: Default::default(),
        server_probes: Default::default(),
        load_server_state: None,
        others: Vec::new(),
    }
}

/// The line of a server on loopback.
pub(crate) fn line(name: &str, weight: u32) -> model::ServerLine {
    model::ServerLine {
        name: name.into(),
        address: model::Address::Inet {
            host: model::Host::Ip(std::net::Ipv4Addr::LOCALHOST.into()),
            ports: (80, 80),
            offset: None,
        },
        address_text: "127.0.0.1:80".into(),
        template: None,
        id: None,
        weight,
        backup: false,
        disabled: false,
        cookie: None,
        maxconn: None,
        minconn: None,
        maxqueue: None,
        max_reuse: None,
        pool_max_conn: None,
        pool_low_conn: None,
        pool_purge_delay: None,
        source: None,
        redir: None,
        slowstart: None,
        check: model::CheckOptions::default(),
        send_proxy: None,
        ssl: false,
        tfo: false,
        tcp_user_timeout: None,
        socks4: None,
        check_via_socks4: false,
        hash_key: Default::default(),
        tlvs: Vec::new(),
        resolve: Default::default(),
        init_addr: None,
        others: Vec::new(),
        place: place(),
    }
}

/// Servers `s1`, `s2`, ... of those weights in one farm of backend `b`; `edit` may change their lines.
pub(crate) fn servers(weights: &[u32], edit: impl Fn(&mut model::ServerLine)) -> Vec<Arc<Server>> {
    let farm = Farm::new(Arc::new(ProxyStats::new(1)), 0, true);
    servers_of(&farm, weights, edit)
}

/// [`servers`] in a given farm.
pub(crate) fn servers_of(
    farm: &Arc<Farm>,
    weights: &[u32],
    edit: impl Fn(&mut model::ServerLine),
) -> Vec<Arc<Server>> {
    weights
        .iter()
        .zip(1u32..)
        .map(|(weight, id)| {
            let mut line = line(&format!("s{id}"), *weight);
            edit(&mut line);
            let address = ServerAddress::Inet(([127, 0, 0, 1], 80).into());
            Arc::new(Server::new(line, "b", id, address, farm.clone(), 1))
        })
        .collect()
}
