//! Pipes that long streams are spliced through: kept by each thread, bounded for the process (`maxpipes`).

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::pipe2;
use std::cell::RefCell;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};

/// What a pipe is asked to hold; where the system allows less, it keeps its own size.
pub(super) const SIZE: usize = 256 * 1024;

/// Most idle pipes that one thread keeps.
const KEPT: usize = 16;

/// Pipes of the process, idle ones included.
static OPEN: AtomicU32 = AtomicU32::new(0);

/// Those of them that lie ready.
static READY: AtomicU32 = AtomicU32::new(0);

thread_local! {
    static FREE: RefCell<Vec<Pipe>> = const { RefCell::new(Vec::new()) };
}

/// A pipe, and how many bytes it holds.
#[derive(Debug)]
pub(super) struct Pipe {
    read: OwnedFd,
    write: OwnedFd,
    pub(super) held: usize,
}

impl Pipe {
    /// The end that bytes come out of.
    pub(super) fn exit(&self) -> BorrowedFd<'_> {
        self.read.as_fd()
    }

    /// The end that bytes go into.
    pub(super) fn entry(&self) -> BorrowedFd<'_> {
        self.write.as_fd()
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An empty pipe; none when the process has `most` already, or the system gives no more.
pub(super) fn take(most: u32) -> Option<Pipe> {
    if let Some(pipe) = FREE.with_borrow_mut(Vec::pop) {
        READY.fetch_sub(1, Ordering::Relaxed);
        return Some(pipe);
    }
    OPEN.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |open| (open < most).then(|| open + 1)).ok()?;
    match pipe2(OFlag::O_NONBLOCK | OFlag::O_CLOEXEC) {
        Ok((read, write)) => {
            // A smaller one works as well.
            let _ = fcntl(&write, FcntlArg::F_SETPIPE_SZ(SIZE as i32));
            Some(Pipe { read, write, held: 0 })
        }
        Err(_) => {
            OPEN.fetch_sub(1, Ordering::Relaxed);
            None
        }
    }
}

/// How many pipes are in use, and how many lie ready.
pub(crate) fn count() -> (u32, u32) {
    let ready = READY.load(Ordering::Relaxed);
    (OPEN.load(Ordering::Relaxed).saturating_sub(ready), ready)
}

/// Gives a pipe back; one that still holds bytes is closed.
pub(super) fn give(pipe: Pipe) {
    if pipe.held == 0 {
        FREE.with_borrow_mut(|free| {
            if free.len() < KEPT {
                READY.fetch_add(1, Ordering::Relaxed);
                free.push(pipe);
            }
        });
    }
}
