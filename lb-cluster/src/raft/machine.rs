//! The replicated state behind openraft's trait. It lives in memory; its snapshots are on disk.

use super::Replica;
use super::Types;
use super::encoding::{decode, encode};
use crate::state::{Outcome, State, Tenure, Verdicts};
#[cfg(test)]
use crate::store::Contents;
use crate::store::{Fact, Write, Writer};
use futures_util::{Stream, TryStreamExt};
use openraft::alias::{LogIdOf, SnapshotMetaOf, SnapshotOf, StoredMembershipOf};
use openraft::entry::RaftEntry;
use openraft::storage::{EntryResponder, RaftStateMachine};
use openraft::{EntryPayload, OptionalSend, RaftSnapshotBuilder, Snapshot};
use serde::{Deserialize, Serialize};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A state as it travels and rests.
type Bytes = Vec<u8>;

/// What all entries up to one of them led to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Applied {
    last: Option<LogIdOf<Types>>,
    membership: StoredMembershipOf<Types>,
    pub(super) state: State,
}

/// The state machine of one node; clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    replica: Arc<Replica>,
    snapshot: Arc<Mutex<Option<Applied>>>,
    writer: Writer,
}

impl Machine {
    /// The machine as the last snapshot left it; the log brings it further.
    ///
    /// # Errors
    /// The store holds what is no snapshot.
    #[cfg(test)]
    pub(super) fn new(contents: &Contents, writer: Writer) -> io::Result<Self> {
        Ok(Self::on(Arc::new(Replica::of(contents)?), writer))
    }

    /// The machine that brings a replica further which is as the last snapshot left it.
    pub(super) fn on(replica: Arc<Replica>, writer: Writer) -> Self {
        let kept = replica.applied().clone();
        let snapshot = kept.last.is_some().then_some(kept);
        Self { replica, snapshot: Arc::new(Mutex::new(snapshot)), writer }
    }

    /// A copy of the state.
    pub(super) fn state(&self) -> State {
        self.applied().state.clone()
    }

    /// Who holds the addresses.
    pub(super) fn holder(&self) -> Option<Tenure> {
        self.applied().state.holder()
    }

    /// How often they went to a preferred node.
    pub(super) fn yields(&self) -> u32 {
        self.applied().state.yields()
    }

    /// What is said of servers, unless it is of the revision that is known.
    pub(super) fn verdicts(&self, known: Option<u64>) -> Option<Verdicts> {
        let applied = self.applied();
        let verdicts = applied.state.health();
        (known != Some(verdicts.revision())).then(|| verdicts.clone())
    }

    fn applied(&self) -> MutexGuard<'_, Applied> {
        self.replica.applied()
    }

    /// Keeps a snapshot: the log before it may go only when it is on disk.
    async fn keep(&self, snapshot: Applied) -> io::Result<()> {
        self.writer.flush(vec![Write::Set(Fact::Snapshot, encode(&snapshot)?)]).await?;
        *self.snapshot.lock().unwrap_or_else(PoisonError::into_inner) = Some(snapshot);
        Ok(())
    }
}

impl Applied {
    /// The place in the log; 0 before there is any.
    pub(super) fn place(&self) -> u64 {
        self.last.as_ref().map_or(0, |last| last.index)
    }

    fn meta(&self) -> SnapshotMetaOf<Types> {
        SnapshotMetaOf::<Types> { last_log_id: self.last, last_membership: self.membership.clone() }
    }
}

impl RaftSnapshotBuilder<Types> for Machine {
    type SnapshotData = Bytes;

    async fn build_snapshot(&mut self) -> io::Result<SnapshotOf<Types, Bytes>> {
        let now = self.applied().clone();
        let snapshot = Snapshot { meta: now.meta(), snapshot: encode(&now.state)? };
        self.keep(now).await?;
        Ok(snapshot)
    }
}

impl RaftStateMachine<Types> for Machine {
    type SnapshotData = Bytes;
    type SnapshotBuilder = Self;

    async fn applied_state(&mut self) -> io::Result<(Option<LogIdOf<Types>>, StoredMembershipOf<Types>)> {
        let applied = self.applied();
        Ok((applied.last, applied.membership.clone()))
    }

    async fn apply<S>(&mut self, mut entries: S) -> io::Result<()>
    where
        S: Stream<Item = io::Result<EntryResponder<Types>>> + Unpin + OptionalSend,
    {
        while let Some((entry, waiting)) = entries.try_next().await? {
            let outcome = {
                let mut applied = self.applied();
                applied.last = Some(entry.log_id());
                match &entry.payload {
                    EntryPayload::Blank => Outcome::Done,
                    EntryPayload::Normal(decision) => applied.state.apply(entry.log_id().index, decision),
                    EntryPayload::Membership(members) => {
                        applied.membership =
                            StoredMembershipOf::<Types>::new(Some(entry.log_id()), members.clone());
                        Outcome::Done
                    }
                }
            };
            if let Some(waiting) = waiting {
                waiting.send(outcome);
            }
        }
        self.replica.moved();
        Ok(())
    }

    async fn get_snapshot_builder(&mut self) -> Self {
        self.clone()
    }

    async fn install_snapshot(&mut self, meta: &SnapshotMetaOf<Types>, snapshot: Bytes) -> io::Result<()> {
        let installed = Applied {
            last: meta.last_log_id,
            membership: meta.last_membership.clone(),
            state: decode(&snapshot)?,
        };
        self.keep(installed.clone()).await?;
        *self.applied() = installed;
        self.replica.moved();
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> io::Result<Option<SnapshotOf<Types, Bytes>>> {
        let kept = self.snapshot.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref()
            .map(|kept| Ok(Snapshot { meta: kept.meta(), snapshot: encode(&kept.state)? }))
            .transpose()
    }
}
