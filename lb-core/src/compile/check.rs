//! Health checks of a backend, and who follows whom.

use super::backend::server_address;
use super::{Context, Options, frontend, registry};
use crate::check::{Announcer, External, Method, Settings, Watch, agent_script, check_script};
use crate::log::{Identity, Logger, resolve};
use crate::mail::Mailbox;
use crate::proxy::{Backend, Listener, ProxyStats};
use crate::proxy_protocol::Style;
use crate::server::{Lineup, Server, ServerAddress, Ties};
use haproxy_cfg_parser::model::{self, Address, CheckKind, Config, Host, ProxyKind};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// Servers with those that they follow.
pub(crate) type Follows = Vec<(Arc<Server>, Arc<Server>)>;

/// Where programs that check find others, where the file has no `external-check path`.
const PATH: &str = "";

/// The checks of a proxy's servers, in the order in which they begin.
pub(super) fn watches(
    proxy: &model::Proxy,
    servers: &[Arc<Server>],
    context: &mut Context<'_>,
) -> Vec<Watch> {
    let method =
        servers.iter().any(|server| server.check.is_some()).then(|| method(proxy, context)).flatten();
    let mut watches = Vec::new();
    let common = registry::fingerprint(&(&proxy.checks, proxy.timeouts.check, proxy.timeouts.connect));
    for server in servers {
        let options = &server.config.check;
        let place = &server.config.place;
        if let (Some(_), Some(method)) = (&server.check, &method) {
            let address = target(options.addr.as_ref(), "addr", place, context);
            let method = method.clone();
            watches.push(Watch {
                server: Arc::clone(server),
                agent: false,
                method,
                introduces: introduces(server, address.is_none() && options.port.is_none()),
                address,
                port: options.port,
                common,
                defined: OnceLock::new(),
            });
        }
        if server.agent.is_some() {
            let agent = &options.agent;
            let address = target(agent.addr.as_ref(), "agent-addr", place, context);
            let method = Method::Script(Arc::new(agent_script(agent.send.as_deref())));
            watches.push(Watch {
                server: Arc::clone(server),
                agent: true,
                method,
                address,
                port: agent.port,
                introduces: None,
                common,
                defined: OnceLock::new(),
            });
        }
    }
    watches
}

/// The PROXY header of a server's health checks: where they go to its own address it gets the one that it gets with
/// traffic, elsewhere only by `check-send-proxy`.
fn introduces(server: &Server, own: bool) -> Option<Style> {
    let words = server.config.others.iter().rev().map(|(name, _)| *name);
    let asked = words.into_iter().find(|name| matches!(*name, "check-send-proxy" | "no-check-send-proxy"));
    if asked == Some("check-send-proxy") {
        return Some(server.introduces.unwrap_or(Style { version: 1, ..Style::default() }));
    }
    server.introduces.filter(|_| own)
}

fn target(
    address: Option<&Address>,
    word: &str,
    place: &model::Place,
    context: &mut Context<'_>,
) -> Option<ServerAddress> {
    match server_address(address?, context) {
        Ok(address) => Some(address),
        Err(reason) => {
            context.error(place, format!("'{word}' : {reason}."));
            None
        }
    }
}

fn method(proxy: &model::Proxy, context: &mut Context<'_>) -> Option<Method> {
    if !matches!(proxy.checks.kind, CheckKind::External) {
        return Some(Method::Script(Arc::new(check_script(proxy, context))));
    }
    let global = &context.config.global;
    let (preserve_env, fork) = (global.external_check, global.insecure_fork);
    let title = format!("Proxy '{}' :", proxy.name);
    if preserve_env.is_none() {
        let text =
            format!("{title} 'option external-check' unable to find required 'global.external-check'.");
        context.error(&proxy.place, text);
    }
    let Some(command) = &proxy.checks.command else {
        let text =
            format!("{title} 'option external-check' unable to find required 'external-check command'.");
        context.error(&proxy.place, text);
        return None;
    };
    if !fork {
        let text = format!(
            "{title} 'insecure-fork-wanted' not enabled in the global section, 'option external-check' will likely fail."
        );
        context.warning(&proxy.place, text);
    }
    let listens =
        proxy.binds.iter().flat_map(|bind| &bind.addresses).find_map(|(address, _)| match address {
            Address::Inet { host, ports, .. } => {
                let host = match host {
                    Host::Ip(ip) => ip.to_string(),
                    Host::AnyV6 => "::".to_owned(),
                    _ => "0.0.0.0".to_owned(),
                };
                Some((host, ports.0.to_string()))
            }
            Address::Unix(path) => Some((path.clone(), "NOT_USED".to_owned())),
            _ => None,
        });
    Some(Method::External(Arc::new(External {
        command: command.clone(),
        path: proxy.checks.path.clone().unwrap_or_else(|| PATH.to_owned()),
        preserve_env: preserve_env.unwrap_or(false),
        listens,
    })))
}

/// Who tells about a backend's servers.
pub(super) fn announcer(
    proxy: &model::Proxy,
    stats: &Arc<ProxyStats>,
    servers: &Arc<Lineup>,
    context: &mut Context<'_>,
) -> Announcer {
    let global = &context.config.global;
    let (targets, identity) = (resolve(proxy, global), Identity::of(Some(proxy), global));
    Announcer {
        kind: if proxy.kind == ProxyKind::Listen { "proxy" } else { "backend" },
        name: proxy.name.clone(),
        logger: Logger::compile(&targets, identity, context).map(Arc::new),
        log_checks: proxy.checks.log,
        mailbox: Mailbox::compile(proxy, context),
        stats: Arc::clone(stats),
        servers: Arc::downgrade(servers),
    }
}

/// What holds for all checks.
pub(crate) fn settings(config: &Config, options: &Options<'_>) -> Settings {
    // Expressions of checks ask for a frontend and a listener that no file names.
    let side =
        model::Proxy { kind: ProxyKind::Frontend, name: "CHECKS-FE".into(), ..model::Proxy::default() };
    let mut context = Context::new(config, Some(&side));
    let frontend = frontend::frontend(&side, 0, Vec::new(), options, &mut context);
    Settings {
        spread: config.global.spread_checks.unwrap_or(0),
        max_spread: config.global.max_spread_checks,
        side: (Arc::new(frontend), Arc::new(Listener::nowhere())),
    }
}

/// Lets connections end with their servers, or with others' return (`on-marked-down`, `on-marked-up`).
pub(super) fn tie(backend: &Backend) {
    let servers = backend.servers.load();
    let backups = servers.iter().any(|server| server.config.check.shutdown_backup_sessions);
    for server in servers.iter() {
        if server.config.check.shutdown_sessions || (backups && server.config.backup) {
            // One that lives on has them already.
            let _ = server.ties.set(Ties::default());
        }
    }
}

/// Who follows whom (`track`): follower and followed; and what is wrong with it.
pub(super) fn follows(config: &Config, backends: &[Arc<Backend>]) -> (Follows, Vec<(model::Place, String)>) {
    let all: Vec<Arc<Server>> =
        backends.iter().flat_map(|backend| Vec::clone(&backend.servers.load())).collect();
    let servers: HashMap<(&str, &str), &Arc<Server>> =
        all.iter().map(|server| ((&*server.backend, &*server.name), server)).collect();
    let (mut follows, mut errors) = (Vec::new(), Vec::new());
    for backend in backends {
        for server in backend.servers.load().iter() {
            let Some(word) = &server.config.check.track else { continue };
            match tracked(config, backend, server, word, &servers) {
                Ok(found) => follows.push((Arc::clone(server), Arc::clone(found))),
                Err(reason) => {
                    let text = format!("'server {}/{}' : {reason}", backend.name, server.name);
                    errors.push((server.config.place.clone(), text));
                }
            }
        }
    }
    (follows, errors)
}

/// The server that `track` names, or why it cannot be followed.
fn tracked<'a>(
    config: &Config,
    backend: &Backend,
    server: &Server,
    word: &str,
    servers: &HashMap<(&str, &str), &'a Arc<Server>>,
) -> Result<&'a Arc<Server>, String> {
    if server.check.is_some() || server.agent.is_some() {
        return Err("unable to enable checks and tracking at the same time!.".into());
    }
    let (proxy, name) = word.split_once('/').unwrap_or((&backend.name, word));
    if !config.proxies.iter().any(|known| known.kind.is_backend() && known.name == proxy) {
        return Err(format!("unable to find required proxy '{proxy}' for tracking."));
    }
    let found = servers.get(&(proxy, name));
    let found = *found.ok_or_else(|| format!("unable to find required server '{name}' for tracking."))?;
    // A chain of followers ends at one that is checked.
    let mut end = found;
    let mut seen = vec![server.uid];
    loop {
        if seen.contains(&end.uid) {
            return Err(format!(
                "unable to track {proxy}/{name} as it belongs to a tracking chain looping back to {}/{}.",
                end.backend, end.name
            ));
        }
        seen.push(end.uid);
        let Some(next) = &end.config.check.track else { break };
        let (proxy, name) = next.split_once('/').unwrap_or((&end.backend, next));
        match servers.get(&(proxy, name)) {
            Some(next) => end = next,
            None => break,
        }
    }
    if end.check.is_none() && end.agent.is_none() {
        return Err(format!(
            "unable to use {proxy}/{name} for tracking as it does not have any check nor agent enabled."
        ));
    }
    Ok(found)
}
