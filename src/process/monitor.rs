//! The process that carries no traffic: it keeps its privileges, passes signals on to the worker, and ends with it.

use super::attendants::Threads;
use super::channel::{Channel, Session, Word};
use super::daemon::Starter;
use super::master_cli::{Master, MasterSocket, Reloaded};
use super::notify::Notify;
use super::reload::Reloader;
use super::signals::{Signals, die_by, wait_for};
use crate::message::Messages;
use crate::sys;
use lb_core::admin::Level;
use nix::poll::PollFlags;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// Signals that the monitor answers.
const SIGNALS: &[Signal] = &[
    Signal::SIGCHLD,
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGTTOU,
    Signal::SIGTTIN,
];

/// How the monitor looks from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Face {
    /// `-W`: HAProxy's master process, with its messages and exit codes.
    Master,
    /// There only because the worker drops privileges: looks like the single process that HAProxy would be.
    Plain,
}

/// The monitor's side of a worker.
pub(crate) struct Monitor<'a> {
    /// Where messages go.
    pub(crate) messages: &'a Messages,
    /// How it looks.
    pub(crate) face: Face,
    /// systemd.
    pub(crate) notify: Notify,
    /// The worker.
    pub(crate) worker: Pid,
    /// The line to it.
    pub(crate) channel: Channel,
    /// `-S`.
    pub(crate) master: Option<MasterSocket>,
    /// Who waits until the worker is ready.
    pub(crate) starter: Starter,
    /// What reads the configuration again.
    pub(crate) reloader: Reloader,
    /// What the worker listens on.
    pub(crate) addresses: Vec<String>,
    /// What does for a worker that is a node what needs privileges; it ends after the worker.
    pub(crate) attendants: Threads,
}

impl Monitor<'_> {
    /// Runs until the worker has ended; returns the exit code. `ready` is called once the worker accepts connections.
    ///
    /// # Errors
    /// The system's, from setting up or waiting.
    pub(crate) fn run(mut self, ready: impl FnOnce() -> Result<(), String>) -> io::Result<u8> {
        let mut signals = Signals::take(SIGNALS)?;
        let mut ready = Some(ready);
        let mut asked = None; // the last signal that asked for the end
        loop {
            // after its first word the worker speaks when it is asked
            let channel = ready.as_ref().map(|_| self.channel.as_fd());
            let read = |fd| (fd, PollFlags::POLLIN);
            let mut sources = vec![Some(read(signals.as_fd())), channel.map(read)];
            // commands wait until the worker can be told
            let master = self.master.iter().filter(|_| ready.is_none());
            sources.extend(master.flat_map(MasterSocket::sources).map(Some));
            let spoken = wait_for(&sources, None)?.get(1) == Some(&true);
            drop(sources);
            if spoken
                && let Some(ready) = ready.take()
                && let Ok(Some(Word::Ready)) = self.channel.receive()
            {
                self.announce(ready);
            }
            if ready.is_none()
                && let Some(mut master) = self.master.take()
            {
                master.serve(&mut Serving { monitor: &mut self });
                self.master = Some(master);
            }
            for signal in signals.arrived() {
                match signal {
                    Signal::SIGCHLD => {}
                    Signal::SIGINT | Signal::SIGTERM | Signal::SIGUSR1 => {
                        if asked.is_none() && self.face != Face::Plain {
                            self.messages.warning("Exiting Master process...");
                        }
                        asked = Some(signal);
                        self.notify.stopping();
                        self.pass(signal);
                    }
                    Signal::SIGUSR2 => {
                        self.reload(ready.is_none(), false);
                    }
                    Signal::SIGHUP if self.face != Face::Plain => {
                        self.reload(ready.is_none(), false);
                    }
                    _ => self.pass(signal),
                }
            }
            if let Some(ending) = self.reap()? {
                // Before others may know: no address is left behind.
                std::mem::take(&mut self.attendants).wait();
                match self.judge(ending, asked) {
                    Verdict::End(code) => return Ok(code),
                    Verdict::DieBy(signal) => die_by(signal),
                }
            }
        }
    }

    fn announce(&mut self, ready: impl FnOnce() -> Result<(), String>) {
        if self.face != Face::Plain {
            self.messages.notice("Loading success.");
        }
        if let Err(text) = ready() {
            self.messages.alert(&super::in_main(&text));
        }
        self.notify.ready();
        self.starter.ready();
    }

    /// Reads the configuration again. Whether the worker runs it now, and what was told about it.
    fn reload(&mut self, is_ready: bool, hard: bool) -> Reloaded {
        if !is_ready {
            let logs = "The worker is not ready yet.\n".to_owned();
            return Reloaded { success: false, logs };
        }
        self.notify.reloading();
        self.messages.notice("Reloading HAProxy");
        let (success, logs) =
            self.messages.record(|| match self.reloader.through(&self.channel, &mut self.addresses, hard) {
                Ok(()) => {
                    self.messages.notice("Loading success.");
                    true
                }
                Err(why) => {
                    self.messages.alert(&why);
                    self.messages.warning("Loading failure!");
                    false
                }
            });
        if success {
            self.notify.ready();
        } else {
            self.notify.reload_failed();
        }
        Reloaded { success, logs }
    }

    fn pass(&self, signal: Signal) {
        let _ = kill(self.worker, signal); // gone already: its end is reaped next
    }

    fn reap(&self) -> io::Result<Option<Ending>> {
        match waitpid(self.worker, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(_, code)) => Ok(Some(Ending::Exit(u8::try_from(code).unwrap_or(1)))),
            Ok(WaitStatus::Signaled(_, signal, _)) => Ok(Some(Ending::Signal(signal))),
            Ok(_) | Err(nix::Error::EINTR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Tells how the worker ended, and decides how the monitor does.
    fn judge(&self, ending: Ending, asked: Option<Signal>) -> Verdict {
        let failed = ending.code() != 0 && !ending.is_asked_for();
        if let Face::Plain = self.face {
            return match ending {
                Ending::Exit(code) => Verdict::End(code),
                Ending::Signal(signal) if asked == Some(signal) => Verdict::DieBy(signal),
                Ending::Signal(_) => {
                    self.messages.alert(&ending.describe(self.worker));
                    Verdict::End(ending.code())
                }
            };
        }
        match ending {
            Ending::Signal(_) => self.messages.alert(&ending.describe(self.worker)),
            Ending::Exit(_) => self.messages.warning(&ending.describe(self.worker)),
        }
        if failed && asked.is_none() {
            self.messages.alert("exit-on-failure: killing every processes with SIGTERM");
        }
        // as HAProxy: to be terminated is a success, to be interrupted is not
        let code = if ending == Ending::Signal(Signal::SIGTERM) { 0 } else { ending.code() };
        self.messages.warning(&format!("All workers exited. Exiting... ({code})"));
        Verdict::End(code)
    }
}

/// How the worker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Exit(u8),
    Signal(Signal),
}

impl Ending {
    /// As a shell shows it: 128 + the signal.
    fn code(self) -> u8 {
        match self {
            Self::Exit(code) => code,
            Self::Signal(signal) => u8::try_from(128 + signal as i32).unwrap_or(255),
        }
    }

    fn is_asked_for(self) -> bool {
        matches!(self, Self::Signal(Signal::SIGINT | Signal::SIGTERM))
    }

    fn describe(self, worker: Pid) -> String {
        let name = match self {
            Self::Exit(_) => "Exit".to_owned(),
            Self::Signal(signal) => sys::signal_name(signal as i32),
        };
        format!("Current worker ({worker}) exited with code {} ({name})", self.code())
    }
}

/// What the monitor does next.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    End(u8),
    DieBy(Signal),
}

/// The monitor as its master socket sees it.
struct Serving<'a, 'b> {
    monitor: &'a mut Monitor<'b>,
}

impl Master for Serving<'_, '_> {
    fn worker(&self) -> i32 {
        self.monitor.worker.as_raw()
    }

    fn reload(&mut self, hard: bool) -> Reloaded {
        self.monitor.reload(true, hard)
    }

    fn pass(&mut self, socket: OwnedFd, level: Level, said: Vec<u8>) -> io::Result<()> {
        self.monitor.channel.send_session(Session { socket, level, said })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::Arc;

    fn judge(face: Face, ending: Ending, asked: Option<Signal>) -> Verdict {
        let messages = Messages::new(true, false);
        let (channel, _) = Channel::pair().unwrap();
        let notify = Notify { enabled: false };
        let starter = Starter::default();
        let reloader = Reloader {
            options: Arc::default(),
            messages: Arc::default(),
            config: Arc::default(),
            threads: 1,
            cluster: None,
            identity: None,
        };
        let monitor = Monitor {
            messages: &messages,
            face,
            notify,
            worker: Pid::this(),
            channel,
            master: None,
            starter,
            reloader,
            addresses: Vec::new(),
            attendants: Threads::default(),
        };
        monitor.judge(ending, asked)
    }

    #[test]
    fn a_master_ends_with_the_code_of_its_worker() {
        assert_eq!(judge(Face::Master, Ending::Signal(Signal::SIGKILL), None), Verdict::End(137));
        assert_eq!(
            judge(Face::Master, Ending::Signal(Signal::SIGTERM), Some(Signal::SIGTERM)),
            Verdict::End(0)
        );
        assert_eq!(
            judge(Face::Master, Ending::Signal(Signal::SIGINT), Some(Signal::SIGINT)),
            Verdict::End(130)
        );
        assert_eq!(judge(Face::Master, Ending::Exit(1), None), Verdict::End(1));
        assert_eq!(judge(Face::Master, Ending::Exit(0), None), Verdict::End(0));
    }

    #[test]
    fn a_plain_monitor_dies_as_the_single_process_would() {
        let sigint = Signal::SIGINT;
        assert_eq!(judge(Face::Plain, Ending::Signal(sigint), Some(sigint)), Verdict::DieBy(sigint));
        assert_eq!(judge(Face::Plain, Ending::Signal(Signal::SIGKILL), None), Verdict::End(137));
        assert_eq!(judge(Face::Plain, Ending::Exit(0), Some(Signal::SIGUSR1)), Verdict::End(0));
    }

    #[test]
    fn endings_are_told_in_haproxys_words() {
        let pid = Pid::from_raw(7);
        assert_eq!(Ending::Exit(0).describe(pid), "Current worker (7) exited with code 0 (Exit)");
        let killed = Ending::Signal(Signal::SIGKILL).describe(pid);
        assert_eq!(killed, "Current worker (7) exited with code 137 (Killed)");
    }
}
