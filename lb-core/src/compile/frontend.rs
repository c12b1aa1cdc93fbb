//! From a proxy section to a frontend.

use super::page::page;
use super::registry;
use super::{Context, Options, condition};
use crate::http::HeaderKey;
use crate::log::{Builtin, Format, Identity, Logger, Style, resolve};
use crate::net::Probes;
use crate::proxy::{ForwardFor, Frontend, Listener, Logging, Rules, Switch, SwitchTarget};
use crate::rule::{Kind, Replies, Ruleset};
use crate::sample::Place;
use haproxy_cfg_parser::model::{self, FormatPart, Mode};
use haproxy_cfg_parser::raw;
use std::sync::{Arc, OnceLock, Weak};

/// Compiles the frontend side of a proxy; its backends are set once all are there.
pub(super) fn frontend(
    proxy: &model::Proxy,
    id: u32,
    listeners: Vec<Weak<Listener>>,
    options: &Options<'_>,
    context: &mut Context<'_>,
) -> Frontend {
    let limit = limit(proxy.maxconn, options);
    let place = Place::HttpRequestFrontend;
    let monitor_fail = proxy
        .monitor_fail
        .iter()
        .filter_map(|fail| condition(Some(fail), context, place).ok().flatten())
        .collect();
    let switching = proxy.use_backend.iter().filter_map(|rule| switch(rule, context)).collect();
    let unique_id = proxy.unique_id_format.as_ref().and_then(|(format, place)| {
        if asks_for_id(format) {
            context.error(
                place,
                "'unique-id-format' : the id cannot be made from itself; leave '%ID' and 'unique-id' out.",
            );
            return None;
        }
        let place = Place::HttpRequestFrontend;
        let header = proxy.unique_id_header.as_ref().map(|name| HeaderKey::new(&raw::bytes(name)));
        Some((Format::styled(format, context, place, Style::Id)?, header))
    });
    let rules = rules(proxy, context);
    Frontend {
        name: proxy.name.clone(),
        description: proxy.description.clone(),
        id,
        mode: proxy.mode,
        connections: registry::frontend_connections(options.previous, &proxy.name, limit),
        gate: registry::gate(options.previous, &proxy.name),
        maxconn: limit,
        rate_limit: proxy.rate_limit_sessions.map_or(0, |max| u32::try_from(max).unwrap_or(u32::MAX)),
        timeouts: proxy.timeouts,
        keeps_idle: proxy.options.others.iter().any(|(name, _)| *name == "option idle-close-on-response"),
        probes: proxy.options.tcpka.0.then(|| Probes::new(&proxy.client_probes)),
        options: proxy.options.clone(),
        forwardfor: proxy.options.forwardfor.as_ref().map(forward_for),
        originalto: proxy.options.originalto.as_ref().map(forward_for),
        rules,
        inspect_delay: proxy.tcp_inspect_delay,
        asks_kernel: context.asks_kernel(),
        reads_http: std::mem::take(&mut context.reads_http),
        switching,
        backends: OnceLock::new(),
        default_backend: OnceLock::new(),
        log: logging(proxy, context),
        replies: Arc::new(Replies::compile(proxy, context)),
        monitor_uri: proxy.monitor_uri.as_ref().map(|uri| raw::bytes(uri).into_owned()),
        monitor_fail,
        page: page(proxy, context),
        request_captures: std::mem::take(&mut context.request_captures),
        response_captures: std::mem::take(&mut context.response_captures),
        cookie_capture: proxy
            .capture_cookie
            .as_ref()
            .map(|capture| (raw::bytes(&capture.name).into_owned(), capture.len as usize)),
        unique_id,
        stats: registry::frontend_stats(options, &proxy.name),
        listeners,
    }
}

/// A format that would never end.
fn asks_for_id(format: &model::LogFormat) -> bool {
    format.parts.iter().any(|part| match part {
        FormatPart::Text(_) => false,
        FormatPart::Alias { name, .. } => name == "ID",
        FormatPart::Expr { expr, .. } => expr.fetch.name == "unique-id",
    })
}

/// A proxy's own `maxconn`, else the process's.
fn limit(own: Option<u64>, options: &Options<'_>) -> u32 {
    u32::try_from(own.unwrap_or(options.maxconn)).unwrap_or(u32::MAX)
}

/// `option forwardfor`, prepared.
pub(super) fn forward_for(option: &model::ForwardFor) -> ForwardFor {
    ForwardFor {
        header: HeaderKey::new(&raw::bytes(&option.header)),
        except: option.except.clone(),
        if_none: option.if_none,
    }
}

/// The rulesets of a proxy. In a `listen` section the frontend side runs them all.
pub(super) fn rules(proxy: &model::Proxy, context: &mut Context<'_>) -> Rules {
    // Outside `mode http` these are ignored, as the parser has said.
    let http = |rules| if proxy.mode == Mode::Http { rules } else { &[][..] };
    Rules {
        tcp_request_connection: Ruleset::compile(&proxy.tcp_request_connection, Kind::TcpConnection, context),
        tcp_request_session: Ruleset::compile(&proxy.tcp_request_session, Kind::TcpSession, context),
        tcp_request_content: Ruleset::compile(&proxy.tcp_request_content, Kind::TcpContent, context),
        // The backend side runs these, in a `listen` section too.
        tcp_response_content: Ruleset::default(),
        http_request: Ruleset::compile(http(&proxy.http_request), Kind::HttpRequest, context),
        unusual_names: proxy.options.unusual_names,
        redirect: Ruleset::compile(http(&proxy.redirects), Kind::HttpRequest, context),
        http_response: Ruleset::compile(http(&proxy.http_response), Kind::HttpResponse, context),
        http_after_response: Ruleset::compile(
            http(&proxy.http_after_response),
            Kind::HttpAfterResponse,
            context,
        ),
    }
}

/// A `use_backend` rule; its name is resolved once all backends are there.
fn switch(rule: &model::UseBackend, context: &mut Context<'_>) -> Option<Switch> {
    let condition = condition(rule.condition.as_ref(), context, Place::HttpRequestFrontend).ok()?;
    let target = match &rule.target.parts[..] {
        [] => SwitchTarget::Fixed(OnceLock::new(), String::new()),
        [FormatPart::Text(name)] => SwitchTarget::Fixed(OnceLock::new(), name.clone()),
        _ => SwitchTarget::Computed(Format::compile(&rule.target, context, Place::HttpRequestFrontend)?),
    };
    Some(Switch { condition, target })
}

/// Where the proxy's logs go.
pub(super) fn logger(proxy: &model::Proxy, context: &mut Context<'_>) -> Option<Arc<Logger>> {
    let global = &context.config.global;
    let targets = resolve(proxy, global);
    let identity = Identity::of(Some(proxy), global);
    Logger::compile(&targets, identity, context).map(Arc::new)
}

/// Where the proxy's logs go, and how its lines look: `log-format`, else by option, else the mode's default.
fn logging(proxy: &model::Proxy, context: &mut Context<'_>) -> Logging {
    let logger = logger(proxy, context);
    let http = proxy.mode == Mode::Http;
    let own = proxy.log_format.as_ref().map(|(format, _)| format.clone());
    let format = own.unwrap_or_else(|| {
        match (proxy.options.httplog, proxy.options.tcplog) {
            (Some(true), _) if http => Builtin::Clf,
            (Some(false), _) if http => Builtin::Http,
            (_, true) => Builtin::Tcp,
            _ if http => Builtin::DefaultHttp,
            _ => Builtin::DefaultTcp,
        }
        .format()
    });
    let error_format =
        proxy.error_log_format.as_ref().and_then(|(format, _)| Format::compile(format, context, Place::Log));
    Logging {
        logger,
        asks_near: names(&format, &["bi", "bp"]) || context.asks_any("bc_src"),
        asks_far: context.asks_any("bc_dst"),
        early: !http && !names(&format, &["B", "U", "Ta", "Td", "Tt", "Tu"]) && !fetches(&format),
        refusal: Format::compile(&Builtin::Refusal.format(), context, Place::Log),
        format: Format::compile(&format, context, Place::Log),
        error_format,
        ..Logging::default()
    }
}

/// A format has one of these aliases.
fn names(format: &model::LogFormat, aliases: &[&str]) -> bool {
    format.parts.iter().any(|part| match part {
        FormatPart::Alias { name, .. } => aliases.contains(&name.as_str()),
        _ => false,
    })
}

/// A format has expressions, which may ask for anything.
fn fetches(format: &model::LogFormat) -> bool {
    format.parts.iter().any(|part| matches!(part, FormatPart::Expr { .. }))
}
