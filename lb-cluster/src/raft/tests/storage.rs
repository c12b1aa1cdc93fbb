use crate::raft::Types;
use crate::raft::encoding::{decode, encode};
use crate::raft::log::Log;
use crate::raft::machine::Machine;
use crate::state::{Decision, NodeId, State, Tenure};
use crate::store::{Directory, Store, Writer};
use openraft::alias::{CommittedLeaderIdOf, EntryOf, LogIdOf, SnapshotMetaOf, VoteOf};
use openraft::entry::RaftEntry;
use openraft::storage::{RaftLogStorage, RaftLogStorageExt, RaftStateMachine};
use openraft::testing::log::{StoreBuilder, Suite};
use openraft::vote::RaftLeaderId;
use openraft::{RaftLogReader, StorageError};
use std::path::Path;
use tempfile::TempDir;

/// Opens it, as soon as the thread of its earlier life has let go.
async fn open(path: &Path) -> (Directory, Log, Machine) {
    loop {
        let directory = Directory::open(path).unwrap();
        match Store::open(&directory) {
            Ok((store, contents)) => {
                let writer = Writer::start(store).unwrap();
                let log = Log::new(&contents, writer.clone()).unwrap();
                return (directory, log, Machine::new(&contents, writer).unwrap());
            }
            Err(crate::store::Error::Locked { .. }) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
}

struct Builder;

impl StoreBuilder<Types, Log, Machine, (TempDir, Directory)> for Builder {
    async fn build(&self) -> Result<((TempDir, Directory), Log, Machine), StorageError<Types>> {
        let home = tempfile::tempdir().unwrap();
        let (directory, log, machine) = open(home.path()).await;
        Ok(((home, directory), log, machine))
    }
}

#[test]
fn the_store_does_what_openraft_demands() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(Suite::test_all(Builder)).unwrap();
}

/// What is the same after a restart: the vote, what is committed, where the log begins and ends, and the snapshot.
#[tokio::test]
async fn a_restart_finds_all_that_was_promised() {
    let home = tempfile::tempdir().unwrap();
    let id = |index| LogIdOf::<Types>::new(CommittedLeaderIdOf::<Types>::new(3, NodeId(7)), index);
    let vote = VoteOf::<Types>::new_committed(3, NodeId(7));
    {
        let (_directory, mut log, mut machine) = open(home.path()).await;
        log.save_vote(&vote).await.unwrap();
        let entries = (0..9).map(|index| EntryOf::<Types>::new_blank(id(index)));
        log.blocking_append(entries).await.unwrap();
        log.save_committed(Some(id(6))).await.unwrap();
        let meta = SnapshotMetaOf::<Types> { last_log_id: Some(id(2)), ..SnapshotMetaOf::<Types>::default() };
        machine.install_snapshot(&meta, encode(&State::default()).unwrap()).await.unwrap();
        log.truncate_after(Some(id(7))).await.unwrap();
        log.purge(id(2)).await.unwrap();
    }
    let (_directory, mut log, mut machine) = open(home.path()).await;
    assert_eq!(log.read_vote().await.unwrap(), Some(vote));
    assert_eq!(log.read_committed().await.unwrap(), Some(id(6)));
    let state = log.get_log_state().await.unwrap();
    assert_eq!((state.last_purged_log_id, state.last_log_id), (Some(id(2)), Some(id(7))));
    assert_eq!(log.try_get_log_entries(..).await.unwrap().len(), 5);
    assert!(machine.get_current_snapshot().await.unwrap().is_some());
}

#[test]
fn bytes_that_are_more_or_less_than_a_value_are_refused() {
    let decision = Decision::Acquired(Tenure { node: NodeId(9), term: 4 });
    let bytes = encode(&decision).unwrap();
    assert_eq!(decode::<Decision>(&bytes).unwrap(), decision);
    assert!(decode::<Decision>(&bytes[1..]).is_err());
    assert!(decode::<Decision>(&[&bytes[..], &[0]].concat()).is_err());
}
