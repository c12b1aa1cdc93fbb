#![allow(clippy::unwrap_used)]

use super::Types;
use super::encoding::{decode, encode};
use super::log::Log;
use super::machine::Machine;
use crate::state::{Decision, NodeId, Tenure};
use crate::store::{Directory, Store, Writer};
use openraft::StorageError;
use openraft::testing::log::{StoreBuilder, Suite};
use std::path::Path;
use tempfile::TempDir;

fn open(path: &Path) -> (Directory, Log, Machine) {
    let directory = Directory::open(path).unwrap();
    let (store, contents) = Store::open(&directory).unwrap();
    let writer = Writer::start(store).unwrap();
    let log = Log::new(&contents, writer.clone()).unwrap();
    let machine = Machine::new(&contents, writer).unwrap();
    (directory, log, machine)
}

struct Builder;

impl StoreBuilder<Types, Log, Machine, (TempDir, Directory)> for Builder {
    async fn build(&self) -> Result<((TempDir, Directory), Log, Machine), StorageError<Types>> {
        let home = tempfile::tempdir().unwrap();
        let (directory, log, machine) = open(home.path());
        Ok(((home, directory), log, machine))
    }
}

#[test]
fn the_store_does_what_openraft_demands() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(Suite::test_all(Builder)).unwrap();
}

#[test]
fn bytes_that_are_more_or_less_than_a_value_are_refused() {
    let decision = Decision::Acquired(Tenure { node: NodeId(9), term: 4 });
    let bytes = encode(&decision).unwrap();
    assert_eq!(decode::<Decision>(&bytes).unwrap(), decision);
    assert!(decode::<Decision>(&bytes[1..]).is_err());
    assert!(decode::<Decision>(&[&bytes[..], &[0]].concat()).is_err());
}
