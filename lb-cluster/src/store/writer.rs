//! A thread that writes: flushing a disk may take long, and heartbeats must not wait for it.

use super::{Error, Store, Write};
use crate::runtime::{now, since};
use crate::urgency;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Jobs that may wait for the disk before the next one has to.
const QUEUE: usize = 256;

/// Told when a job is on disk, or that it never will be.
pub type Done = Box<dyn FnOnce(Result<(), io::Error>) + Send>;

/// Since when the disk has been at its present change.
type Busy = Arc<Mutex<Option<Instant>>>;

struct Job {
    writes: Vec<Write>,
    done: Done,
}

/// Hands changes to the thread. They are made in the order of the calls; those that wait together are flushed together.
#[derive(Clone, Debug)]
pub struct Writer {
    jobs: mpsc::Sender<Job>,
    busy: Busy,
}

impl Writer {
    /// Starts the thread. It ends when the last clone of this is gone and all is written.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start(store: Store) -> io::Result<Self> {
        let (writer, mut work) = Self::new();
        let write = move || {
            urgency::claim();
            while let Some(batch) = work.next_blocking() {
                let result = store.commit(&batch.writes);
                batch.end(result);
            }
        };
        thread::Builder::new().name("lb-cluster-log".into()).spawn(write)?;
        Ok(writer)
    }

    /// One whose work somebody else does.
    pub(crate) fn new() -> (Self, Work) {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let busy = Arc::new(Mutex::new(None));
        (Self { jobs, busy: Arc::clone(&busy) }, Work { queue, busy })
    }

    /// Has changes made, and does not wait for them.
    pub async fn write(&self, writes: Vec<Write>, done: Done) {
        if let Err(mpsc::error::SendError(job)) = self.jobs.send(Job { writes, done }).await {
            (job.done)(Err(io::Error::other("the log's thread has ended")));
        }
    }

    /// Has changes made, and waits until they are on disk.
    ///
    /// # Errors
    /// They could not be written.
    pub async fn flush(&self, writes: Vec<Write>) -> io::Result<()> {
        let (told, waiting) = tokio::sync::oneshot::channel();
        let done = move |result| {
            let _ = told.send(result);
        };
        self.write(writes, Box::new(done)).await;
        waiting.await.unwrap_or_else(|_| Err(io::Error::other("the log's thread has ended")))
    }

    /// How long the disk has been at the present change; zero when it rests.
    pub fn stalled(&self) -> Duration {
        let busy = *self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.map_or(Duration::ZERO, since)
    }
}

/// What there is to write.
pub(crate) struct Work {
    queue: mpsc::Receiver<Job>,
    busy: Busy,
}

impl Work {
    /// The changes that wait, as one. None: there will be no more.
    fn next_blocking(&mut self) -> Option<Batch> {
        let mut jobs = Vec::new();
        (self.queue.blocking_recv_many(&mut jobs, QUEUE) > 0).then(|| self.batch(jobs))
    }

    /// The same.
    #[cfg(test)]
    pub(crate) async fn next(&mut self) -> Option<Batch> {
        let mut jobs = Vec::new();
        (self.queue.recv_many(&mut jobs, QUEUE).await > 0).then(|| self.batch(jobs))
    }

    fn batch(&self, jobs: Vec<Job>) -> Batch {
        mark(&self.busy, Some(now()));
        let (mut writes, mut told) = (Vec::new(), Vec::with_capacity(jobs.len()));
        for job in jobs {
            writes.extend(job.writes);
            told.push(job.done);
        }
        Batch { writes, told, busy: Arc::clone(&self.busy) }
    }
}

/// Changes that are made together.
pub(crate) struct Batch {
    pub(crate) writes: Vec<Write>,
    told: Vec<Done>,
    busy: Busy,
}

impl Batch {
    /// Tells all who wait what became of them.
    pub(crate) fn end(self, result: Result<(), Error>) {
        mark(&self.busy, None);
        if let Err(error) = &result {
            tracing::error!("cluster: {error}");
        }
        self.told.into_iter().for_each(|done| done(repeat(&result)));
    }
}

fn mark(busy: &Busy, since: Option<Instant>) {
    *busy.lock().unwrap_or_else(PoisonError::into_inner) = since;
}

/// The same result for each that waits.
fn repeat(result: &Result<(), Error>) -> io::Result<()> {
    match result {
        Ok(()) => Ok(()),
        Err(error) => Err(io::Error::other(error.to_string())),
    }
}
