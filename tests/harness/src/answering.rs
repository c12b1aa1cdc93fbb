//! A server that has but one thing to say.

use crate::loopback;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Answers each request with `ok`, for as long as the test lives, and keeps connections.
#[derive(Clone, Debug)]
pub struct Answering {
    address: SocketAddr,
    accepted: Arc<AtomicUsize>,
}

impl Answering {
    /// One on a port of its own.
    ///
    /// # Errors
    /// The system's.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::new(loopback::own_address(), 0))?;
        let address = listener.local_addr()?;
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&accepted);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::Relaxed);
                thread::spawn(move || answer_all(stream));
            }
        });
        Ok(Self { address, accepted })
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections that it has accepted.
    #[must_use]
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }
}

fn answer_all(mut stream: TcpStream) -> Option<()> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let length = stream.read(&mut buffer).ok().filter(|length| *length > 0)?;
        bytes.extend_from_slice(buffer.get(..length)?);
        while let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            bytes.drain(..end + 4);
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").ok()?;
        }
    }
}
