//! One connection with its recorder: what client and server have in common.

use crate::{Heard, heard::Ear};
use nix::sys::socket::{setsockopt, sockopt::Linger};
use std::{
    io::{self, Write},
    net::{Shutdown, TcpStream},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

/// How long one write may take.
const WRITE_LIMIT: Duration = Duration::from_secs(5);

/// A connection whose incoming bytes are recorded on a thread; closed when dropped.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) stream: Arc<TcpStream>,
    pub(crate) ear: Ear,
    listener: Option<JoinHandle<()>>,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(WRITE_LIMIT))?;
        let stream = Arc::new(stream);
        let (ear, listener) = Ear::listen(Arc::clone(&stream))?;
        Ok(Self { stream, ear, listener: Some(listener) })
    }

    pub(crate) fn send(&self, bytes: &[u8]) -> io::Result<()> {
        (&*self.stream).write_all(bytes)
    }

    pub(crate) fn half_close(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    /// Ends the connection with a reset; returns what was heard until then.
    pub(crate) fn reset(mut self) -> Heard {
        let heard = self.ear.now();
        let _ = setsockopt(&*self.stream, Linger, &nix::libc::linger { l_onoff: 1, l_linger: 0 });
        // The recorder's hold on the socket must be gone for the close to be one; shutting the reading half wakes
        // it and puts nothing on the wire. Not so the `Both` of drop, which would send a FIN first.
        let _ = self.stream.shutdown(Shutdown::Read);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
        heard
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Wakes the recorder, if it still listens; else the connection was reset and closes with the socket.
        if self.listener.is_some() {
            let _ = self.stream.shutdown(Shutdown::Both);
        }
    }
}
