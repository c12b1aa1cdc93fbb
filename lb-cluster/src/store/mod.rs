//! What a node must never forget: its id, its vote, its log. One redb file in the data-dir, which knows nothing of
//! Raft: facts and numbered entries are bytes here.
//!
//! A node that lost its vote may give a second one in the same term, and two leaders are two holders of one address.
//! So every commit is flushed in two phases (the file never points at pages that are not on disk yet), all checksums
//! are verified at start, and a damaged file is a node that does not start.

mod backend;
mod directory;
mod writer;

pub use directory::Directory;
#[cfg(test)]
pub(crate) use writer::Work;
pub use writer::Writer;

use backend::Sealed;
use redb::{Builder, Database, Durability, ReadableDatabase, ReadableTable, TableDefinition};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

const FILE: &str = "log.redb";
const FACTS: TableDefinition<'_, u8, &[u8]> = TableDefinition::new("facts");
const LOG: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("log");
/// How the bytes of facts and entries are to be read. A file of a later format is refused.
const FORMAT: u8 = 1;
/// What redb may keep of the file in memory. Everything is read once, at start.
const CACHE: usize = 1 << 20;

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process has it open.
    #[error("'{}' is in use by another process.", path.display())]
    Locked {
        /// The data-dir.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("'{}': {source}.", path.display())]
    Io {
        /// What it refused.
        path: PathBuf,
        /// How.
        source: io::Error,
    },
    /// The bytes are not those that were written.
    #[error(
        "'{}' is damaged ({what}). The node may have forgotten a vote, so it does not start: move its data-dir away, \
         and let it join as a new node in place of the old one.", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// A later version wrote it.
    #[error("'{}' was written by a later version (format {found}, known is {FORMAT}).", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u8,
    },
    /// Reading or writing failed.
    #[error("'{}': {source}.", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// How.
        source: redb::Error,
    },
}

/// Single values. The numbers are the file's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Fact {
    /// [`FORMAT`].
    Format = 0,
    /// The node's random id.
    Node = 1,
    /// The last vote.
    Vote = 2,
    /// What is known to be committed.
    Committed = 3,
    /// The last entry that was purged.
    Purged = 4,
    /// The state at some point of the log.
    Snapshot = 5,
    /// The election timeout that the last life of this node ran with.
    Election = 6,
}

/// One change of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// A fact gets a value.
    Set(Fact, Vec<u8>),
    /// A fact that may be forgotten gets a value: it is on disk with the next change that is flushed.
    Note(Fact, Vec<u8>),
    /// An entry at the end of the log.
    Append(u64, Vec<u8>),
    /// This entry and all later ones go.
    Truncate(u64),
    /// This entry and all earlier ones go.
    Purge(u64),
}

/// All that a file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Facts by their number.
    pub facts: BTreeMap<u8, Vec<u8>>,
    /// The log, without a gap.
    pub log: BTreeMap<u64, Vec<u8>>,
}

impl Contents {
    /// A fact's value.
    pub fn fact(&self, fact: Fact) -> Option<&[u8]> {
        self.facts.get(&(fact as u8)).map(Vec::as_slice)
    }
}

/// The open file.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    database: Database,
}

impl Store {
    /// Opens a data-dir's file, or makes it, and verifies all of it.
    ///
    /// # Errors
    /// It cannot be read or written, is damaged, or of a later format.
    pub fn open(directory: &Directory) -> Result<(Self, Contents), Error> {
        let path = directory.path().join(FILE);
        if !path.try_exists().map_err(|error| refusal(&path, error))? {
            Self::create(directory, &path)?;
        }
        let store = Self::on(Sealed::open(&path), path)?;
        let contents = store.read().map_err(|error| failure(&store.path, error))?;
        store.verify(&contents)?;
        Ok((store, contents))
    }

    /// Makes the file under another name first: one that is there under its own is whole, or was damaged.
    fn create(directory: &Directory, path: &Path) -> Result<(), Error> {
        let unfinished = path.with_extension("new");
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(refusal(&unfinished, error)),
            _ => {}
        }
        let store = Self::on(Sealed::create(&unfinished), unfinished.clone())?;
        store
            .commit(&[Write::Set(Fact::Format, vec![FORMAT]), Write::Set(Fact::Node, directory.new_id()?)])?;
        drop(store);
        fs::rename(&unfinished, path)
            .and_then(|()| File::open(directory.path())?.sync_all())
            .map_err(|error| refusal(path, error))
    }

    fn on(backend: io::Result<Sealed>, path: PathBuf) -> Result<Self, Error> {
        let backend = backend.map_err(|error| refusal(&path, error))?;
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE).set_check_integrity_on_open(true);
        let database = builder.create_with_backend(backend).map_err(|error| failure(&path, error.into()))?;
        Ok(Self { path, database })
    }

    fn read(&self) -> Result<Contents, redb::Error> {
        let mut contents = Contents::default();
        let transaction = self.database.begin_read()?;
        for fact in transaction.open_table(FACTS)?.iter()? {
            let (fact, value) = fact?;
            contents.facts.insert(fact.value(), value.value().to_vec());
        }
        for entry in transaction.open_table(LOG)?.iter()? {
            let (index, entry) = entry?;
            contents.log.insert(index.value(), entry.value().to_vec());
        }
        Ok(contents)
    }

    /// What checksums cannot tell.
    fn verify(&self, contents: &Contents) -> Result<(), Error> {
        let damaged = |what: &str| Err(Error::Damaged { path: self.path.clone(), what: what.to_owned() });
        match contents.fact(Fact::Format) {
            Some([FORMAT]) => {}
            Some([found]) if *found > FORMAT => {
                return Err(Error::Format { path: self.path.clone(), found: *found });
            }
            _ => return damaged("it has no format"),
        }
        if contents.fact(Fact::Node).is_none() {
            return damaged("it has no node id");
        }
        let gap = contents.log.keys().zip(contents.log.keys().skip(1)).any(|(a, b)| a + 1 != *b);
        if gap { damaged("entries of the log are missing") } else { Ok(()) }
    }

    /// Makes changes, all or none, and returns when they are on disk.
    ///
    /// # Errors
    /// The disk failed, or has no room. What was asked for may or may not be there at the next start; the store takes
    /// no more changes in this life.
    pub fn commit(&self, writes: &[Write]) -> Result<(), Error> {
        self.transact(writes).map_err(|error| failure(&self.path, error))
    }

    fn transact(&self, writes: &[Write]) -> Result<(), redb::Error> {
        let mut transaction = self.database.begin_write()?;
        if writes.iter().all(|write| matches!(write, Write::Note(..))) {
            transaction.set_durability(Durability::None)?;
        } else {
            transaction.set_two_phase_commit(true);
        }
        {
            let mut facts = transaction.open_table(FACTS)?;
            let mut log = transaction.open_table(LOG)?;
            for write in writes {
                match write {
                    Write::Set(fact, value) | Write::Note(fact, value) => {
                        facts.insert(*fact as u8, value.as_slice())?;
                    }
                    Write::Append(index, entry) => {
                        log.insert(index, entry.as_slice())?;
                    }
                    Write::Truncate(index) => log.retain_in(*index.., |_, _| false)?,
                    Write::Purge(index) => log.retain_in(..=*index, |_, _| false)?,
                }
            }
        }
        transaction.commit()?;
        Ok(())
    }
}

/// An error of opening a path.
fn refusal(path: &Path, source: io::Error) -> Error {
    match source.kind() {
        io::ErrorKind::InvalidData => Error::Damaged { path: path.to_owned(), what: source.to_string() },
        _ => Error::Io { path: path.to_owned(), source },
    }
}

/// An error of redb: damage is told apart, since it calls for something else than a full disk.
fn failure(path: &Path, source: redb::Error) -> Error {
    match source {
        redb::Error::Corrupted(what) => Error::Damaged { path: path.to_owned(), what },
        redb::Error::UpgradeRequired(_) => {
            Error::Damaged { path: path.to_owned(), what: "its format is unknown".to_owned() }
        }
        redb::Error::Io(source) if source.kind() == io::ErrorKind::InvalidData => {
            Error::Damaged { path: path.to_owned(), what: source.to_string() }
        }
        redb::Error::DatabaseAlreadyOpen => Error::Locked { path: path.to_owned() },
        source => Error::Database { path: path.to_owned(), source },
    }
}

#[cfg(test)]
mod tests;
