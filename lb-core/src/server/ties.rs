//! Connections that end with their server, or with another's return (manual 5.2 "on-marked-down", "on-marked-up").

use super::Server;
use crate::exchange::Cause;
use nix::sys::socket::{Shutdown, shutdown};
use std::collections::HashMap;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The connections to one server that are ended from outside. Only servers that a configuration asks it of have any.
#[derive(Debug, Default)]
pub struct Ties(Mutex<HashMap<RawFd, Arc<Severed>>>);

/// Whether, and why, the connection of an exchange was ended from outside.
#[derive(Debug, Default)]
pub struct Severed(AtomicU8);

impl Severed {
    /// Why; none: it was not.
    pub fn cause(&self) -> Option<Cause> {
        match self.0.load(Ordering::Acquire) {
            b'D' => Some(Cause::Down),
            b'U' => Some(Cause::Up),
            _ => None,
        }
    }
}

/// Keeps a connection among the ties of its server. It must be dropped before the connection is closed.
#[derive(Debug)]
pub struct Tie {
    server: Arc<Server>,
    fd: RawFd,
    severed: Arc<Severed>,
}

impl Tie {
    /// For the exchange that the connection carries.
    pub fn severed(&self) -> &Arc<Severed> {
        &self.severed
    }
}

impl Drop for Tie {
    fn drop(&mut self) {
        if let Some(ties) = self.server.ties.get() {
            ties.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.fd);
        }
    }
}

impl Server {
    /// Ties a connection to the server, where its connections may be ended from outside.
    #[inline]
    pub fn tie(self: &Arc<Self>, connection: BorrowedFd<'_>) -> Option<Tie> {
        let ties = self.ties.get()?;
        let (fd, severed) = (connection.as_raw_fd(), Arc::new(Severed::default()));
        ties.0.lock().unwrap_or_else(PoisonError::into_inner).insert(fd, Arc::clone(&severed));
        // It may have gone down since it was chosen, before there was a tie to sever.
        if !self.up() {
            self.end_sessions();
        }
        Some(Tie { server: Arc::clone(self), fd, severed })
    }

    /// Ends all connections that are tied to it.
    fn sever(&self, cause: Cause) {
        let Some(ties) = self.ties.get() else { return };
        // Held to the end: no descriptor is closed, and means something else, before its tie is gone.
        for (fd, severed) in ties.0.lock().unwrap_or_else(PoisonError::into_inner).drain() {
            severed.0.store(cause as u8, Ordering::Release);
            // One that is not connected any more needs no end.
            let _ = shutdown(fd, Shutdown::Both);
        }
    }

    /// It went down: its sessions end, if they are to.
    pub(super) fn end_sessions(&self) {
        if self.config.check.shutdown_sessions {
            self.sever(Cause::Down);
        }
    }

    /// It came up: the sessions of backups end, if they are to.
    pub(super) fn end_backup_sessions(&self) {
        if !self.config.check.shutdown_backup_sessions || self.config.backup || !self.usable() {
            return;
        }
        let servers = self.farm.announcer().and_then(|announcer| announcer.servers.upgrade());
        for server in servers.iter().flat_map(|servers| Vec::clone(&servers.load())) {
            if server.config.backup {
                server.sever(Cause::Up);
            }
        }
    }
}
