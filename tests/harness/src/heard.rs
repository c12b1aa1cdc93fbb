//! What one side of a connection heard from the other, recorded by a thread of its own.

use std::{
    io::{self, Read},
    net::TcpStream,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// The most bytes that are kept of one connection; the rest is read and dropped.
const KEEP: usize = 64 << 20;

/// How a connection stands, seen from the side that listens to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum End {
    /// The other side has ended nothing.
    #[default]
    Open,
    /// The other side has closed it, or its half of it.
    Closed,
    /// The other side has reset it.
    Reset,
}

/// The bytes that came so far, and whether more may come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Heard {
    /// All bytes, in order.
    pub bytes: Vec<u8>,
    /// How the other side's half of the connection stands.
    pub end: End,
}

/// A recorder of one connection; clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ear(Arc<(Mutex<Heard>, Condvar)>);

impl Ear {
    /// Listens to `stream` on a thread that ends when the other side does, or when the stream is shut down.
    pub(crate) fn listen(stream: Arc<TcpStream>) -> io::Result<(Self, JoinHandle<()>)> {
        let ear = Self::default();
        let record = ear.clone();
        let thread = thread::Builder::new().name("ear".into()).stack_size(256 << 10).spawn(move || {
            let mut buffer = vec![0; 32 << 10];
            loop {
                match (&*stream).read(&mut buffer) {
                    Ok(0) => return record.ended(End::Closed),
                    Ok(n) => record.heard(&buffer[..n]),
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                    Err(_) => return record.ended(End::Reset),
                }
            }
        })?;
        Ok((ear, thread))
    }

    fn heard(&self, bytes: &[u8]) {
        let mut now = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = KEEP.saturating_sub(now.bytes.len());
        now.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.0.1.notify_all();
    }

    fn ended(&self, end: End) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).end = end;
        self.0.1.notify_all();
    }

    /// What was heard so far.
    pub(crate) fn now(&self) -> Heard {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until `condition` holds, for at most `limit`; says whether it does.
    pub(crate) fn wait_for(&self, condition: impl Fn(&Heard) -> bool, limit: Duration) -> bool {
        let guard = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (guard, _) = self
            .0
            .1
            .wait_timeout_while(guard, limit, |heard| !condition(heard))
            .unwrap_or_else(PoisonError::into_inner);
        condition(&guard)
    }

    /// Waits until the end, or until nothing has come for `quiet`, for at most `limit`.
    pub(crate) fn wait_quiet(&self, quiet: Duration, limit: Duration) -> Heard {
        let deadline = Instant::now() + limit;
        let mut seen = self.now();
        while seen.end == End::Open {
            let left = deadline.saturating_duration_since(Instant::now());
            let length = seen.bytes.len();
            let more = self.wait_for(|h| h.end != End::Open || h.bytes.len() > length, quiet.min(left));
            seen = self.now();
            if !more || left.is_zero() {
                break;
            }
        }
        seen
    }
}
