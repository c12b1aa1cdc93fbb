//! Raft's log and vote: all of it in memory, where reading needs no disk, and each change handed to the store's
//! thread. Snapshots keep it short.

use super::Types;
use super::encoding::{decode, encode};
use crate::store::{Contents, Fact, Write, Writer};
use openraft::alias::{EntryOf, LogIdOf, VoteOf};
use openraft::entry::RaftEntry;
use openraft::storage::{IOFlushed, RaftLogStorage};
use openraft::{LogState, OptionalSend, RaftLogReader};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io;
use std::ops::RangeBounds;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The log of one node; clones are the same log.
#[derive(Clone, Debug)]
pub(super) struct Log {
    mirror: Arc<Mutex<Mirror>>,
    writer: Writer,
}

/// What the disk has, or is about to have.
#[derive(Debug, Default)]
struct Mirror {
    vote: Option<VoteOf<Types>>,
    committed: Option<LogIdOf<Types>>,
    purged: Option<LogIdOf<Types>>,
    entries: BTreeMap<u64, EntryOf<Types>>,
}

impl Log {
    /// A log as the store has it.
    ///
    /// # Errors
    /// The store holds what is no log.
    pub(super) fn new(contents: &Contents, writer: Writer) -> io::Result<Self> {
        let entry = |(index, bytes): (&u64, &Vec<u8>)| Ok((*index, decode(bytes)?));
        let mirror = Mirror {
            vote: fact(contents, Fact::Vote)?,
            committed: fact::<Option<_>>(contents, Fact::Committed)?.flatten(),
            purged: fact(contents, Fact::Purged)?,
            entries: contents.log.iter().map(entry).collect::<io::Result<_>>()?,
        };
        Ok(Self { mirror: Arc::new(Mutex::new(mirror)), writer })
    }

    fn mirror(&self) -> MutexGuard<'_, Mirror> {
        self.mirror.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fact<T: serde::de::DeserializeOwned>(contents: &Contents, fact: Fact) -> io::Result<Option<T>> {
    contents.fact(fact).map(decode).transpose()
}

impl RaftLogReader<Types> for Log {
    async fn try_get_log_entries<R>(&mut self, range: R) -> io::Result<Vec<EntryOf<Types>>>
    where
        R: RangeBounds<u64> + Clone + Debug + OptionalSend,
    {
        Ok(self.mirror().entries.range(range).map(|(_, entry)| entry.clone()).collect())
    }

    async fn read_vote(&mut self) -> io::Result<Option<VoteOf<Types>>> {
        Ok(self.mirror().vote)
    }
}

impl RaftLogStorage<Types> for Log {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> io::Result<LogState<Types>> {
        let mirror = self.mirror();
        let last = mirror.entries.values().next_back().map(RaftEntry::log_id);
        Ok(LogState { last_log_id: last.or(mirror.purged), last_purged_log_id: mirror.purged })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &VoteOf<Types>) -> io::Result<()> {
        self.writer.flush(vec![Write::Set(Fact::Vote, encode(vote)?)]).await?;
        self.mirror().vote = Some(*vote);
        Ok(())
    }

    async fn save_committed(&mut self, committed: Option<LogIdOf<Types>>) -> io::Result<()> {
        self.mirror().committed = committed;
        // To know less of what is committed costs a restart some waiting, so no flush is spent on it.
        self.writer.write(vec![Write::Note(Fact::Committed, encode(&committed)?)], Box::new(drop)).await;
        Ok(())
    }

    async fn read_committed(&mut self) -> io::Result<Option<LogIdOf<Types>>> {
        Ok(self.mirror().committed)
    }

    async fn append<I>(&mut self, entries: I, flushed: IOFlushed<Types>) -> io::Result<()>
    where
        I: IntoIterator<Item = EntryOf<Types>> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let mut writes = Vec::new();
        {
            let mut mirror = self.mirror();
            for entry in entries {
                writes.push(Write::Append(entry.index(), encode(&entry)?));
                mirror.entries.insert(entry.index(), entry);
            }
        }
        self.writer.write(writes, Box::new(|result| flushed.io_completed(result))).await;
        Ok(())
    }

    async fn truncate_after(&mut self, last: Option<LogIdOf<Types>>) -> io::Result<()> {
        let from = last.map_or(0, |last| last.index + 1);
        self.mirror().entries.split_off(&from);
        self.writer.flush(vec![Write::Truncate(from)]).await
    }

    async fn purge(&mut self, last: LogIdOf<Types>) -> io::Result<()> {
        {
            let mut mirror = self.mirror();
            mirror.entries = mirror.entries.split_off(&(last.index + 1));
            mirror.purged = Some(last);
        }
        self.writer.flush(vec![Write::Purge(last.index), Write::Set(Fact::Purged, encode(&last)?)]).await
    }
}
