//! A UDP log target: keeps what it is sent.

use crate::{eventually, loopback};
use std::{
    io,
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// Collects log messages on a UDP port of [`loopback::own_address`] until dropped.
#[derive(Debug)]
pub struct Syslog {
    addr: SocketAddr,
    lines: Arc<Mutex<Vec<String>>>,
    stopped: Arc<AtomicBool>,
}

impl Syslog {
    /// Starts to listen.
    ///
    /// # Errors
    /// What binding gives.
    pub fn start() -> io::Result<Self> {
        let socket = UdpSocket::bind((loopback::own_address(), 0))?;
        let this = Self { addr: socket.local_addr()?, lines: Arc::default(), stopped: Arc::default() };
        let (lines, stopped) = (Arc::clone(&this.lines), Arc::clone(&this.stopped));
        thread::Builder::new().name("syslog".into()).spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            while let Ok((length, _)) = socket.recv_from(&mut buffer) {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let line = String::from_utf8_lossy(&buffer[..length]).trim_end_matches('\n').to_owned();
                lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        })?;
        Ok(this)
    }

    /// Where to send the messages.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The messages so far: one string per datagram, its line end cut off.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until `condition` holds for the messages, for at most `limit`; says whether it does.
    #[must_use]
    pub fn wait_for(&self, condition: impl Fn(&[String]) -> bool, limit: Duration) -> bool {
        eventually(limit, || condition(&self.lines()))
    }
}

impl Drop for Syslog {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread, which then sees that it is over.
        if let Ok(socket) = UdpSocket::bind((self.addr.ip(), 0)) {
            let _ = socket.send_to(b"", self.addr);
        }
    }
}
