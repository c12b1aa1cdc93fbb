//! The file under redb: room reserved ahead, and a seal over the one part of it that redb does not sum up.

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};
use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Bound;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use xxhash_rust::xxh3::xxh3_64;

/// What is reserved on disk before it is needed, so that a full disk does not meet a vote.
pub(super) const RESERVED: u64 = 16 << 20;
/// redb's header: it names the commit that counts by one bit, under no checksum. Were that bit to turn, the file would
/// be read as it was one commit ago, vote and all.
const HEADER: usize = 320;
/// The seal follows the header, in padding that redb never reads, and in the same sector.
const SEALED: usize = HEADER + size_of::<u64>();

/// A file whose header is sealed.
#[derive(Debug)]
pub(super) struct Sealed {
    backend: FileBackend,
    file: File,
}

impl Sealed {
    /// Makes a file that is not there.
    ///
    /// # Errors
    /// It cannot be made.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Self::new(OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?)
    }

    /// Opens a file that is there, and checks the seal.
    ///
    /// # Errors
    /// It cannot be opened; or the seal is broken, which is `InvalidData`.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let damaged = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what);
        let mut header = [0; SEALED];
        file.read_exact_at(&mut header, 0).map_err(|_| damaged("it is cut short"))?;
        if header != seal(&header[..HEADER]) {
            return Err(damaged("its header is not as it was written"));
        }
        Self::new(file)
    }

    fn new(file: File) -> io::Result<Self> {
        reserve(&file, file.metadata()?.len())?;
        let backend = FileBackend::new(file.try_clone()?).map_err(io::Error::other)?;
        Ok(Self { backend, file })
    }
}

/// A header with its seal.
fn seal(header: &[u8]) -> [u8; SEALED] {
    let mut sealed = [0; SEALED];
    sealed[..HEADER].copy_from_slice(header);
    sealed[HEADER..].copy_from_slice(&xxh3_64(header).to_le_bytes());
    sealed
}

/// Reserves room for the file and what it may grow to. File systems that cannot reserve are taken as they are.
fn reserve(file: &File, length: u64) -> io::Result<()> {
    use nix::errno::Errno;
    use nix::fcntl::{FallocateFlags, fallocate};
    let room = i64::try_from(length.max(RESERVED)).map_err(io::Error::other)?;
    match fallocate(file, FallocateFlags::FALLOC_FL_KEEP_SIZE, 0, room) {
        Ok(()) | Err(Errno::EOPNOTSUPP | Errno::ENOSYS) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

impl StorageBackend for Sealed {
    fn len(&self) -> io::Result<u64> {
        self.backend.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.backend.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.backend.set_len(len)?;
        reserve(&self.file, len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.backend.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if offset == 0 && data.len() == HEADER {
            return self.backend.write(0, &seal(data));
        }
        self.backend.write(offset, data)?;
        if offset < HEADER as u64 {
            let mut header = [0; HEADER];
            self.backend.read(0, &mut header)?;
            self.backend.write(0, &seal(&header))?;
        }
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.backend.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.backend.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.backend.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.backend.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.backend.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.backend.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.backend.query_lock_range(start, end)
    }
}
