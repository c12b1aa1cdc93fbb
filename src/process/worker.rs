//! The process that carries traffic: starts the engine, then answers signals until it is drained.

use super::channel::{Channel, Session, Word};
use super::reload::Reloader;
use super::report;
use super::signals::{Signals, die_by, wait};
use super::sweeper::Sweeper;
use crate::message::Messages;
use lb_cluster::Cluster;
use lb_core::engine::Engine;
use lb_core::process::live;
use nix::sys::signal::Signal;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Signals that a process with traffic answers.
const SIGNALS: &[Signal] = &[
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGTTOU,
    Signal::SIGTTIN,
];

/// After a hard stop, how long closing the rest may take.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Serves until the engine has ended; returns the exit code. Ends the process by the signal where a signal ends it.
///
/// `cluster`: this process as a node, whose end is this one's. `ready` is called once signals are answered. `monitor`: the other process, whose end is the end of this one.
///
/// # Errors
/// The system's, from setting up or waiting.
pub(crate) fn serve(
    engine: Arc<Engine>,
    mut cluster: Option<Cluster>,
    mut reloader: Reloader,
    monitor: Option<Channel>,
    ready: impl FnOnce(),
) -> io::Result<u8> {
    let messages = Arc::clone(&reloader.messages);
    let messages = &*messages;
    let ended = watch(Arc::clone(&engine))?;
    let mut signals = Signals::take(SIGNALS)?;
    messages.started();
    tracing::info!(threads = engine.plan().threads, "started");
    ready();
    if let Some(monitor) = &monitor {
        monitor.send_ready()?;
    }
    let mut stopping = Stopping::No;
    let tell = |lines: Vec<String>| lines.iter().for_each(|line| messages.warning(line));
    let mut sweeper = Sweeper::new(Arc::clone(&engine));
    loop {
        let monitor_fd = monitor.as_ref().map(|channel| channel.as_fd());
        let sources = [Some(signals.as_fd()), Some(ended.as_fd()), monitor_fd];
        let readable = wait(&sources, stopping.deadline())?;
        let (finished, spoken) = (readable.get(1) == Some(&true), readable.get(2) == Some(&true));
        if let Some(monitor) = monitor.as_ref().filter(|_| spoken) {
            match monitor.receive() {
                Ok(Some(Word::Reload(bundle, sockets, hard))) => {
                    let outcome = reloader.by_monitor(&engine, bundle, sockets, hard);
                    told(&outcome);
                    monitor.answer(&outcome)?;
                    sweeper.reloaded();
                }
                Ok(Some(Word::Session(Session { socket, level, said }))) => {
                    engine.serve_session(socket, level, said);
                }
                Ok(Some(Word::Lost { asked })) => {
                    let text = "The worker has no descriptors left for what the monitor sent.".to_owned();
                    tracing::error!("{text}");
                    if asked {
                        monitor.answer(&Err(text))?;
                    }
                }
                // The monitor is gone, or no monitor of ours.
                _ => return Ok(1),
            }
        }
        for signal in signals.arrived() {
            match signal {
                Signal::SIGINT | Signal::SIGTERM => {
                    // It ends with another in its place.
                    drop(cluster.take());
                    die_by(signal)
                }
                Signal::SIGUSR1 if stopping.begin(&engine) => {
                    tracing::info!("draining");
                    cluster.iter().for_each(Cluster::retire);
                    tell(report::stopped(&engine.plan()));
                }
                Signal::SIGUSR2 if monitor.is_none() => {
                    messages.notice("Reloading.");
                    let outcome = reloader.by_itself(&engine);
                    told(&outcome);
                    sweeper.reloaded();
                    match outcome {
                        Ok(()) => messages.notice("Loading success."),
                        Err(why) => {
                            messages.alert(&why);
                            messages.warning("Loading failure! The running configuration stays.");
                        }
                    }
                }
                Signal::SIGHUP => tell(report::servers(&engine.plan())),
                Signal::SIGTTOU => {
                    tell(report::paused(&engine.plan()));
                    engine.pause();
                }
                Signal::SIGTTIN => {
                    tell(report::resumed(&engine.plan()));
                    engine.resume();
                }
                _ => {}
            }
        }
        if finished && matches!(stopping, Stopping::No) {
            messages.alert("The traffic threads have ended by themselves.");
            return Ok(1);
        }
        if finished || stopping.proceed(&engine, messages) {
            return Ok(0);
        }
    }
}

/// An event for each reload.
fn told(outcome: &Result<(), String>) {
    match outcome {
        Ok(()) => tracing::info!("reloaded"),
        Err(why) => tracing::error!(why, "the configuration is not reloaded"),
    }
}

/// A socket that closes when the engine has ended.
fn watch(engine: Arc<Engine>) -> io::Result<UnixStream> {
    let (ended, held) = UnixStream::pair()?;
    std::thread::Builder::new().name("lb-drain".into()).spawn(move || {
        engine.wait();
        drop(held);
    })?;
    Ok(ended)
}

/// How far the end has come.
#[derive(Clone, Copy, Debug)]
enum Stopping {
    No,
    /// Connections finish; at the time, if there is one, they are closed.
    Soft(Option<Instant>),
    /// Connections were closed; at the time the process ends, come what may.
    Hard(Instant),
}

impl Stopping {
    fn deadline(self) -> Option<Instant> {
        match self {
            Self::No => None,
            Self::Soft(at) => at,
            Self::Hard(at) => Some(at),
        }
    }

    /// True the first time.
    fn begin(&mut self, engine: &Engine) -> bool {
        let first = matches!(self, Self::No);
        if first {
            let after = engine.plan().hard_stop_after;
            *self = Self::Soft(after.and_then(|after| Instant::now().checked_add(after)));
            live().stopping.store(true, Ordering::Relaxed);
            engine.soft_stop();
        }
        first
    }

    /// Goes on to what is due; true if the process shall end.
    fn proceed(&mut self, engine: &Engine, messages: &Messages) -> bool {
        if self.deadline().is_none_or(|at| Instant::now() < at) {
            return false;
        }
        match self {
            Self::Hard(_) => true,
            _ => {
                messages.warning("soft-stop running for too long, performing a hard-stop.");
                for line in report::hard_stopped(&engine.plan()) {
                    messages.warning(&line);
                }
                *self = Self::Hard(Instant::now() + LAST_WORDS);
                engine.stop();
                false
            }
        }
    }
}
