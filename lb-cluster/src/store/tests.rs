#![allow(clippy::unwrap_used)]

use super::{Contents, Directory, Error, FILE, Fact, Store, Write, Writer};
use std::fs;
use std::path::Path;

fn open(path: &Path) -> Result<Contents, Error> {
    Store::open(&Directory::open(path)?).map(|(_, contents)| contents)
}

/// A data-dir as a node that voted leaves it.
fn written(path: &Path) -> Contents {
    let (store, _) = Store::open(&Directory::open(path).unwrap()).unwrap();
    for index in 1..=40 {
        let entry = vec![u8::try_from(index).unwrap(); 300];
        store.commit(&[Write::Append(index, entry), Write::Note(Fact::Committed, vec![3])]).unwrap();
    }
    store.commit(&[Write::Set(Fact::Vote, b"term 7 for node 2".to_vec())]).unwrap();
    store.commit(&[Write::Purge(5), Write::Truncate(31), Write::Set(Fact::Purged, vec![5])]).unwrap();
    drop(store);
    open(path).unwrap()
}

#[test]
fn what_was_written_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let contents = written(dir.path());
    assert_eq!(contents.fact(Fact::Vote), Some(&b"term 7 for node 2"[..]));
    assert_eq!(contents.log.keys().copied().collect::<Vec<_>>(), (6..=30).collect::<Vec<_>>());
    assert_eq!(contents.log[&30], [30; 300]);
}

#[test]
fn an_id_is_made_once_and_is_another_in_another_directory() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let id = |path: &Path| open(path).unwrap().fact(Fact::Node).unwrap().to_vec();
    assert_eq!(id(one.path()), id(one.path()));
    assert_ne!(id(one.path()), id(two.path()));
}

#[test]
fn a_directory_is_one_process_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let held = Directory::open(dir.path()).unwrap();
    assert!(matches!(Directory::open(dir.path()), Err(Error::Locked { .. })));
    drop(held);
    Directory::open(dir.path()).unwrap();
}

#[test]
fn room_is_reserved_ahead() {
    use std::os::unix::fs::MetadataExt;
    let dir = tempfile::tempdir().unwrap();
    written(dir.path());
    let reserved = fs::metadata(dir.path().join(FILE)).unwrap().blocks() * 512;
    assert!(reserved >= super::backend::RESERVED, "{reserved}");
}

/// Whatever byte turns: the file is refused, or says what it said. It never says what it said one commit before.
#[test]
fn a_byte_that_turned_is_refused_or_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let contents = written(dir.path());
    let file = dir.path().join(FILE);
    let sound = fs::read(&file).unwrap();
    let live = sound.len() - sound.iter().rev().take_while(|byte| **byte == 0).count();
    let mut refused = 0;
    // All of the header, then bytes spread over all that was ever written.
    for at in (0..400).step_by(3).chain([9]).chain((400..live).step_by(997)) {
        let mut bytes = sound.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&file, &bytes).unwrap();
        match open(dir.path()) {
            Ok(found) => assert_eq!(found, contents, "byte {at}"),
            Err(Error::Damaged { .. }) => refused += 1,
            Err(error) => panic!("byte {at}: {error}"),
        }
    }
    assert!(refused > 110, "{refused}");
}

#[test]
fn every_byte_of_the_vote_is_guarded() {
    let dir = tempfile::tempdir().unwrap();
    let contents = written(dir.path());
    let file = dir.path().join(FILE);
    let sound = fs::read(&file).unwrap();
    let vote = contents.fact(Fact::Vote).unwrap();
    let places = (0..sound.len() - vote.len()).filter(|at| sound[*at..].starts_with(vote));
    let damaged = places.filter(|at| {
        let mut bytes = sound.clone();
        bytes[*at] ^= 0x20;
        fs::write(&file, &bytes).unwrap();
        matches!(open(dir.path()), Err(Error::Damaged { .. }))
    });
    // Old pages keep old copies, which do not count.
    assert_eq!(damaged.count(), 1);
}

#[test]
fn the_flag_that_names_the_commit_is_sealed() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path());
    let file = dir.path().join(FILE);
    let mut bytes = fs::read(&file).unwrap();
    bytes[9] ^= 1;
    fs::write(&file, &bytes).unwrap();
    let error = open(dir.path()).unwrap_err().to_string();
    assert!(error.contains("its header is not as it was written"), "{error}");
    assert!(error.contains("does not start"), "{error}");
}

#[test]
fn a_file_that_was_cut_or_is_no_store_is_refused() {
    for bytes in [&b"short"[..], &[7; 8192][..]] {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), bytes).unwrap();
        assert!(matches!(open(dir.path()), Err(Error::Damaged { .. })));
    }
    let dir = tempfile::tempdir().unwrap();
    written(dir.path());
    let file = fs::OpenOptions::new().write(true).open(dir.path().join(FILE)).unwrap();
    file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    assert!(open(dir.path()).is_err());
}

#[test]
fn a_log_with_a_gap_and_a_later_format_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&Directory::open(dir.path()).unwrap()).unwrap();
    store.commit(&[Write::Append(1, vec![]), Write::Append(3, vec![])]).unwrap();
    drop(store);
    let error = open(dir.path()).unwrap_err().to_string();
    assert!(error.contains("entries of the log are missing"), "{error}");

    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(&Directory::open(dir.path()).unwrap()).unwrap();
    store.commit(&[Write::Set(Fact::Format, vec![2])]).unwrap();
    drop(store);
    assert!(matches!(open(dir.path()), Err(Error::Format { found: 2, .. })));
}

#[tokio::test]
async fn the_thread_writes_in_order_and_ends_with_its_last_handle() {
    let dir = tempfile::tempdir().unwrap();
    let directory = Directory::open(dir.path()).unwrap();
    let (store, _) = Store::open(&directory).unwrap();
    let writer = Writer::start(store).unwrap();
    for index in 1..=500u64 {
        writer.write(vec![Write::Append(index, index.to_le_bytes().to_vec())], Box::new(|_| {})).await;
    }
    writer.flush(vec![Write::Truncate(400)]).await.unwrap();
    assert_eq!(writer.stalled(), std::time::Duration::ZERO);
    writer.flush(vec![Write::Set(Fact::Vote, vec![1])]).await.unwrap();
    drop(writer);
    drop(directory);
    let contents = loop {
        match open(dir.path()) {
            Ok(contents) => break contents,
            Err(Error::Locked { .. }) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(contents.log.len(), 399);
}
