//! Messages that could not be read, kept for operators: the last request of each frontend and the last response of each
//! backend (`show errors`).

use crate::process;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// A message that could not be read.
#[derive(Debug)]
pub struct Capture {
    /// Its number among all of the process, from 0.
    pub event: u64,
    /// When it came.
    pub at: SystemTime,
    /// The other side's proxy, by name and number: a response's frontend. A bad request has no backend.
    pub other: Option<(String, u32)>,
    /// The server that sent it, by name and number.
    pub server: Option<(String, u32)>,
    /// The client's address; none: it came to a unix socket.
    pub src: Option<SocketAddr>,
    /// The number of the `bind` line.
    pub listener: u32,
    /// What was in the buffer.
    pub bytes: Box<[u8]>,
    /// The buffer's size.
    pub size: usize,
    /// The first byte that must not be there.
    pub position: usize,
}

impl Capture {
    /// One that has just come, of a client and the `bind` line of that number.
    pub fn new(bytes: &[u8], size: usize, position: usize, src: Option<SocketAddr>, listener: u32) -> Self {
        Self {
            event: process::live().captured.fetch_add(1, Ordering::Relaxed),
            at: SystemTime::now(),
            other: None,
            server: None,
            src,
            listener,
            bytes: bytes.into(),
            size,
            position,
        }
    }
}

/// The last of a kind.
#[derive(Debug, Default)]
pub struct Captured(Mutex<Option<Arc<Capture>>>);

impl Captured {
    /// Keeps one in the place of the last.
    pub fn put(&self, capture: Capture) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(capture));
    }

    /// The last one.
    pub fn get(&self) -> Option<Arc<Capture>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
