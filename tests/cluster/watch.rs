//! Clients that ask at the virtual address all the time, each request on a connection of its own, and note what came.

use lb_harness::glance;
use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Clients at once.
const CLIENTS: usize = 3;
/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_millis(500);

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) begun: Instant,
    pub(crate) ended: Instant,
    /// Who answered; none: it failed.
    pub(crate) by: Option<String>,
}

/// The clients at work.
pub(crate) struct Watch {
    done: Arc<AtomicBool>,
    seen: Arc<Mutex<Vec<Asked>>>,
    clients: Vec<JoinHandle<()>>,
}

impl Watch {
    pub(crate) fn start(at: SocketAddr) -> Self {
        let (done, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let client = |_| {
            let (done, seen) = (Arc::clone(&done), Arc::clone(&seen));
            thread::spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    let begun = Instant::now();
                    let by = ask(at);
                    let asked = Asked { begun, ended: Instant::now(), by };
                    seen.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
                    thread::sleep(Duration::from_millis(2));
                }
            })
        };
        let clients = (0..CLIENTS).map(client).collect();
        Self { done, seen, clients }
    }

    /// The answers and failures, in the order in which the requests ended.
    pub(crate) fn stop(self) -> Seen {
        self.done.store(true, Ordering::Relaxed);
        self.clients.into_iter().for_each(|client| client.join().unwrap());
        let mut seen = std::mem::take(&mut *self.seen.lock().unwrap());
        seen.sort_by_key(|asked| asked.ended);
        Seen(seen)
    }
}

/// Asks once.
pub(crate) fn ask(at: SocketAddr) -> Option<String> {
    glance(at, PATIENCE)
}

/// What was seen.
pub(crate) struct Seen(Vec<Asked>);

impl fmt::Debug for Seen {
    /// Who answered how often in a row, and when the last of them did.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(start) = self.0.iter().map(|asked| asked.begun).min() else { return f.write_str("nothing") };
        for run in self.0.chunk_by(|a, b| a.by == b.by) {
            let by = run[0].by.as_deref().unwrap_or("failed");
            let from = run.iter().map(|asked| asked.begun).min().unwrap_or(start) - start;
            let to = run.iter().map(|asked| asked.ended).max().unwrap_or(start) - start;
            write!(f, "\n{by} {}, {from:?} to {to:?}", run.len())?;
        }
        Ok(())
    }
}

impl Seen {
    /// Who answered, in order, each change once.
    pub(crate) fn holders(&self) -> Vec<&str> {
        let mut holders: Vec<&str> = self.0.iter().filter_map(|asked| asked.by.as_deref()).collect();
        holders.dedup();
        holders
    }

    /// Nobody answered after another had, and what failed did between the last request that the first one answered and the
    /// second one's first answer.
    pub(crate) fn assert_one_move(&self, from: &str, to: &str) {
        assert_eq!(self.holders(), [from, to], "{self:?}");
        let last = self.by(from).map(|asked| asked.begun).max().unwrap();
        let first = self.by(to).map(|asked| asked.ended).min().unwrap();
        for failed in self.0.iter().filter(|asked| asked.by.is_none()) {
            assert!(failed.ended > last && failed.begun < first, "{self:?}");
        }
    }

    fn by(&self, name: &str) -> impl Iterator<Item = &Asked> {
        self.0.iter().filter(move |asked| asked.by.as_deref() == Some(name))
    }

    /// This one answered all.
    pub(crate) fn assert_all_by(&self, name: &str) {
        assert!(self.0.iter().all(|asked| asked.by.as_deref() == Some(name)), "{self:?}");
        assert!(!self.0.is_empty());
    }
}
