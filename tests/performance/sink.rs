//! A syslog server that counts datagrams and throws them away.

use std::io;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// A thread that reads a UDP socket until the process ends.
#[derive(Debug)]
pub(crate) struct Sink {
    /// Where it listens on 127.0.0.1.
    pub(crate) port: u16,
    lines: Arc<AtomicU64>,
}

impl Sink {
    /// Starts it on the processor that this thread runs on.
    ///
    /// # Errors
    /// No socket or thread can be had.
    pub(crate) fn start() -> io::Result<Sink> {
        let socket = UdpSocket::bind(("127.0.0.1", 0))?;
        let port = socket.local_addr()?.port();
        let lines = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&lines);
        thread::Builder::new().name("sink".into()).spawn(move || {
            let mut datagram = [0; 4096];
            while let Ok(length) = socket.recv(&mut datagram) {
                if length > 0 {
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            }
        })?;
        Ok(Sink { port, lines })
    }

    /// How many datagrams have come. The kernel drops some under load.
    pub(crate) fn lines(&self) -> u64 {
        self.lines.load(Ordering::Relaxed)
    }
}
