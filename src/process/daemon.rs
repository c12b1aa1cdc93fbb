//! `-D`, `daemon`: into the background, with the parent waiting until the proxy is ready.

use super::channel::{Channel, Word};
use crate::sys;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, dup2_stderr, dup2_stdin, dup2_stdout, setsid};
use std::fs::File;
use std::io;

/// Which of the two processes this is.
pub(crate) enum Side {
    /// The one that was started: the exit code for it to end with.
    Starter(u8),
    /// The one that goes on.
    Daemon(Starter),
}

/// The waiting parent, as the daemon sees it.
#[derive(Debug, Default)]
pub(crate) struct Starter(Option<Channel>);

/// Splits off a daemon; in the parent, returns when the daemon is ready or has ended.
///
/// # Errors
/// The system's.
pub(crate) fn detach() -> io::Result<Side> {
    let (ours, theirs) = Channel::pair()?;
    match sys::fork()? {
        ForkResult::Child => {
            drop(ours);
            setsid()?;
            Ok(Side::Daemon(Starter(Some(theirs))))
        }
        ForkResult::Parent { child } => {
            drop(theirs);
            Ok(Side::Starter(match ours.receive() {
                Ok(Some(Word::Ready)) => 0,
                _ => match waitpid(child, None) {
                    Ok(WaitStatus::Exited(_, code)) => u8::try_from(code).unwrap_or(1).max(1),
                    _ => 1,
                },
            }))
        }
    }
}

impl Starter {
    /// Lets go of the terminal, then of the parent. In the foreground there is nothing to do.
    pub(crate) fn ready(&mut self) {
        if let Some(channel) = self.0.take() {
            close_standard_streams();
            let _ = channel.send_ready(); // the parent was killed: nobody waits
        }
    }

    /// Another process (the worker) shares the daemon's terminal and lets go of it as well.
    pub(crate) fn leave(&mut self) {
        if self.0.take().is_some() {
            close_standard_streams();
        }
    }
}

/// The three numbers stay taken, so that no other file gets one of them.
fn close_standard_streams() {
    let Ok(null) = File::options().read(true).write(true).open("/dev/null") else { return };
    let _ = dup2_stdin(&null); // fails only when a signal comes in between; the stream stays then
    let _ = dup2_stdout(&null);
    let _ = dup2_stderr(&null);
}
