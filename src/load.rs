//! From the command line's files to everything that runs can be made of.

use crate::cli::{Action, Options};
use crate::cluster::{self, Membership};
use crate::message::Messages;
use crate::process::limits::{self, Limits};
use crate::process::{Identity, affinity};
use crate::{sys, version};
use haproxy_cfg_parser::model::{Cluster, Config};
use haproxy_cfg_parser::{self as parser, Diagnostic, Severity, SystemWorld, World};
use lb_core::compile::{self, Plan};
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// A configuration that is good, and what was made of it.
pub(crate) struct Loaded {
    /// The configuration, with the command line's values put in.
    pub(crate) config: Arc<Config>,
    /// Who the worker becomes.
    pub(crate) identity: Identity,
    /// Descriptors and connections.
    pub(crate) limits: Limits,
    /// What the engine runs.
    pub(crate) plan: Arc<Plan>,
    /// This process as a node of a cluster, at the start.
    pub(crate) membership: Option<Membership>,
    /// What a node that runs proves itself by from now on.
    pub(crate) renewed: Option<lb_cluster::transport::Identity>,
    /// It only votes in a cluster.
    pub(crate) is_witness: bool,
}

impl Loaded {
    /// There is something to do.
    pub(crate) fn listens(&self) -> bool {
        let proxies = &self.config.proxies;
        self.is_witness
            || proxies.iter().any(|proxy| !proxy.disabled && !proxy.binds.is_empty())
            || !self.config.global.stats_sockets.is_empty()
    }
}

/// Why nothing can run. What there was to say about the files is said already.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The files came to nothing: show the usage.
    NoFiles,
    /// This remains to be said.
    Fatal(String),
}

/// When a configuration is read.
#[derive(Clone, Copy)]
pub(crate) enum Stage<'a> {
    /// Before anything runs.
    Start,
    /// While a plan runs, on so many threads (none: in a process that carries no traffic), and maybe a node of a cluster.
    Reload { threads: usize, previous: Option<&'a Plan>, cluster: Option<&'a Cluster> },
}

/// The environment that the program was started in: each reload begins with it again.
static ENVIRONMENT: OnceLock<Vec<(String, String)>> = OnceLock::new();

/// Reads, checks and compiles the configuration before anything runs, and tells what was found.
///
/// # Errors
/// A [`Failure`]; the exit code is then 1.
pub(crate) fn load(options: &Options, messages: &Messages) -> Result<Loaded, Failure> {
    prepare(options)?;
    load_in(options, messages, &Surroundings::new(options), Stage::Start)
}

/// What is done once: the folder, and variables for configurations.
fn prepare(options: &Options) -> Result<(), Failure> {
    if let Some(directory) = &options.directory {
        std::env::set_current_dir(directory).map_err(|error| {
            Failure::Fatal(format!(
                "Could not change to directory {} : {}",
                directory.display(),
                reason(&error)
            ))
        })?;
    }
    announce_surroundings(options).map_err(|error| Failure::Fatal(error.to_string()))?;
    ENVIRONMENT.get_or_init(|| SystemWorld::default().env());
    Ok(())
}

/// Reads, checks and compiles the configuration as `world` shows it, and tells what was found.
///
/// # Errors
/// A [`Failure`].
pub(crate) fn load_in(
    options: &Options,
    messages: &Messages,
    world: &dyn World,
    stage: Stage<'_>,
) -> Result<Loaded, Failure> {
    let sources = sources(options, world)?;
    let (mut config, mut found) = parser::parse(&sources, world);
    messages.hush(config.global.quiet && !options.verbose && !options.debug);

    let identity = match stage {
        Stage::Start => Identity::resolve(&config).map_err(|error| found.push(error)).unwrap_or_default(),
        // The processes stay who they are.
        Stage::Reload { .. } => Identity::default(),
    };
    overrule(&mut config, options);
    let membership = match stage {
        Stage::Start => Membership::read(&config, world, &mut found),
        Stage::Reload { .. } => None,
    };
    let renewed = match stage {
        Stage::Reload { cluster: Some(cluster), .. } => {
            cluster::credentials(cluster, &config, world, &mut found)
        }
        _ => None,
    };
    if tell_by_file(&config, &found, messages) {
        return Err(fatal());
    }
    if let Stage::Start = stage {
        sys::replace_environment(&config.environment).map_err(|error| Failure::Fatal(error.to_string()))?;
    }
    // A node stays what it was started as.
    let node = match stage {
        Stage::Start => config.cluster.clone(),
        Stage::Reload { cluster, .. } => cluster.cloned(),
    };
    let is_witness = node.as_ref().is_some_and(|cluster| cluster::is_witness(cluster, &config));
    if is_witness {
        config.proxies.clear();
    }
    let held = node.as_ref().map(cluster::held).unwrap_or_default();

    let (threads, previous) = match stage {
        Stage::Start => {
            (config.global.nbthread.map_or_else(affinity::usable_cpus, |count| count as usize), None)
        }
        Stage::Reload { threads, previous, .. } => (threads, previous),
    };
    let present = limits::present().map_err(|error| Failure::Fatal(error.to_string()))?;
    let limits = limits::plan(&config, config.global.maxconn, threads as u64, present);
    let maxconn = limits.maxconn;
    let config = Arc::new(config);
    // A configuration that is only checked needs no counters for the threads that it asks for.
    let threads = if matches!(options.action, Action::Check) { 1 } else { threads };
    let compiled =
        compile::compile(&config, &compile::Options { threads, maxconn, world, previous, held: &held });
    let (plan, warnings) = compiled.map_err(|errors| {
        errors.iter().for_each(|error| messages.diagnostic(error));
        fatal()
    })?;
    warnings.iter().for_each(|warning| messages.diagnostic(warning));
    if !is_witness && let Some(node) = &node {
        unserved(node, &plan).iter().for_each(|warning| messages.diagnostic(warning));
    }
    if messages.warnings() > 0 && (options.zero_warning || config.global.zero_warning) {
        let text = "config : Some warnings were found and 'zero-warning' is set. Aborting.";
        return Err(Failure::Fatal(text.to_owned()));
    }
    Ok(Loaded { config, identity, limits, plan: Arc::new(plan), membership, renewed, is_witness })
}

/// Virtual addresses that nothing listens on.
fn unserved(node: &Cluster, plan: &Plan) -> Vec<Diagnostic> {
    let serves = |ip: &IpAddr| {
        let mut bound = plan.binds.iter().filter_map(|spec| spec.listener.bound);
        bound.any(|bound| bound.ip() == *ip || bound.ip().is_unspecified())
    };
    let idle = node.addresses.iter().filter(|address| !serves(&address.ip));
    idle.map(|address| Diagnostic {
        severity: Severity::Warning,
        place: Some(address.place.clone()),
        span: None,
        message: format!(
            "parsing [{}] : no frontend listens on the virtual address {ip}; write `bind {ip}:PORT` in one.",
            address.place,
            ip = address.ip
        ),
        help: None,
    })
    .collect()
}

fn fatal() -> Failure {
    Failure::Fatal("config : Fatal errors found in configuration.".to_owned())
}

/// Variables that configurations may use (manual 2.3).
fn announce_surroundings(options: &Options) -> io::Result<()> {
    let files: Vec<_> = options.files.iter().map(|file| file.to_string_lossy()).collect();
    let host =
        || nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut added = vec![
        ("HAPROXY_STARTUP_VERSION", version::VERSION.to_owned()),
        ("HAPROXY_BRANCH", version::BRANCH.to_owned()),
        ("HAPROXY_CFGFILES", files.join(";")),
        ("HAPROXY_LOCALPEER", options.local_peer.clone().unwrap_or_else(host)),
    ];
    if options.worker {
        added.push(("HAPROXY_MWORKER", "1".to_owned()));
    }
    sys::add_environment(&added)
}

pub(crate) fn sources(options: &Options, world: &dyn World) -> Result<Vec<parser::Source>, Failure> {
    if let Some((path, error)) = options
        .files
        .iter()
        .filter(|path| !world.is_dir(path))
        .find_map(|path| world.read(path).err().map(|error| (path, error)))
    {
        let (path, why) = (path.display(), reason(&error));
        return Err(Failure::Fatal(format!(
            "config : Cannot open configuration file/directory {path} : {why}"
        )));
    }
    let paths: Vec<_> = options.files.iter().map(|path| path.to_string_lossy()).collect();
    let sources = parser::load(&paths, world).map_err(|error| {
        let why = reason(&error.reason);
        Failure::Fatal(format!("config : Could not open configuration file {} : {why}", error.path))
    })?;
    if sources.is_empty() { Err(Failure::NoFiles) } else { Ok(sources) }
}

/// What the command line says counts before what the files say.
fn overrule(config: &mut Config, options: &Options) {
    if options.maxconn.is_some() {
        config.global.maxconn = options.maxconn;
    }
    if let Some(name) = &options.local_peer {
        config.global.localpeer = Some(name.clone());
    }
    if let Some(maxconn) = options.proxy_maxconn {
        for proxy in config.proxies.iter_mut().filter(|proxy| proxy.kind.is_frontend()) {
            proxy.maxconn.get_or_insert(maxconn);
        }
    }
}

/// Shows findings; after those of a file with wrong lines, names the file. True if there were errors.
fn tell_by_file(config: &Config, found: &[Diagnostic], messages: &Messages) -> bool {
    let mut wrong = config.wrong_files.iter().peekable();
    for (index, finding) in found.iter().enumerate() {
        messages.diagnostic(finding);
        while let Some((name, _)) = wrong.next_if(|(_, end)| *end == index + 1) {
            messages.alert(&format!("config : {}", parser::errors_found(name)));
        }
    }
    found.iter().any(|finding| finding.severity == Severity::Alert)
}

/// The system's words without Rust's number behind them.
pub(crate) fn reason(error: &io::Error) -> String {
    error
        .raw_os_error()
        .map_or_else(|| error.to_string(), |number| nix::errno::Errno::from_raw(number).desc().to_owned())
}

/// The real surroundings, with this build's features and the command line's switches.
pub(crate) struct Surroundings {
    system: SystemWorld,
    disabled: Vec<&'static str>,
}

impl Surroundings {
    /// As the command line has them.
    pub(crate) fn new(options: &Options) -> Self {
        let features = version::features().map(str::to_owned).collect();
        let system =
            SystemWorld { features, version: version::COMPATIBLE.to_owned(), ..SystemWorld::default() };
        Self { system, disabled: options.disabled.clone() }
    }
}

impl World for Surroundings {
    fn env(&self) -> Vec<(String, String)> {
        ENVIRONMENT.get().cloned().unwrap_or_else(|| self.system.env())
    }

    fn feature(&self, name: &str) -> bool {
        self.system.feature(name)
    }

    fn version(&self) -> String {
        self.system.version()
    }

    fn enabled(&self, option: &str) -> bool {
        !self.disabled.contains(&option)
    }

    fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.system.addresses(host)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.system.read(path)
    }

    fn list_dir(&self, path: &Path) -> io::Result<Vec<String>> {
        self.system.list_dir(path)
    }

    fn is_dir(&self, path: &Path) -> bool {
        self.system.is_dir(path)
    }
}
