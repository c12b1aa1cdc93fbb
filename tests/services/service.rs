//! A service that a test starts, in a folder of its own.

use crate::PATIENCE;
use lb_harness::eventually;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, geteuid};
use std::error::Error;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};

/// A running service, stopped by its pid when dropped.
pub(crate) struct Service {
    pub(crate) child: Child,
    pub(crate) stop: Signal,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = i32::try_from(self.child.id()).map(|pid| kill(Pid::from_raw(pid), self.stop));
        if !eventually(PATIENCE, || matches!(self.child.try_wait(), Ok(Some(_)))) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Whom a service runs as that refuses to run as root; none: whoever runs the test.
pub(crate) fn user(name: &str) -> Result<Option<User>, Box<dyn Error>> {
    Ok(if geteuid().is_root() { User::from_name(name)? } else { None })
}

/// Has a program run as that user.
pub(crate) fn run_as(user: Option<&User>, command: &mut Command) {
    if let Some(user) = user {
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
}

/// Gives a folder to that user.
pub(crate) fn give(user: Option<&User>, folder: &Path) -> Result<(), Box<dyn Error>> {
    match user {
        Some(user) => Ok(std::os::unix::fs::chown(folder, Some(user.uid.as_raw()), Some(user.gid.as_raw()))?),
        None => Ok(()),
    }
}
