//! The life of the process: from a checked configuration to the last exit code.
//!
//! - One process, in the foreground or (`-D`) in the background; or
//! - a [`monitor`] and a [`worker`], for `-W` and wherever the file makes the worker drop privileges.
//!
//! Everything that can fail and needs privileges (limits, sockets, the pid file) happens before anything forks,
//! and everything forks before any thread exists.

pub(crate) mod affinity;
mod attendants;
mod bundle;
mod channel;
mod daemon;
mod identity;
pub(crate) mod limits;
mod master_cli;
mod monitor;
mod notify;
mod pidfile;
mod predecessors;
mod reload;
mod report;
mod signals;
mod sweeper;
mod worker;

use crate::cli::Options;
use crate::cluster::{self, Membership};
use crate::load::{self, Loaded};
use crate::message::Messages;
use crate::{sys, version};
use attendants::{Attendants, Ends};
use channel::Channel;
use daemon::{Side, Starter};
use haproxy_cfg_parser::model::{Config, Level};
pub(crate) use identity::Identity;
use lb_cluster::Cluster;
use lb_cluster::raft::Prepared;
use lb_cluster::urgency;
use lb_cluster::vip::Grip;
use lb_core::compile::Plan;
use lb_core::engine::{Engine, Hooks};
use lb_core::listen::{self, Offered, Sockets};
use lb_core::process::{self, Facts};
use lb_core::{admin, check, clock, log, stats};
use limits::Limits;
use master_cli::MasterSocket;
use monitor::{Face, Monitor};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::{ForkResult, Pid, getppid};
use notify::Notify;
use pidfile::PidFile;
use reload::Reloader;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// `stats timeout` where the file has none.
const STATS_TIMEOUT: Duration = Duration::from_secs(10);

/// Which processes there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    background: bool,
    /// None: one process.
    monitor: Option<Face>,
}

impl Layout {
    fn of(options: &Options, config: &Config, identity: &Identity) -> Self {
        // systemd waits for the process that it has started: Debian's file says `daemon`, and its unit `-Ws`.
        let foreground = options.foreground || options.debug || options.notify;
        let background = (options.daemon || config.global.daemon) && !foreground;
        let monitor = match &config.global.master_worker {
            // its `no-exit-on-failure` is for masters that have several workers
            Some(_) => Some(Face::Master),
            None if options.worker => Some(Face::Master),
            None if !identity.is_unchanged() => Some(Face::Plain),
            None => None,
        };
        Self { background, monitor }
    }

    /// HAProxy writes the pid file in these modes only.
    fn has_pidfile(self) -> bool {
        self.background || matches!(self.monitor, Some(Face::Master))
    }
}

/// Runs the proxy; returns the exit code.
pub(crate) fn run(options: &Arc<Options>, loaded: Loaded, messages: &Arc<Messages>) -> u8 {
    let Some(offered) = predecessors::sockets(options.donor.as_deref(), messages) else { return 1 };
    match prepare(options, loaded, offered, messages).and_then(|start| start.go(options, messages)) {
        Ok(code) => code,
        Err(text) => {
            messages.alert(&in_main(&text));
            1
        }
    }
}

/// Everything that is ready before processes and threads are made.
struct Start {
    config: Arc<Config>,
    identity: Identity,
    layout: Layout,
    plan: Arc<Plan>,
    sockets: Sockets,
    pidfile: Option<PidFile>,
    master: Option<MasterSocket>,
    membership: Option<Membership>,
    attendants: Attendants,
}

/// Does all that can fail, with the texts of HAProxy. What it had to tell by itself ends in `main`'s last word.
fn prepare(
    options: &Options,
    loaded: Loaded,
    offered: Offered,
    messages: &Messages,
) -> Result<Start, String> {
    if !loaded.listens() {
        return Err("No enabled listener found (check for 'bind' directives) ! Exiting.".into());
    }
    let Loaded { config, identity, plan, limits, membership, renewed: _, is_witness: _ } = loaded;
    if let Some(mib) = options.memory_mib {
        limits::limit_memory(mib)
            .map_err(|error| format!("Cannot limit the memory to {mib} megs: {error}."))?;
    }
    // before binding: with many addresses or threads the sockets alone may need it
    raise_limits(&limits, config.global.strict_limits.unwrap_or(true), messages)?;
    let sockets = predecessors::take_over(options.predecessors.as_ref(), || listen::bind(&plan, &offered))
        .map_err(|errors| {
            errors.iter().for_each(|error| messages.alert(&error.to_string()));
            "Some protocols failed to start their listeners! Exiting.".to_owned()
        })?;
    let attendants = membership.as_ref().map(Attendants::new).transpose()?.unwrap_or_default();
    let layout = Layout::of(options, &config, &identity);
    let master = match (&options.master_socket, layout.monitor) {
        (Some(words), Some(Face::Master)) => Some(MasterSocket::open(words).map_err(|error| {
            messages.alert("config : Cannot create the listener of the master CLI");
            messages.alert(&format!("config : {error}"));
            "Can't create the master's CLI.".to_owned()
        })?),
        (Some(_), _) => {
            messages.warning(
                "config : a master CLI socket was defined, but master-worker mode (-W) is not enabled.",
            );
            None
        }
        (None, _) => None,
    };
    let path = options.pidfile.clone().or_else(|| config.global.pidfile.as_ref().map(PathBuf::from));
    let pidfile = match path.filter(|_| layout.has_pidfile()) {
        Some(path) => {
            Some(PidFile::open(&path).map_err(|_| format!("Cannot create pidfile {}", path.display()))?)
        }
        None => None,
    };
    Ok(Start { config, identity, layout, plan, sockets, pidfile, master, membership, attendants })
}

/// `strict`: too low a limit is fatal.
fn raise_limits(limits: &Limits, strict: bool, messages: &Messages) -> Result<(), String> {
    let present = || limits::present().map_err(|error| format!("Cannot read the FD limit: {error}."));
    if let Err(error) = limits.raise(present()?) {
        if strict {
            return Err(error.to_string());
        }
        messages.warning(&in_main(&error.to_string()));
    }
    if let Err(error) = limits.suffice(present()?.0) {
        if strict {
            return Err(error.to_string());
        }
        messages.alert(&in_main(&error.to_string()));
    }
    Ok(())
}

impl Start {
    /// Makes the processes, and returns when the calling one shall end.
    fn go(self, options: &Arc<Options>, messages: &Arc<Messages>) -> Result<u8, String> {
        log::date::zone(); // while its file can be found: the worker may change its root
        signals::hold();
        let mut starter = Starter::default();
        if self.layout.background {
            match daemon::detach().map_err(|error| cannot("fork", &error))? {
                Side::Starter(code) => return Ok(code),
                Side::Daemon(waiting) => starter = waiting,
            }
        }
        match self.layout.monitor {
            Some(face) => self.split(face, starter, options, messages),
            None => self.serve(starter, options, messages),
        }
    }

    /// One process.
    fn serve(
        mut self,
        mut starter: Starter,
        options: &Arc<Options>,
        messages: &Arc<Messages>,
    ) -> Result<u8, String> {
        let reloader = self.reloader(options, messages);
        let node = self.prepare_node()?;
        self.forgo_privileges(messages)?;
        let mut pidfile = self.pidfile.take();
        let ends = std::mem::take(&mut self.attendants).here()?;
        let cluster = self.start_node(node, ends, messages)?;
        let engine = self.start_engine(cluster.as_ref(), messages)?;
        let ready = || {
            if let Some(Err(error)) = pidfile.as_mut().map(PidFile::write) {
                messages.alert(&in_main(&cannot("write the pidfile", &error)));
            }
            predecessors::dismiss(options.predecessors.as_ref());
            starter.ready();
        };
        worker::serve(engine, cluster, reloader, None, ready).map_err(|error| cannot("serve", &error))
    }

    /// Monitor and worker.
    fn split(
        mut self,
        face: Face,
        mut starter: Starter,
        options: &Arc<Options>,
        messages: &Arc<Messages>,
    ) -> Result<u8, String> {
        let (ours, theirs) = Channel::pair().map_err(|error| cannot("make a socket pair", &error))?;
        let monitor = Pid::this();
        let reloader = self.reloader(options, messages);
        match sys::fork().map_err(|error| cannot("fork", &error))? {
            ForkResult::Child => {
                drop(ours);
                (self.pidfile, self.master) = (None, None);
                // Only the way to who has the privileges stays here.
                let ends = std::mem::take(&mut self.attendants).ends();
                let node = self.prepare_node()?;
                self.forgo_privileges(messages)?;
                // after the change of user, which clears it; the monitor may have died in between
                let tied = prctl::set_pdeathsig(Signal::SIGKILL);
                if tied.is_err() || getppid() != monitor {
                    return Ok(1);
                }
                let cluster = self.start_node(node, ends, messages)?;
                let engine = self.start_engine(cluster.as_ref(), messages)?;
                worker::serve(engine, cluster, reloader, Some(theirs), || starter.leave())
                    .map_err(|error| cannot("serve", &error))
            }
            ForkResult::Parent { child } => {
                drop(theirs);
                let Self { mut pidfile, master, sockets, plan, attendants, .. } = self;
                let addresses = listen::addresses(&plan);
                drop((sockets, plan)); // what the worker closes must be closed
                if face != Face::Plain {
                    messages.notice(&format!("Initializing new worker ({child})"));
                }
                let notify = Notify { enabled: options.notify };
                tell_by(messages);
                let attendants = attendants.threads()?;
                let monitor = Monitor {
                    messages,
                    face,
                    notify,
                    worker: child,
                    channel: ours,
                    master,
                    starter,
                    reloader,
                    addresses,
                    attendants,
                };
                let ready = || {
                    predecessors::dismiss(options.predecessors.as_ref());
                    let written = pidfile.as_mut().map_or(Ok(()), PidFile::write);
                    written.map_err(|error| cannot("write the pidfile", &error))
                };
                monitor.run(ready).map_err(|error| cannot("watch the worker", &error))
            }
        }
    }

    /// What reads the configuration again.
    fn reloader(&self, options: &Arc<Options>, messages: &Arc<Messages>) -> Reloader {
        Reloader {
            options: Arc::clone(options),
            messages: Arc::clone(messages),
            config: Arc::clone(&self.config),
            threads: self.plan.threads,
            cluster: self.config.cluster.clone(),
            identity: self.membership.as_ref().map(Membership::identity),
        }
    }

    /// What a node of a cluster needs, while there are privileges.
    fn prepare_node(&mut self) -> Result<Option<Prepared>, String> {
        if self.membership.is_some() {
            urgency::allow();
        }
        self.membership.take().map(Membership::prepare).transpose()
    }

    fn forgo_privileges(&self, messages: &Messages) -> Result<(), String> {
        let may_gain = self.config.uses.first(|word| word.name == "insecure-setuid-wanted").is_some();
        self.identity.assume(may_gain, |text| messages.warning(&in_main(text)))
    }

    /// What the runtime API says of this process.
    fn about(&self, messages: &Messages) -> stats::Process {
        let global = &self.config.global;
        let sockets = global.stats_sockets.iter().flat_map(|socket| {
            let level = match socket.bind.options.level.unwrap_or_default() {
                Level::User => "user",
                Level::Operator => "operator",
                Level::Admin => "admin",
            };
            socket.bind.addresses.iter().map(move |(_, text)| (text.clone(), level))
        });
        let files = limits::present().map_or(0, |(soft, _)| soft);
        stats::Process {
            product: "HAProxy".to_owned(),
            version: version::VERSION.to_owned(),
            release_date: version::DATE.to_owned(),
            pid: std::process::id(),
            node: global.node.clone().unwrap_or_else(process::hostname),
            description: global.description.clone(),
            started: SystemTime::now(),
            files: u32::try_from(files).unwrap_or(u32::MAX).into(),
            hard_maxconn: self.plan.connections.max().into(),
            warnings: u32::try_from(messages.warnings()).unwrap_or(u32::MAX).into(),
            startup_logs: String::new(),
            environment: self.config.environment.clone(),
            sockets: sockets.collect(),
        }
    }

    /// Starts a node, which gives the engine its leave to listen, and takes it.
    fn start_node(
        &self,
        node: Option<Prepared>,
        ends: Ends,
        messages: &Arc<Messages>,
    ) -> Result<Option<Cluster>, String> {
        tell_by(messages);
        let addresses = self.config.cluster.as_ref().map(cluster::guarded).unwrap_or_default();
        let grip = Grip::new(self.plan.permit.clone(), ends.keeper);
        let start = |node| Cluster::start(node, addresses, Box::new(grip), ends.notify);
        node.map(start).transpose().map_err(|error| cannot("start the cluster's thread", &error))
    }

    fn start_engine(
        self,
        cluster: Option<&Cluster>,
        messages: &Arc<Messages>,
    ) -> Result<Arc<Engine>, String> {
        let config = Arc::clone(&self.config);
        let for_threads = Arc::clone(messages);
        let hooks = Hooks {
            thread_start: Box::new(move |thread| {
                if let Err(error) = affinity::bind(&config.global.cpu_map, thread) {
                    for_threads.warning(&format!("cpu-map: thread {} is not bound: {error}", thread + 1));
                }
            }),
            authority: cluster
                .map_or_else(|| Arc::new(admin::Local) as Arc<dyn admin::Authority>, Cluster::authority),
            process: Arc::new(self.about(messages)),
            probes: cluster.map_or_else(|| Arc::new(check::Unconditional) as _, Cluster::probes),
            admin_timeout: self.config.global.stats_timeout.unwrap_or(STATS_TIMEOUT),
            extension: cluster.map(|cluster| cluster.observer().extension()).unwrap_or_default(),
        };
        process::set_facts(Facts {
            pid: std::process::id(),
            node: self.config.global.node.clone().unwrap_or_else(process::hostname),
            hostname: process::hostname(),
            started_at: SystemTime::now(),
            started: clock::start(),
            threads: self.plan.threads,
        });
        let engine = Engine::start(self.plan, self.sockets, hooks);
        engine.map(Arc::new).map_err(|error| cannot("start the traffic threads", &error))
    }
}

/// Where libraries tell the operator something.
fn tell_by(messages: &Arc<Messages>) {
    let operator = Arc::clone(messages);
    process::set_tell(move |severity, text| operator.tell(severity, text));
}

/// Where HAProxy says that such an error arose, by the name that the program was started with.
fn in_main(text: &str) -> String {
    let name = std::env::args_os().next().unwrap_or_default();
    format!("[{}.main()] {text}", name.to_string_lossy())
}

fn cannot(what: &str, error: &io::Error) -> String {
    format!("Cannot {what}: {}.", load::reason(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use haproxy_cfg_parser::model::MasterWorker;

    fn layout(set: impl FnOnce(&mut Options, &mut Config)) -> Layout {
        let (mut options, mut config) = (Options::default(), Config::default());
        set(&mut options, &mut config);
        let identity = Identity::resolve(&config).unwrap_or_default();
        Layout::of(&options, &config, &identity)
    }

    #[test]
    fn one_process_unless_asked_for_more() {
        assert_eq!(layout(|_, _| {}), Layout { background: false, monitor: None });
        assert_eq!(layout(|o, _| o.worker = true).monitor, Some(Face::Master));
        assert_eq!(layout(|_, c| c.global.chroot = Some("/".into())).monitor, Some(Face::Plain));
        let keyword = Some(MasterWorker::default());
        assert_eq!(layout(|_, c| c.global.master_worker = keyword).monitor, Some(Face::Master));
    }

    #[test]
    fn debugging_and_systemd_stay_in_the_foreground() {
        assert!(layout(|o, _| o.daemon = true).background);
        assert!(layout(|_, c| c.global.daemon = true).background);
        assert!(!layout(|o, c| (o.foreground, c.global.daemon) = (true, true)).background);
        assert!(!layout(|o, _| (o.debug, o.daemon) = (true, true)).background);
        assert!(!layout(|o, c| (o.worker, o.notify, c.global.daemon) = (true, true, true)).background);
        assert!(layout(|o, c| (o.worker, c.global.daemon) = (true, true)).background);
    }

    #[test]
    fn the_pid_file_is_for_masters_and_daemons() {
        assert!(!layout(|_, _| {}).has_pidfile());
        assert!(!layout(|_, c| c.global.chroot = Some("/".into())).has_pidfile());
        assert!(layout(|o, _| o.worker = true).has_pidfile());
        assert!(layout(|_, c| c.global.daemon = true).has_pidfile());
    }
}
