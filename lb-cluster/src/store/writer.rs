//! A thread that writes: flushing a disk may take long, and heartbeats must not wait for it.

use super::{Error, Store, Write};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Jobs that may wait for the disk before the next one has to.
const QUEUE: usize = 256;

/// Told when a job is on disk, or that it never will be.
pub type Done = Box<dyn FnOnce(Result<(), io::Error>) + Send>;

struct Job {
    writes: Vec<Write>,
    done: Done,
}

/// Hands changes to the thread. They are made in the order of the calls; those that wait together are flushed together.
#[derive(Clone, Debug)]
pub struct Writer {
    jobs: mpsc::Sender<Job>,
    busy: Arc<Mutex<Option<Instant>>>,
}

impl Writer {
    /// Starts the thread. It ends when the last clone of this is gone and all is written.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start(store: Store) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let busy = Arc::new(Mutex::new(None));
        let writer = Self { jobs, busy: Arc::clone(&busy) };
        thread::Builder::new().name("lb-cluster-log".into()).spawn(move || work(&store, queue, &busy))?;
        Ok(writer)
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
        busy.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

fn work(store: &Store, mut queue: mpsc::Receiver<Job>, busy: &Mutex<Option<Instant>>) {
    let mark = |since| *busy.lock().unwrap_or_else(PoisonError::into_inner) = since;
    let mut jobs = Vec::new();
    while queue.blocking_recv_many(&mut jobs, QUEUE) > 0 {
        mark(Some(Instant::now()));
        let mut writes = Vec::new();
        let mut told = Vec::with_capacity(jobs.len());
        for job in jobs.drain(..) {
            writes.extend(job.writes);
            told.push(job.done);
        }
        let result = store.commit(&writes);
        mark(None);
        if let Err(error) = &result {
            tracing::error!("cluster: {error}");
        }
        told.into_iter().for_each(|done| done(repeat(&result)));
    }
}

/// The same result for each that waits.
fn repeat(result: &Result<(), Error>) -> io::Result<()> {
    match result {
        Ok(()) => Ok(()),
        Err(error) => Err(io::Error::other(error.to_string())),
    }
}
