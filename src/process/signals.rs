//! Signals as something to wait for beside other things.

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::Instant;

/// Holds all signals back until [`Signals::take`]: they wait, nothing is lost. Processes and threads made
/// meanwhile hold them back too.
pub(crate) fn hold() {
    let _ = SigSet::all().thread_block(); // fails for an invalid set only
}

/// Signals that the program answers itself.
pub(crate) struct Signals(SignalDelivery<UnixStream, SignalOnly>);

impl Signals {
    /// From here on these signals wait in the returned value, and the calling thread gets all signals again.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn take(signals: &[Signal]) -> io::Result<Self> {
        let (read, write) = UnixStream::pair()?;
        let numbers = signals.iter().map(|&signal| signal as i32);
        let delivery = SignalDelivery::with_pipe(read, write, SignalOnly, numbers)?;
        SigSet::all().thread_unblock()?;
        Ok(Self(delivery))
    }

    /// The signals that came since the last call.
    pub(crate) fn arrived(&mut self) -> Vec<Signal> {
        self.0.pending().filter_map(|number| Signal::try_from(number).ok()).collect()
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_read().as_fd()
    }
}

/// Waits until one of these can be read or is closed, or until the deadline. Says for each whether it is so.
///
/// # Errors
/// The system's.
pub(crate) fn wait(sources: &[Option<BorrowedFd<'_>>], deadline: Option<Instant>) -> io::Result<Vec<bool>> {
    let sources: Vec<_> = sources.iter().map(|source| source.map(|fd| (fd, PollFlags::POLLIN))).collect();
    wait_for(&sources, deadline)
}

/// What is waited for: a descriptor, and whether it is to be read or written.
pub(crate) type Source<'a> = (BorrowedFd<'a>, PollFlags);

/// Waits until one of these is as wanted or is closed, or until the deadline. Says for each whether it is so.
///
/// # Errors
/// The system's.
pub(crate) fn wait_for(sources: &[Option<Source<'_>>], deadline: Option<Instant>) -> io::Result<Vec<bool>> {
    let mut polled: Vec<PollFd<'_>> =
        sources.iter().flatten().map(|&(fd, flags)| PollFd::new(fd, flags)).collect();
    let timeout = match deadline {
        None => PollTimeout::NONE,
        // rounded up, so that a deadline has passed when its timeout has
        Some(at) => {
            let left = at.saturating_duration_since(Instant::now()).as_millis() + 1;
            PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
        }
    };
    match poll(&mut polled, timeout) {
        Ok(_) | Err(nix::Error::EINTR) => {}
        Err(error) => return Err(error.into()),
    }
    let mut results = polled.iter().map(|fd| fd.any().unwrap_or(false));
    Ok(sources.iter().map(|source| source.is_some() && results.next().unwrap_or(false)).collect())
}

/// Ends the process as if it did not handle this signal.
pub(crate) fn die_by(signal: Signal) -> ! {
    let _ = SigSet::all().thread_unblock(); // fails for an invalid set only
    let _ = signal_hook::low_level::emulate_default_handler(signal as i32);
    // for signals whose default is not to end a process
    std::process::exit(128 + signal as i32)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Write;
    use std::time::Duration;

    #[test]
    fn waiting_tells_who_is_ready() {
        let (a, mut to_a) = UnixStream::pair().unwrap();
        let (b, _to_b) = UnixStream::pair().unwrap();
        let soon = Some(Instant::now() + Duration::from_millis(1));
        let sources = || [None, Some(a.as_fd()), Some(b.as_fd())];
        assert_eq!(wait(&sources(), soon).unwrap(), [false, false, false]);
        to_a.write_all(b"x").unwrap();
        assert_eq!(wait(&sources(), None).unwrap(), [false, true, false]);
    }
}
