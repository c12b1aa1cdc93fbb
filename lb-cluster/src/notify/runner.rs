//! Runs the command: a thread, and the way to it.

use super::queue::Queue;
use super::{Command, Notice};
use lb_core::process::{self, Severity};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::sys::socket::{
    AddressFamily, MsgFlags, Shutdown, SockFlag, SockType, recv, send, shutdown, socketpair,
};
use nix::unistd::Pid;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often a command that runs is looked after.
const LOOK: Duration = Duration::from_millis(20);
/// The longest packet.
const PACKET: usize = 32;

/// The way from who knows to who tells: an end for each, in one process or in two.
///
/// # Errors
/// The system's.
pub fn pair() -> io::Result<(Sender, OwnedFd)> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let (ours, theirs) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, flags)?;
    Ok((Sender { socket: ours, runner: None }, theirs))
}

/// Says what happened. Dropping it has the rest told, and waits for that where the runner is of this process.
#[derive(Debug)]
pub struct Sender {
    socket: OwnedFd,
    runner: Option<Runner>,
}

impl Sender {
    /// Takes over a runner that is a thread of this process.
    pub fn with(mut self, runner: Runner) -> Self {
        self.runner = Some(runner);
        self
    }

    /// Says it, and does not wait.
    pub fn tell(&self, notice: Notice) {
        let packet = postcard::to_allocvec(&notice).unwrap_or_default();
        if let Err(error) = send(self.socket.as_raw_fd(), &packet, MsgFlags::MSG_NOSIGNAL) {
            tracing::debug!("cluster: nobody is notified: {error}");
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        if let Some(runner) = self.runner.take() {
            let _ = shutdown(self.socket.as_raw_fd(), Shutdown::Both);
            runner.wait();
        }
    }
}

/// The thread that runs the command.
#[derive(Debug)]
pub struct Runner(JoinHandle<()>);

impl Runner {
    /// Starts it. It ends when the other side is gone and all has been told.
    ///
    /// # Errors
    /// There can be no thread.
    pub fn start(notices: OwnedFd, command: Command) -> io::Result<Self> {
        let work = move || run(&notices, &command);
        Ok(Self(thread::Builder::new().name("lb-notify".into()).spawn(work)?))
    }

    /// Waits for its end.
    pub fn wait(self) {
        let _ = self.0.join();
    }
}

/// A command that runs.
struct Running {
    child: Child,
    notice: Notice,
    ends: Instant,
}

fn run(notices: &OwnedFd, command: &Command) {
    let mut queue = Queue::default();
    let mut running: Option<Running> = None;
    let mut open = true;
    loop {
        running = running.take().and_then(|running| look_after(running, command));
        if running.is_none() {
            match queue.pop() {
                Some(notice) => running = start(notice, command),
                None if !open => return,
                None => {}
            }
        }
        let look = u16::try_from(LOOK.as_millis()).unwrap_or(u16::MAX);
        let timeout = if running.is_some() { PollTimeout::from(look) } else { PollTimeout::NONE };
        if !open {
            thread::sleep(LOOK);
        } else if poll(&mut [PollFd::new(notices.as_fd(), PollFlags::POLLIN)], timeout).is_ok_and(|n| n > 0) {
            open = receive(notices, &mut queue);
            if !open {
                queue.end();
            }
        }
    }
}

/// Takes in what was said. False: nothing more will be.
fn receive(notices: &OwnedFd, queue: &mut Queue) -> bool {
    let mut packet = [0; PACKET];
    loop {
        match recv(notices.as_raw_fd(), &mut packet, MsgFlags::empty()) {
            Ok(0) => return false,
            Ok(length) => match postcard::from_bytes(packet.get(..length).unwrap_or_default()) {
                Ok(notice) => queue.push(notice),
                Err(_) => return false,
            },
            Err(Errno::EINTR) => {}
            Err(Errno::EAGAIN) => return true,
            Err(_) => return false,
        }
    }
}

fn start(notice: Notice, command: &Command) -> Option<Running> {
    let addresses: Vec<_> = command.addresses.iter().map(ToString::to_string).collect();
    let started = process::program(&command.program)
        .args([notice.name(), &notice.term.to_string()])
        .args(&addresses)
        .env("LB_CLUSTER", &command.cluster)
        .env("LB_NODE", &command.node)
        .stdin(Stdio::null())
        .process_group(0)
        .spawn();
    match started {
        Ok(child) => Some(Running { child, notice, ends: Instant::now() + command.limit }),
        Err(error) => {
            complain(command, notice, &format!("cannot be run: {error}"));
            None
        }
    }
}

/// None: it is over.
fn look_after(mut running: Running, command: &Command) -> Option<Running> {
    match running.child.try_wait() {
        Ok(None) if Instant::now() < running.ends => return Some(running),
        Ok(None) => {
            // With all that it has started.
            if let Ok(group) = i32::try_from(running.child.id()) {
                let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
            }
            let _ = running.child.wait();
            let text = format!("is killed after {} ms", command.limit.as_millis());
            complain(command, running.notice, &text);
        }
        Ok(Some(status)) if status.success() => {}
        Ok(Some(status)) => complain(command, running.notice, &format!("ended with {status}")),
        Err(error) => complain(command, running.notice, &format!("is lost: {error}")),
    }
    None
}

fn complain(command: &Command, notice: Notice, what: &str) {
    let (program, name, term) = (&command.program, notice.name(), notice.term);
    let text = format!("cluster: notify '{program} {name} {term} ...' {what}.");
    process::tell(Severity::Warning, &text);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;
    use std::path::Path;

    fn command(home: &Path, script: &str, limit: Duration) -> Command {
        let program = home.join("moved");
        // By another process: a descriptor that is open for writing could be inherited by a child of another test.
        let write = "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$0\"; chmod 700 \"$0\"";
        let written =
            std::process::Command::new("sh").args(["-ec", write]).arg(&program).arg(script).status();
        assert!(written.unwrap().success());
        let addresses = vec!["10.0.0.1".parse().unwrap(), "::9".parse().unwrap()];
        let program = program.display().to_string();
        Command { program, limit, cluster: "edge".into(), node: "lb1".into(), addresses }
    }

    fn tell(command: Command, notices: &[(bool, u64)]) {
        let (sender, socket) = pair().unwrap();
        let sender = sender.with(Runner::start(socket, command).unwrap());
        notices.iter().for_each(|(acquired, term)| sender.tell(Notice { acquired: *acquired, term: *term }));
    }

    #[test]
    fn all_is_told_in_order_and_the_end_as_well() {
        let home = tempfile::tempdir().unwrap();
        let log = home.path().join("log");
        let script = format!("sleep 0.05; echo \"$* $LB_CLUSTER $LB_NODE\" >> {}", log.display());
        tell(command(home.path(), &script, Duration::from_secs(30)), &[(true, 3), (false, 3), (true, 7)]);
        let line = |what: &str| format!("{what} 10.0.0.1 ::9 edge lb1\n");
        let expected = ["acquired 3", "released 3", "acquired 7", "released 7"].map(line).concat();
        assert_eq!(fs::read_to_string(log).unwrap(), expected);
    }

    #[test]
    fn it_is_no_real_time_and_may_not_become_so() {
        let home = tempfile::tempdir().unwrap();
        let log = home.path().join("log");
        crate::urgency::allow();
        // Of its fields in /proc the 41st is its policy, the 19th how nice it is.
        let script = format!(
            "(cut -d')' -f2 /proc/self/stat | cut -d' ' -f18,40; \
             grep -cE '^Max (nice|realtime) priority +0 +0 ' /proc/self/limits) > {}",
            log.display()
        );
        let command = command(home.path(), &script, Duration::from_secs(30));
        let claimed = thread::spawn(move || {
            crate::urgency::claim();
            tell(command, &[(true, 3)]);
        });
        claimed.join().unwrap();
        assert_eq!(fs::read_to_string(log).unwrap(), "0 0\n2\n");
    }

    #[test]
    fn one_that_hangs_is_killed_and_the_next_runs() {
        let home = tempfile::tempdir().unwrap();
        let log = home.path().join("log");
        let script = format!("[ $1 = acquired ] && sleep 600; echo $1 >> {}", log.display());
        tell(command(home.path(), &script, Duration::from_millis(300)), &[(true, 3)]);
        assert_eq!(fs::read_to_string(log).unwrap(), "released\n");
    }
}
