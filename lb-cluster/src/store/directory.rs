//! The data-dir: made when it is missing, and one process's at a time.

use super::Error;
use nix::fcntl::{Flock, FlockArg};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const LOCK: &str = "lock";

/// A data-dir that is ours for as long as this lives.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    _lock: Flock<File>,
}

impl Directory {
    /// Makes it when it is missing, readable by its owner alone, and locks it.
    ///
    /// # Errors
    /// It cannot be made or written, or another process has it.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source: io::Error| Error::Io { path: path.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join(LOCK))
            .map_err(failed)?;
        let lock = Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, error)| match error {
            nix::errno::Errno::EWOULDBLOCK => Error::Locked { path: path.to_owned() },
            error => failed(error.into()),
        })?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A new node's id: random, never 0.
    pub(super) fn new_id(&self) -> Result<Vec<u8>, Error> {
        let random = || getrandom::u64().map_err(|error| io::Error::other(error.to_string()));
        let id = random().map_err(|source| Error::Io { path: self.path.clone(), source })?;
        Ok(id.max(1).to_le_bytes().to_vec())
    }
}
