//! From a proxy section to a backend with its servers.

use super::frontend::{forward_for, rules};
use super::page::page;
use super::way::{tlvs, way};
use super::{Context, Options, check, condition, registry};
use crate::balance::{Balance, KeyFn};
use crate::log::Format;
use crate::net::Probes;
use crate::proxy::{Backend, ProxyStats, RetryOn, Rules, UseServer};
use crate::resolve::{self, Start};
use crate::rule::{Kind, Replies, Ruleset};
use crate::sample::{Expr, Place};
use crate::server::{Farm, Lineup, Server, ServerAddress};
use arc_swap::ArcSwap;
use haproxy_cfg_parser::model::{self, Address, FormatPart, Host};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// `retries` where the file says nothing.
const DEFAULT_RETRIES: u32 = 3;

/// Compiles the backend side of a proxy.
pub(super) fn backend(
    proxy: &model::Proxy,
    id: u32,
    options: &Options<'_>,
    context: &mut Context<'_>,
) -> Option<Backend> {
    let previous = registry::backend(options.previous, &proxy.name);
    let previous = previous.as_deref();
    let stats = match previous {
        Some(previous) => Arc::clone(&previous.stats),
        None => Arc::new(ProxyStats::new(options.threads)),
    };
    let fullconn =
        u32::try_from(proxy.fullconn.unwrap_or(context.reach.div_ceil(10)).max(1)).unwrap_or(u32::MAX);
    let redispatch = proxy.options.redispatch.is_some_and(|interval| interval != 0);
    let farm = match previous {
        Some(previous) => Arc::clone(&previous.farm),
        None => Farm::new(Arc::clone(&stats), fullconn, redispatch),
    };
    let servers = servers(proxy, previous, &farm, options, context);
    let watches = check::watches(proxy, &servers, context);
    let expr = hash_key(proxy, context);
    let balance = match Balance::new(proxy, &servers, expr) {
        Ok(balance) => balance,
        Err(message) => {
            let place = proxy.balance.as_ref().map_or(&proxy.place, |line| &line.place).clone();
            context.error(&place, message);
            return None;
        }
    };
    let lineup = Arc::new(Lineup::new(servers.clone()));
    let announcer = Arc::new(check::announcer(proxy, &stats, &lineup, context));
    let use_server = proxy.use_server.iter().filter_map(|rule| use_server(rule, &servers, context)).collect();
    let listen = proxy.kind.is_frontend();
    let published = previous.map(|previous| Arc::clone(&previous.published));
    Some(Backend {
        published: published.unwrap_or_else(|| Arc::new(AtomicBool::new(true))),
        name: proxy.name.clone(),
        description: proxy.description.clone(),
        id,
        section: None,
        mode: proxy.mode,
        timeouts: proxy.timeouts,
        probes: proxy.options.tcpka.1.then(|| Probes::new(&proxy.server_probes)),
        options: proxy.options.clone(),
        // In a `listen` section the frontend side does it.
        forwardfor: proxy.options.forwardfor.as_ref().filter(|_| !listen).map(forward_for),
        originalto: proxy.options.originalto.as_ref().filter(|_| !listen).map(forward_for),
        rules: Rules {
            tcp_response_content: Ruleset::compile(&proxy.tcp_response_content, Kind::TcpResponse, context),
            ..if listen { Rules::default() } else { rules(proxy, context) }
        },
        page: if listen { None } else { page(proxy, context) },
        inspect_delay: proxy.tcp_inspect_delay,
        response_delay: proxy.tcp_response_delay,
        reads_http: std::mem::take(&mut context.reads_http),
        rdp_cookie: rdp_cookie(proxy),
        use_server,
        servers: lineup,
        watches: ArcSwap::from_pointee(watches.into_iter().map(Arc::new).collect()),
        checks: registry::fingerprint(&proxy.checks),
        announcer,
        farm,
        balance,
        retries: proxy.retries.unwrap_or(DEFAULT_RETRIES),
        retry_on: retry_on(&proxy.retry_on),
        cookie: cookie(proxy, context),
        // Connections to a place without a name belong to their clients, as in HAProxy.
        http_reuse: match nameless(proxy) {
            Some(_) => model::HttpReuse::Never,
            None => proxy.http_reuse.unwrap_or_default(),
        },
        fullconn,
        replies: Arc::new(Replies::compile(proxy, context)),
        logger: None,
        stats,
    })
}

/// The cookie of `persist rdp-cookie[(NAME)]`.
fn rdp_cookie(proxy: &model::Proxy) -> Option<Vec<u8>> {
    let (_, words, _) = proxy.others.iter().rfind(|(name, ..)| *name == "persist rdp-cookie")?;
    Some(words.first().map_or("msts", String::as_str).as_bytes().to_vec())
}

fn servers(
    proxy: &model::Proxy,
    previous: Option<&Backend>,
    farm: &Arc<Farm>,
    options: &Options<'_>,
    context: &mut Context<'_>,
) -> Vec<Arc<Server>> {
    let known = registry::servers(previous);
    // One whose checks change starts anew.
    let same_checks =
        previous.is_some_and(|previous| previous.checks == registry::fingerprint(&proxy.checks));
    let mut servers = Vec::new();
    let lines = unnamed(proxy, context).map_or_else(|| proxy.servers.clone(), |line| vec![line]);
    for line in &lines {
        // The line is shared with the configuration as long as nothing is added to it.
        let line = match (&line.source, &proxy.source) {
            (None, Some(source)) => {
                Arc::new(model::ServerLine { source: Some(source.clone()), ..(**line).clone() })
            }
            _ => Arc::clone(line),
        };
        if let Err(reason) = way(&line, context) {
            context.error(&line.place, format!("'server {}' : {reason}", line.name));
            continue;
        }
        let keeps = |name: &str| known.get(name).filter(|known| registry::keeps_address(known, &line));
        // Names are resolved for servers that need it only.
        let at_start = if line.names().iter().all(|name| keeps(name).is_some()) {
            None
        } else {
            let Some(address) = address(proxy, &line, context) else { continue };
            Some(address)
        };
        for (nth, name) in line.names().into_iter().enumerate() {
            let next = u32::try_from(servers.len() + 1).unwrap_or(u32::MAX);
            // Of a template's servers only the first can have the line's id.
            let id = line.id.filter(|_| line.template.is_none()).unwrap_or(next);
            let config = match name == line.name {
                true => Arc::clone(&line),
                false => {
                    let mut one = model::ServerLine { name: name.clone(), ..(*line).clone() };
                    // Nor can more than one have its name that lasts.
                    one.others.retain(|(name, _)| *name != "guid" || nth == 0);
                    Arc::new(one)
                }
            };
            let (known, kept) = (known.get(&*name), keeps(&name));
            if let Some(known) = known
                && same_checks
                && registry::is_same(known, &config, id)
                && (kept.is_some() || at_start.as_ref() == Some(&known.start))
            {
                servers.push(Arc::clone(known));
                continue;
            }
            // What runs knows its state better than a file of before.
            let saved = context.states.get(&name).filter(|_| known.is_none()).cloned();
            let last = saved.as_ref().map(|saved| (saved, resolve::start(&line, saved.ip, context)));
            let address = match (kept, last, &at_start) {
                (Some(kept), ..) => kept.address(),
                (None, Some((saved, Start::Known(ServerAddress::Inet(address)))), _) => {
                    ServerAddress::Inet(SocketAddr::new(address.ip(), saved.port))
                }
                (None, _, Some(address)) => address.clone(),
                (None, _, None) => continue,
            };
            let mut server = Server::new(config, &proxy.name, id, address, Arc::clone(farm), options.threads);
            server.way = way(&line, context).unwrap_or_default();
            server.tlvs = tlvs(&line, context).unwrap_or_default();
            if let Some(known) = known {
                server.counters = Arc::clone(&known.counters);
            }
            if let Some(kept) = kept {
                server.set_hostname(kept.hostname().map(|name| (*name).clone()));
            }
            let server = Arc::new(server);
            if let Some(saved) = saved {
                context.saved.push((saved, Arc::clone(&server)));
            }
            servers.push(server);
        }
    }
    servers
}

/// The one place that a proxy without servers takes clients to: what `dispatch` says, or where they wanted to go
/// (`option transparent`). As in HAProxy it counts without `balance` only.
fn unnamed(proxy: &model::Proxy, context: &mut Context<'_>) -> Option<Arc<model::ServerLine>> {
    let (name, address) = nameless(proxy)?;
    if !proxy.servers.is_empty() {
        let text = format!(
            "proxy '{}' : '{name}' beside servers is not supported by lb; write it as a server, and name the 'balance'.",
            proxy.name
        );
        context.error(&proxy.place, text);
    }
    let line = model::ServerLine::blank(proxy.place.clone());
    Some(Arc::new(model::ServerLine { name: name.into(), address, ..line }))
}

/// What the place is called, and where it is.
fn nameless(proxy: &model::Proxy) -> Option<(&'static str, Address)> {
    let transparent = || {
        proxy.others.iter().any(|(name, ..)| *name == "transparent")
            || proxy.options.others.iter().any(|(name, _)| *name == "option transparent")
    };
    match &proxy.dispatch {
        _ if proxy.balance.is_some() => None,
        Some(address) => Some(("dispatch", address.clone())),
        None => transparent()
            .then_some(("transparent", Address::Inet { host: Host::Any, ports: (0, 0), offset: None })),
    }
}

/// Where a server is; names are resolved now, as `init-addr` says.
fn address(
    proxy: &model::Proxy,
    line: &model::ServerLine,
    context: &mut Context<'_>,
) -> Option<ServerAddress> {
    let titled = |name: &str| format!("'server {}/{name}'", proxy.name);
    // One that all of its servers know from the last run needs no other.
    let last = line.names().iter().map(|name| context.states.get(name)?.ip).min();
    let start = resolve::start(line, last.flatten(), context);
    let refuse = |context: &mut Context<'_>, message: String| {
        context.error(&line.place, message);
        None
    };
    match &line.address {
        Address::Inet { host: Host::Name(host), .. } => match start {
            Start::Known(address) => Some(address),
            Start::Later { port, tried } => {
                for name in line.names().iter().filter(|_| tried) {
                    let title = titled(name);
                    context.warning(
                        &line.place,
                        format!("{title} : could not resolve address '{host}', disabling server."),
                    );
                }
                Some(ServerAddress::Unresolved(port))
            }
            Start::Failed | Start::NoName => {
                context.unresolved = true;
                for name in line.names() {
                    let title = titled(&name);
                    context.error(&line.place, format!("{title} : could not resolve address '{host}'."));
                }
                None
            }
        },
        address => match server_address(address, context) {
            Ok(address) => Some(address),
            Err(reason) => refuse(context, format!("'server {}' : {reason}.", line.name)),
        },
    }
}

/// Where an address leads; a name is resolved now. The error says why it leads nowhere.
pub(crate) fn server_address(address: &Address, context: &Context<'_>) -> Result<ServerAddress, String> {
    match address {
        Address::Inet { host: Host::Name(name), ports, .. } => {
            let found = context.address(name).ok_or_else(|| format!("could not resolve address '{name}'"))?;
            Ok(ServerAddress::Inet(SocketAddr::new(found, ports.0)))
        }
        address => literal_address(address),
    }
}

/// Where an address leads that is no name.
pub(super) fn literal_address(address: &Address) -> Result<ServerAddress, String> {
    match address {
        Address::Inet { host: Host::Ip(ip), ports, .. } => {
            Ok(ServerAddress::Inet(SocketAddr::new(*ip, ports.0)))
        }
        Address::Inet { host, ports, .. } => {
            let ip = if *host == Host::AnyV6 {
                std::net::Ipv6Addr::UNSPECIFIED.into()
            } else {
                std::net::Ipv4Addr::UNSPECIFIED.into()
            };
            Ok(ServerAddress::Inet(SocketAddr::new(ip, ports.0)))
        }
        Address::Unix(path) => Ok(ServerAddress::Unix(path.as_str().into())),
        Address::Abstract(name, false) => Ok(ServerAddress::Abstract(name.as_str().into())),
        other => Err(format!(
            "lb does not connect to addresses like '{other:?}' yet; use an IP address, a name or a UNIX socket"
        )),
    }
}

/// The persistence cookie.
fn cookie(proxy: &model::Proxy, context: &mut Context<'_>) -> Option<model::Cookie> {
    let cookie = proxy.cookie.as_ref()?;
    if cookie.dynamic {
        context.error(
            &cookie.place,
            "'cookie' : 'dynamic' is not supported by lb yet; give each server its 'cookie'.",
        );
    }
    Some(cookie.clone())
}

/// The key of `balance hash EXPR`.
fn hash_key(proxy: &model::Proxy, context: &mut Context<'_>) -> Option<KeyFn> {
    let expr = proxy.balance.as_ref()?.expr.as_ref()?;
    let expr = Expr::compile(expr, context, Place::HttpRequestBackend)?;
    Some(KeyFn(Box::new(move |exchange, take| {
        if let Some(sample) = expr.eval(exchange) {
            take(&sample.into_bytes());
        }
    })))
}

fn use_server(
    rule: &model::UseServer,
    servers: &[Arc<Server>],
    context: &mut Context<'_>,
) -> Option<UseServer> {
    let condition = condition(rule.condition.as_ref(), context, Place::HttpRequestBackend).ok()?;
    let target = match &rule.target.parts[..] {
        [FormatPart::Text(name)] => match servers.iter().find(|server| server.name == *name) {
            Some(server) => Ok(Arc::clone(server)),
            None => {
                context.error(
                    &rule.place,
                    format!("unable to find server '{name}' referenced in a 'use-server' rule."),
                );
                return None;
            }
        },
        _ => Err(Format::compile(&rule.target, context, Place::HttpRequestBackend)?),
    };
    Some(UseServer { condition, target })
}

fn retry_on(words: &[&str]) -> RetryOn {
    let mut retry = RetryOn { conn_failure: words.is_empty(), ..RetryOn::default() };
    for word in words {
        match *word {
            "none" => retry = RetryOn::default(),
            "conn-failure" => retry.conn_failure = true,
            "empty-response" => retry.empty_response = true,
            "junk-response" => retry.junk_response = true,
            "response-timeout" => retry.response_timeout = true,
            "0rtt-rejected" => retry.zero_rtt_rejected = true,
            "all-retryable-errors" => {
                retry.conn_failure = true;
                retry.empty_response = true;
                retry.junk_response = true;
                retry.response_timeout = true;
                retry.zero_rtt_rejected = true;
                retry.statuses.push(500);
                retry.statuses.extend([502, 503, 504]);
            }
            status => retry.statuses.extend(status.parse::<u16>()),
        }
    }
    retry
}
