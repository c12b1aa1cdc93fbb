//! Stand-in for lb-core's `compile` until it lands: addresses to bind, and nothing behind them.
#![allow(missing_docs, clippy::all, dead_code)]
use haproxy_cfg_parser::Diagnostic;
use haproxy_cfg_parser::model::{Address, Config, Host};
use lb_core::compile::{BindSpec, Plan};
use lb_core::engine::Limit;
use lb_core::proxy::Listener;
use std::sync::Arc;

pub(crate) struct Options {
    pub(crate) threads: usize,
    pub(crate) maxconn: u64,
}
pub(crate) fn compile(
    config: &Config,
    options: &Options,
) -> Result<(Plan, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut binds = Vec::new();
    for p in &config.proxies {
        for b in &p.binds {
            for (a, text) in &b.addresses {
                if let Address::Inet { host: Host::Ip(_), .. } = a {
                    let listener = Listener {
                        name: "sock-1".into(),
                        id: 1,
                        address: text.clone(),
                        port: 1,
                        bound: None,
                        accept_proxy: false,
                        connections: Limit::new(0),
                        frontend: Default::default(),
                    };
                    binds.push(BindSpec {
                        kind: "frontend",
                        proxy: p.name.clone(),
                        address: a.clone(),
                        options: b.options.clone(),
                        backlog: 100,
                        listener: Arc::new(listener),
                    });
                }
            }
        }
    }
    Ok((
        Plan {
            threads: options.threads,
            bufsize: 16384,
            maxrewrite: 1024,
            max_headers: 101,
            connections: Limit::new(options.maxconn as u32),
            binds,
            frontends: vec![],
            backends: vec![],
            backends_by_name: Default::default(),
        },
        vec![],
    ))
}
