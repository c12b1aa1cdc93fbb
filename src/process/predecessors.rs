//! The processes that this one replaces (`-sf`, `-st`, `-x`).

use crate::cli;
use crate::load::reason;
use crate::message::Messages;
use lb_core::listen::{self, Offered};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::ErrorKind;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

/// How often binding is tried while the old processes still hold the addresses.
const ATTEMPTS: usize = 200;
const PAUSE: Duration = Duration::from_millis(10);

/// The listening sockets of the process that `-x` names; none: they cannot be had, and that is told.
pub(crate) fn sockets(donor: Option<&Path>, messages: &Messages) -> Option<Offered> {
    let Some(path) = donor else { return Some(Offered::default()) };
    let taken = listen::take_over(path).map_err(|error| {
        let path = path.display();
        messages.warning(&match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
                format!("Failed to connect to the old process socket '{path}'")
            }
            _ => format!("Failed to get the sockets of the old process by '{path}': {}", reason(&error)),
        });
        messages.alert("Failed to get the sockets from the old process!");
    });
    taken.ok()
}

/// Runs `bind` until it succeeds, asking the old processes to let go of their addresses.
///
/// # Errors
/// The last error of `bind`; the old processes were told to go on then.
pub(crate) fn take_over<T, E>(
    old: Option<&cli::Predecessors>,
    mut bind: impl FnMut() -> Result<T, E>,
) -> Result<T, E> {
    let Some(old) = old.filter(|old| !old.pids.is_empty()) else { return bind() };
    for _ in 1..ATTEMPTS {
        if let Ok(bound) = bind() {
            return Ok(bound);
        }
        tell(old, Signal::SIGTTOU);
        sleep(PAUSE);
    }
    bind().inspect_err(|_| tell(old, Signal::SIGTTIN))
}

/// This process is ready: they may go.
pub(crate) fn dismiss(old: Option<&cli::Predecessors>) {
    if let Some(old) = old {
        tell(old, if old.finish { Signal::SIGUSR1 } else { Signal::SIGTERM });
    }
}

fn tell(old: &cli::Predecessors, signal: Signal) {
    for &pid in &old.pids {
        let _ = kill(Pid::from_raw(pid), signal); // gone already: nothing to do
    }
}
