//! A disk: what is flushed survives, what is under way at a crash does or does not, all of it.

use super::executor::Time;
use super::with;
use super::world::MS;
use crate::store::{Contents, Error, Fact, Work, Write};
use std::io;
use std::path::PathBuf;

/// How long flushing takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// As on a disk that is well.
    Well,
    /// So long.
    Slow(Time),
    /// For ever.
    Stuck,
}

/// One machine's.
#[derive(Debug)]
pub(super) struct Disk {
    pub(super) contents: Contents,
    /// What is with the next change that is flushed.
    notes: Vec<Write>,
    under_way: Option<Vec<Write>>,
    pub(super) pace: Pace,
    pub(super) full: bool,
}

impl Disk {
    /// An empty one, on which a node's id has been made.
    pub(super) fn new(id: u64) -> Self {
        let mut contents = Contents::default();
        contents.facts.insert(Fact::Format as u8, vec![1]);
        contents.facts.insert(Fact::Node as u8, id.to_le_bytes().to_vec());
        Self { contents, notes: Vec::new(), under_way: None, pace: Pace::Well, full: false }
    }

    /// The process or the machine is gone.
    pub(super) fn crash(&mut self, finishes: bool) {
        if let Some(writes) = self.under_way.take().filter(|_| finishes) {
            self.apply(writes);
        }
        self.notes.clear();
    }

    fn apply(&mut self, writes: Vec<Write>) {
        let volatile = writes.iter().all(|write| matches!(write, Write::Note(..)));
        if volatile {
            return self.notes.extend(writes);
        }
        for write in std::mem::take(&mut self.notes).into_iter().chain(writes) {
            match write {
                Write::Set(fact, value) | Write::Note(fact, value) => {
                    self.contents.facts.insert(fact as u8, value);
                }
                Write::Append(index, entry) => drop(self.contents.log.insert(index, entry)),
                Write::Truncate(index) => drop(self.contents.log.split_off(&index)),
                Write::Purge(index) => self.contents.log = self.contents.log.split_off(&(index + 1)),
            }
        }
    }
}

/// What the log's thread does.
pub(super) async fn write(machine: usize, mut work: Work) {
    let mut failed = false;
    while let Some(batch) = work.next().await {
        let writes = batch.writes.clone();
        let volatile = writes.iter().all(|write| matches!(write, Write::Note(..)));
        with(|sim| sim.world.machines[machine].disk.under_way = Some(writes));
        if !volatile {
            flush(machine).await;
        }
        let result = with(|sim| {
            let disk = &mut sim.world.machines[machine].disk;
            let writes = disk.under_way.take().unwrap_or_default();
            failed |= disk.full && !volatile;
            if failed {
                let source = io::Error::from(io::ErrorKind::StorageFull);
                return Err(Error::Io { path: PathBuf::from("log"), source });
            }
            disk.apply(writes);
            Ok(())
        });
        batch.end(result);
    }
}

async fn flush(machine: usize) {
    let time = |sim: &mut super::Sim| {
        let pace = sim.world.machines[machine].disk.pace;
        match pace {
            Pace::Well => Some(sim.world.ms(0.05, 0.6)),
            Pace::Slow(time) => Some(time),
            Pace::Stuck => None,
        }
    };
    loop {
        let time = with(time);
        let wait = std::time::Duration::from_nanos(time.unwrap_or(20 * MS));
        if let Some(sleep) = super::sleep(wait) {
            sleep.await;
        }
        if time.is_some() {
            return;
        }
    }
}
