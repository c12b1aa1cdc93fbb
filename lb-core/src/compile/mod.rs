//! From the typed configuration to what runs: names resolved, rules compiled, all errors collected.

mod backend;
mod bind;
mod check;
mod context;
mod directory;
mod dynamic;
mod dynamic_backend;
mod frontend;
pub(crate) mod guid;
mod held;
mod page;
mod plan;
mod reach;
mod registry;
mod saved;
mod sections;
mod supported;
mod variable;
mod way;

pub(crate) use backend::server_address;
pub(crate) use check::Follows;
#[cfg(test)]
pub(crate) use check::settings as check_settings;
pub use context::Context;
pub use directory::Directory;
pub(crate) use dynamic::{Obstacle, add_server, check_server, delete_server, removable};
pub(crate) use dynamic_backend::{add_backend, backend_removable, delete_backend};
pub use held::Held;
pub use plan::{BindSpec, Plan};
pub use registry::{fingerprint, succeed};
pub use saved::{Saved, States};
pub use sections::sections;
pub use supported::{Support, supports};
pub use variable::Variables;
pub(crate) use variable::evaluate;

use crate::acl::{Condition, References};
use crate::listen::Permit;
use crate::log::{Outlet, Ring};
use crate::proxy::{Backend, Backends, Frontend, Listener, SwitchTarget};
use crate::resolve::Resolvers;
use crate::sample::Place;
use crate::server::Server;
use haproxy_cfg_parser::model::{self, Config};
use haproxy_cfg_parser::{Diagnostic, Severity, World};
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, Weak};

/// What the process decides before a configuration is compiled.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Traffic threads.
    pub threads: usize,
    /// The process's `maxconn`, computed where the file has none.
    pub maxconn: u64,
    /// Where files are read that rules name.
    pub world: &'a dyn World,
    /// The plan that runs, whose servers and numbers live on where the names are the same; nothing of it is changed.
    pub previous: Option<&'a Plan>,
    /// Addresses that are not always this node's: they are listened on by [`Plan::permit`].
    pub held: &'a [Held],
}

/// `tune.bufsize` where the file has none.
const BUFSIZE: usize = 16384;
/// `tune.maxrewrite` where the file has none.
const MAXREWRITE: usize = 1024;
/// `tune.http.maxhdr` where the file has none.
const MAX_HEADERS: usize = 101;

/// Compiles a configuration.
///
/// # Errors
/// All findings, warnings included, when one of them is an error.
pub fn compile(
    config: &Arc<Config>,
    options: &Options<'_>,
) -> Result<(Plan, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut compiler = Compiler {
        findings: supported::check(config),
        binds: bind::stats_sockets(&config.global, options.previous),
        resolvers: registry::resolvers(config, options.previous),
        rings: Ring::all(&config.rings, options.previous.map_or(&[], |plan| &plan.rings)),
        permit: registry::permit(options.previous),
        ..Compiler::default()
    };
    compiler.findings.extend(held::check(config, options));
    compiler.findings.extend(bind::misplaced(config));
    compiler.findings.extend(guid::check(config));
    let outlets = compiler.outlets(config, options);
    let reach = reach::reach(config, options);
    for proxy in config.proxies.iter().filter(|proxy| !proxy.disabled) {
        let reach = reach.get(proxy.name.as_str()).copied().unwrap_or_default();
        compiler.proxy(config, proxy, reach, options);
    }
    if compiler.unresolved {
        let message = "Failed to initialize server(s) addr.".to_owned();
        compiler.findings.push(Diagnostic {
            severity: Severity::Alert,
            place: None,
            span: None,
            message,
            help: None,
        });
    }
    let follows = compiler.link(config);
    let (variables, found) = Variables::compile(config);
    compiler.findings.extend(found);
    if compiler.findings.iter().any(|finding| finding.severity == Severity::Alert) {
        return Err(compiler.findings);
    }
    compiler.referred.extend(referred_by_acls(config));
    let (pinned, named) = (compiler.pinned(&follows), compiler.named());
    let Compiler {
        mut findings,
        binds,
        frontends,
        backends,
        directory,
        resolvers,
        rings,
        references,
        permit,
        saved,
        ..
    } = compiler;
    let maxconn = u32::try_from(options.maxconn).unwrap_or(u32::MAX);
    let tune = &config.global.tune;
    let limits = &config.global.limits;
    let plan = Plan {
        threads: options.threads.max(1),
        bufsize: tune.bufsize.unwrap_or(BUFSIZE).max(1024),
        maxrewrite: tune.maxrewrite.unwrap_or(MAXREWRITE),
        pipes: pipes(&config.global, options),
        max_headers: tune.http_maxhdr.unwrap_or(MAX_HEADERS),
        connections: registry::connections(options.previous, maxconn),
        connection_rate: registry::rate_limit(options, limits.connections, |plan| &plan.connection_rate),
        session_rate: registry::rate_limit(options, limits.sessions, |plan| &plan.session_rate),
        maxconn,
        binds,
        frontends,
        backends: Arc::new(Backends::new(backends)),
        references: references.finish(),
        resolvers,
        rings,
        outlets,
        checks: check::settings(config, options),
        follows,
        config: Arc::clone(config),
        saved: Mutex::new(saved),
        pinned,
        named,
        directory,
        revised: tokio::sync::watch::Sender::new(()),
        entrances: tokio::sync::watch::Sender::new(()),
        permit,
        variables,
        generation: options.previous.map_or(0, |plan| plan.generation + 1),
        hard_stop_after: config.global.hard_stop_after,
    };
    plan.directory.fill(&plan.frontends, &plan.backends);
    for frontend in &plan.frontends {
        let _ = frontend.backends.set(Arc::clone(&plan.backends));
        for listener in frontend.listeners.iter().filter_map(Weak::upgrade) {
            listener.frontend.store(Some(Arc::clone(frontend)));
        }
    }
    if options.previous.is_none() {
        registry::settle(&plan);
    }
    findings.extend(saved::counters(&plan, options));
    Ok((plan, findings))
}

/// Servers that lines of `acl` refer to, whether a rule uses them or not.
fn referred_by_acls(config: &Config) -> Vec<(String, String)> {
    let named = |proxy: &model::Proxy| {
        let calls = proxy.acls.iter().map(|acl| acl.test.expr.fetch.clone());
        let servers =
            calls.filter(|call| call.name.starts_with("srv_")).filter_map(|call| match call.args.first() {
                Some(model::Arg::Str(text)) => Some(text.clone()),
                _ => None,
            });
        let pair = |text: String| match text.split_once('/') {
            Some((backend, server)) => (backend.to_owned(), server.to_owned()),
            None => (proxy.name.clone(), text),
        };
        servers.map(pair).collect::<Vec<_>>()
    };
    config.proxies.iter().flat_map(named).collect()
}

/// Most pipes for splicing.
fn pipes(global: &model::Global, options: &Options<'_>) -> u32 {
    if global.nosplice {
        return 0;
    }
    let pipes = global.limits.pipes.unwrap_or((options.maxconn / 4).max(1));
    u32::try_from(pipes).unwrap_or(u32::MAX)
}

/// Compiles an optional condition. `Err`: it is wrong, which has been recorded.
pub(crate) fn condition(
    condition: Option<&model::Condition>,
    context: &mut Context<'_>,
    place: Place,
) -> Result<Option<Condition>, ()> {
    match condition {
        None => Ok(None),
        Some(condition) => Condition::compile(condition, context, place).map(Some).ok_or(()),
    }
}

#[derive(Default)]
struct Compiler {
    findings: Vec<Diagnostic>,
    binds: Vec<BindSpec>,
    frontends: Vec<Arc<Frontend>>,
    backends: Vec<Arc<Backend>>,
    directory: Arc<Directory>,
    resolvers: Vec<Arc<Resolvers>>,
    rings: Vec<Arc<Ring>>,
    references: Arc<References>,
    /// Files of servers' states.
    states: HashMap<PathBuf, saved::File>,
    /// Servers that begin in a state that a file says.
    saved: Vec<(Saved, Arc<Server>)>,
    /// A server's name has no address.
    unresolved: bool,
    /// Names of servers that expressions refer to.
    referred: Vec<(String, String)>,
    /// Leave to listen on addresses that are not always this node's.
    permit: Permit,
    /// Ids given so far; HAProxy's first proxy is 2.
    ids: u32,
}

impl Compiler {
    /// Compiles the servers of rings.
    fn outlets(&mut self, config: &Config, options: &Options<'_>) -> Vec<Arc<Outlet>> {
        let mut context = Context::new(config, None);
        context.read = Some(options.world);
        let previous = options.previous.map_or(&[][..], |plan| &plan.outlets);
        let outlets = Outlet::all(&config.rings, &self.rings, previous, &mut context);
        self.findings.append(&mut context.diagnostics);
        outlets
    }

    /// Compiles a proxy, to which frontends may bring `reach` connections.
    fn proxy(&mut self, config: &Config, proxy: &model::Proxy, reach: u64, options: &Options<'_>) {
        self.ids += 1;
        let id = proxy.id.unwrap_or(self.ids + 1);
        let mut context = Context::new(config, Some(proxy));
        context.read = Some(options.world);
        context.reach = reach;
        context.directory = Arc::clone(&self.directory);
        context.resolvers.clone_from(&self.resolvers);
        context.rings.clone_from(&self.rings);
        context.references = Arc::clone(&self.references);
        let (states, wrong) = saved::load(config, proxy, &mut self.states, options.world);
        context.states = states.cloned().unwrap_or_default();
        if let Some(message) = wrong {
            let (severity, place) = (Severity::Warning, None);
            context.diagnostics.push(Diagnostic { severity, place, span: None, message, help: None });
        }
        let mut logger = None;
        let apart = |(name, _): &(&str, _)| *name == "option independent-streams";
        if proxy.mode == model::Mode::Http && proxy.options.others.iter().any(apart) {
            let name = &proxy.name;
            let text = format!(
                "proxy '{name}' : 'option independent-streams' is not supported by lb in 'mode http' yet; leave it out."
            );
            context.error(&proxy.place, text);
        }
        if let model::Mode::Other(mode) = proxy.mode {
            context.error(
                &proxy.place,
                format!(
                    "lb does not carry traffic of 'mode {mode}' (proxy '{}') yet; it knows 'mode http' and 'mode tcp'.",
                    proxy.name
                ),
            );
        }
        if proxy.kind.is_frontend() {
            let binds = bind::binds(proxy, options, &self.permit);
            let listeners: Vec<Weak<Listener>> =
                binds.iter().map(|spec| Arc::downgrade(&spec.listener)).collect();
            let frontend = frontend::frontend(proxy, id, listeners, options, &mut context);
            logger.clone_from(&frontend.log.logger);
            self.frontends.push(Arc::new(frontend));
            self.binds.extend(binds);
        }
        if proxy.kind.is_backend() {
            let logger = logger.or_else(|| frontend::logger(proxy, &mut context));
            if let Some(mut backend) = backend::backend(proxy, id, options, &mut context) {
                backend.logger = logger;
                self.backends.push(Arc::new(backend));
            }
        }
        self.unresolved |= context.unresolved;
        self.findings.append(&mut context.diagnostics);
        self.referred.append(&mut context.referred);
        self.saved.append(&mut context.saved);
    }

    /// The servers that something of the configuration refers to.
    fn pinned(&self, follows: &Follows) -> HashSet<usize> {
        let mut pinned: HashSet<usize> = follows.iter().map(|(_, leader)| leader.uid).collect();
        for backend in &self.backends {
            pinned.extend(
                backend.use_server.iter().filter_map(|rule| rule.target.as_ref().ok()).map(|one| one.uid),
            );
            let named = self.referred.iter().filter(|(name, _)| *name == backend.name);
            pinned.extend(named.filter_map(|(_, server)| backend.servers.find(server)).map(|one| one.uid));
        }
        pinned
    }

    /// The names of backends that something of the configuration refers to.
    fn named(&self) -> HashSet<String> {
        let fixed = |frontend: &Arc<Frontend>| {
            let rules = frontend.switching.iter().filter_map(|switch| match &switch.target {
                SwitchTarget::Fixed(_, name) => Some(name.clone()),
                SwitchTarget::Computed(_) => None,
            });
            let default = frontend.default_backend.get().map(|backend| backend.name.clone());
            rules.chain(default).collect::<Vec<_>>()
        };
        let referred = self.referred.iter().map(|(backend, _)| backend.clone());
        self.frontends.iter().flat_map(fixed).chain(referred).collect()
    }

    /// Sets the backends that frontends name; gives the servers that others follow.
    fn link(&mut self, config: &Config) -> Follows {
        self.backends.iter().for_each(|backend| check::tie(backend));
        let (follows, errors) = check::follows(config, &self.backends);
        for (place, text) in errors {
            self.findings.push(Diagnostic {
                severity: Severity::Alert,
                message: format!("config : parsing [{place}] : {text}"),
                place: Some(place),
                span: None,
                help: None,
            });
        }
        let by_name: HashMap<&str, &Arc<Backend>> =
            self.backends.iter().map(|backend| (backend.name.as_str(), backend)).collect();
        for frontend in &self.frontends {
            let proxy =
                config.proxies.iter().find(|proxy| proxy.kind.is_frontend() && proxy.name == frontend.name);
            let named = proxy.and_then(|proxy| proxy.default_backend.as_ref()).map(|(name, _)| name.as_str());
            // A `listen` section without one is its own.
            let default = named.unwrap_or(&frontend.name);
            if let Some(backend) = by_name.get(default) {
                let _ = frontend.default_backend.set(Arc::clone(backend));
            }
            for switch in &frontend.switching {
                if let SwitchTarget::Fixed(target, name) = &switch.target
                    && let Some(backend) = by_name.get(name.as_str())
                {
                    let _ = target.set(Arc::clone(backend));
                }
            }
        }
        follows
    }
}
