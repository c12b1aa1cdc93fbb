//! The file that says which process to signal (`-p`, `pidfile`).

use nix::unistd::Pid;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Opened while the process may still do so, written once it runs. It stays when the process ends, as HAProxy's.
#[derive(Debug)]
pub(crate) struct PidFile(File);

impl PidFile {
    /// Creates or empties the file.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        File::options().write(true).create(true).truncate(true).mode(0o644).open(path).map(Self)
    }

    /// Writes the calling process's id.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn write(&mut self) -> io::Result<()> {
        self.0.write_all(format!("{}\n", Pid::this()).as_bytes())
    }
}
