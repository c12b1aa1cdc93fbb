//! The one handle that the binary holds: starts, drains and stops the threads that carry traffic.

mod control;
mod errands;
mod limit;
mod pulse;
mod rate_limit;
mod threads;
mod yielding;

use control::Control;
use errands::Errand;
pub use errands::Errands;
pub use limit::Limit;
pub use pulse::{Pulse, pulse};
pub use rate_limit::RateLimit;
pub(crate) use threads::plan;
pub use threads::{Woken, admin, on_plan, phase, refresh, wake, with_waker};
pub use yielding::Yielding;

use crate::admin;
use crate::check::ProbePolicy;
use crate::compile::{self, Plan};
use crate::extension::Extension;
use crate::listen::{self, Sockets};
use crate::stats;
use arc_swap::ArcSwap;
use async_trait::async_trait;
use pingora_core::server::configuration::ServerConf;
use pingora_core::server::{ListenFds, RunArgs, Server, ShutdownSignal, ShutdownSignalWatch, ShutdownWatch};
use pingora_core::services::Service;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// What the threads are to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Carry traffic.
    #[default]
    Running,
    /// Accept nothing for now; what is there goes on (SIGTTOU).
    Paused,
    /// Accept nothing more, end idle connections, finish what runs (SIGUSR1).
    Draining,
    /// End at once.
    Stopped,
}

/// What the binary adds to the engine.
pub struct Hooks {
    /// Runs on each traffic thread before it carries traffic, with its index from 0 (`cpu-map`).
    pub thread_start: Box<dyn Fn(usize) + Send + Sync>,
    /// Who decides on changes that the runtime API asks for: this node alone, or a cluster.
    pub authority: Arc<dyn admin::Authority>,
    /// What the process says of itself.
    pub process: Arc<stats::Process>,
    /// Whether this node makes health checks, and what becomes of their results.
    pub probes: Arc<dyn ProbePolicy>,
    /// `stats timeout`: how long a session of the runtime API may be idle.
    pub admin_timeout: Duration,
    /// What the program adds to what operators see.
    pub extension: Extension,
}

/// What all threads of an engine share.
pub(crate) struct Shared {
    pub(crate) plan: Arc<ArcSwap<Plan>>,
    /// Where the plan is changed.
    stage: Arc<admin::Stage>,
    pub(crate) threads: usize,
    /// Counts reloads; threads look for what is new when it changes.
    pub(crate) reloads: watch::Sender<u64>,
    /// Work on plans before this generation ends at once.
    pub(crate) ended: AtomicU64,
    pub(crate) phase: watch::Sender<Phase>,
    pub(crate) thread_start: Box<dyn Fn(usize) + Send + Sync>,
    pub(crate) admin: Arc<admin::Context>,
    /// Traffic threads that have not ended.
    pub(crate) alive: AtomicU32,
    /// Sessions of the runtime API that came by another way than a `stats socket`: for the thread that takes the receiver.
    pub(crate) sessions: mpsc::Sender<Visitor>,
    pub(crate) visitors: Mutex<Option<mpsc::Receiver<Visitor>>>,
    /// For each thread, what it is asked to do; taken by it.
    pub(crate) errands: Vec<Mutex<Option<mpsc::Receiver<Errand>>>>,
    /// Plans that reloads have left, held until nothing runs on them: no traffic thread is the last to have one.
    left: Arc<Mutex<Vec<Arc<Plan>>>>,
    /// For each thread, sockets that it has not taken yet.
    pub(crate) sockets: Vec<Mutex<Sockets>>,
}

/// A session of the runtime API: its socket, what it may do, and what its client has said.
pub(crate) type Visitor = (OwnedFd, admin::Level, Vec<u8>);

/// Sessions that wait for their thread.
const VISITORS: usize = 64;

/// A running proxy.
pub struct Engine {
    shared: Arc<Shared>,
    control: Control,
    server: Mutex<Option<JoinHandle<()>>>,
}

impl Engine {
    /// Starts the traffic threads of a plan on sockets that [`crate::listen::bind`] made.
    pub fn start(plan: Arc<Plan>, sockets: Sockets, hooks: Hooks) -> io::Result<Self> {
        let threads = plan.threads;
        let Hooks { thread_start, authority, process, probes, admin_timeout: timeout, extension } = hooks;
        let bufsize = plan.bufsize;
        let plan = Arc::new(ArcSwap::new(plan));
        let stage = Arc::new(admin::Stage::new(Arc::clone(&plan)));
        let left = Arc::<Mutex<Vec<Arc<Plan>>>>::default();
        let (errands, receivers) = Errands::new(threads);
        let admin = admin::Context {
            stage: Arc::clone(&stage),
            plans: Box::new({
                let (stage, left) = (Arc::clone(&stage), Arc::clone(&left));
                move || {
                    let left = left.lock().unwrap_or_else(PoisonError::into_inner);
                    std::iter::once(stage.plan()).chain(left.iter().cloned()).collect()
                }
            }),
            errands,
            process,
            authority,
            timeout,
            bufsize,
            extension: Arc::new(extension),
        };
        let (sessions, visitors) = mpsc::channel(VISITORS);
        let shared = Arc::new(Shared {
            errands: receivers.into_iter().map(|receiver| Mutex::new(Some(receiver))).collect(),
            left,
            sessions,
            visitors: Mutex::new(Some(visitors)),
            phase: watch::Sender::new(Phase::Running),
            thread_start,
            admin: Arc::new(admin),
            alive: AtomicU32::new(u32::try_from(threads).unwrap_or(u32::MAX)),
            sockets: sockets.split(threads)?.into_iter().map(Mutex::new).collect(),
            reloads: watch::Sender::new(0),
            ended: AtomicU64::new(0),
            threads,
            stage,
            plan,
        });
        shared.admin.authority.begin(&shared.stage);
        let control = Control::new(probes);
        control.start(&shared, &shared.plan.load())?;
        let server = std::thread::Builder::new().name("lb-server".into()).spawn({
            let shared = Arc::clone(&shared);
            move || serve(shared)
        })?;
        Ok(Self { shared, control, server: Mutex::new(Some(server)) })
    }

    /// Accepts nothing more, ends idle connections, lets running exchanges finish.
    pub fn soft_stop(&self) {
        self.shared.phase.send_if_modified(|phase| {
            let change = *phase < Phase::Draining;
            *phase = (*phase).max(Phase::Draining);
            change
        });
    }

    /// Ends everything at once.
    pub fn stop(&self) {
        self.shared.phase.send_replace(Phase::Stopped);
    }

    /// Accepts nothing until [`Self::resume`].
    pub fn pause(&self) {
        self.shift(Phase::Running, Phase::Paused);
    }

    /// Accepts again after [`Self::pause`].
    pub fn resume(&self) {
        self.shift(Phase::Paused, Phase::Running);
    }

    fn shift(&self, from: Phase, to: Phase) {
        self.shared.phase.send_if_modified(|phase| {
            let change = *phase == from;
            if change {
                *phase = to;
            }
            change
        });
    }

    /// The plan that runs.
    pub fn plan(&self) -> Arc<Plan> {
        self.shared.plan.load_full()
    }

    /// Puts a plan that was compiled over the running one in its place. `sockets` are those of addresses that the
    /// running one does not have ([`crate::listen::bind_new`]).
    ///
    /// New requests take the new plan, running ones finish on theirs, or, where it is `hard`, end at once. A socket whose address stays is never closed; one
    /// whose address is gone is emptied first.
    ///
    /// # Errors
    /// Descriptors could not be duplicated, or a thread not be started; the running plan stays.
    pub fn reload(&self, plan: Arc<Plan>, sockets: Sockets, hard: bool) -> io::Result<()> {
        let _yielding = Yielding::begin();
        let shared = &self.shared;
        let sets = sockets.split(shared.threads)?;
        self.control.start(shared, &plan)?;
        // From here on nothing fails.
        for (slot, set) in shared.sockets.iter().zip(sets) {
            slot.lock().unwrap_or_else(PoisonError::into_inner).extend(set);
        }
        let previous = shared.stage.replace(&plan, compile::succeed);
        listen::hand_over(&previous, &plan);
        shared.left.lock().unwrap_or_else(PoisonError::into_inner).push(previous);
        if hard {
            shared.ended.store(plan.generation, Ordering::Release);
        }
        shared.admin.authority.reloaded();
        shared.reloads.send_modify(|count| *count += 1);
        Ok(())
    }

    /// Drops the plans that reloads have left and that nothing runs on any more. True: some are still in use, so that it is worth
    /// another look. Dropping a large plan takes its time, which is the caller's: no traffic thread's.
    pub fn sweep(&self) -> bool {
        let mut left = self.shared.left.lock().unwrap_or_else(PoisonError::into_inner);
        let (unused, used) =
            std::mem::take(&mut *left).into_iter().partition(|plan| Arc::strong_count(plan) == 1);
        *left = used;
        let some = !left.is_empty();
        drop::<std::sync::MutexGuard<'_, _>>(left);
        drop::<Vec<Arc<Plan>>>(unused);
        some
    }

    /// Serves a session of the runtime API on this socket, whose client has said something already. Too many that wait
    /// are closed.
    pub fn serve_session(&self, socket: OwnedFd, level: admin::Level, said: Vec<u8>) {
        let _ = self.shared.sessions.try_send((socket, level, said));
    }

    /// True when all traffic threads have ended.
    pub fn is_finished(&self) -> bool {
        self.shared.alive.load(Ordering::Acquire) == 0
    }

    /// Blocks until all traffic threads have ended; for one caller, others return at once.
    pub fn wait(&self) {
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(server) = server {
            let _ = server.join();
        }
    }
}

/// Runs Pingora's server with the one service that holds our threads, until they have ended.
fn serve(shared: Arc<Shared>) {
    let conf = ServerConf { threads: 1, grace_period_seconds: Some(0), ..ServerConf::default() };
    let mut server = Server::new_with_opt_and_conf(None, conf);
    server.bootstrap();
    let (done, ended) = watch::channel(false);
    server.add_service(Traffic { shared, done: Some(done) });
    server.run(RunArgs { shutdown_signal: Box::new(Ended(ended)) });
}

/// The service: it starts the traffic threads and waits for their end.
struct Traffic {
    shared: Arc<Shared>,
    done: Option<watch::Sender<bool>>,
}

#[async_trait]
impl Service for Traffic {
    async fn start_service(&mut self, _fds: Option<ListenFds>, _shutdown: ShutdownWatch, _listeners: usize) {
        let shared = Arc::clone(&self.shared);
        // Joining blocks; Pingora's runtime has nothing else to do, but its blocking pool is made for it.
        let joined = tokio::task::spawn_blocking(move || threads::run_all(&shared)).await;
        if joined.is_err() {
            tracing::error!("a traffic thread could not be joined");
        }
        if let Some(done) = self.done.take() {
            done.send_replace(true);
        }
    }

    fn name(&self) -> &str {
        "traffic"
    }

    fn threads(&self) -> Option<usize> {
        Some(1)
    }
}

/// Pingora is told to shut down once the traffic threads have ended; signals are the binary's.
struct Ended(watch::Receiver<bool>);

#[async_trait]
impl ShutdownSignalWatch for Ended {
    async fn recv(&self) -> ShutdownSignal {
        let mut ended = self.0.clone();
        // An error means that the service is gone, which is an end as well.
        let _ = ended.wait_for(|ended| *ended).await;
        ShutdownSignal::FastShutdown
    }
}
