//! The master socket (`-S`, management guide 9.4): commands to the monitor.
//!
//! It is served between signals by the monitor's one thread, so nothing here blocks: a client that does not read
//! its answer loses its connection.

mod address;
mod session;

use crate::version::VERSION;
pub(crate) use address::OpenError;
use session::{Session, View};
use socket2::Socket;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

/// Connections at once, as HAProxy's.
const MAX_CLIENTS: usize = 10;
/// Longest line, as HAProxy's buffer.
const MAX_LINE: usize = 16 * 1024;

/// The listening socket and its connections.
pub(crate) struct MasterSocket {
    listener: Socket,
    level: session::Level,
    clients: Vec<Client>,
    started: Instant,
    failed_reloads: u32,
}

struct Client {
    socket: Socket,
    input: Vec<u8>,
    session: Session,
}

/// What a reload came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reloaded {
    /// The new configuration runs; else the one before does.
    pub(crate) success: bool,
    /// What was told about it.
    pub(crate) logs: String,
}

impl MasterSocket {
    /// Binds what `-S` says: an address, and options behind commas.
    ///
    /// # Errors
    /// What is wrong with the words, or what the system refuses.
    pub(crate) fn open(words: &str) -> Result<Self, OpenError> {
        let (listener, level) = address::open(words)?;
        Ok(Self { listener, level, clients: Vec::new(), started: Instant::now(), failed_reloads: 0 })
    }

    /// What to wait for.
    pub(crate) fn sources(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        std::iter::once(self.listener.as_fd()).chain(self.clients.iter().map(|client| client.socket.as_fd()))
    }

    /// Accepts, reads and answers whatever is there. `worker`: its process id.
    pub(crate) fn serve(&mut self, worker: i32, reload: &mut dyn FnMut() -> Reloaded) {
        while self.clients.len() < MAX_CLIENTS
            && let Ok((socket, _)) = self.listener.accept()
        {
            if socket.set_nonblocking(true).is_ok() {
                let session = Session::new(self.level);
                self.clients.push(Client { socket, input: Vec::new(), session });
            }
        }
        let mut clients = std::mem::take(&mut self.clients);
        clients.retain_mut(|client| {
            let mut view = View {
                version: VERSION,
                master: i32::try_from(std::process::id()).unwrap_or(0),
                worker,
                uptime: self.started.elapsed(),
                failed_reloads: self.failed_reloads,
                reload: &mut *reload,
            };
            let stays = client.serve(&mut view);
            self.failed_reloads = view.failed_reloads;
            stays
        });
        self.clients = clients;
    }
}

impl Client {
    /// False when the connection has ended.
    fn serve(&mut self, view: &mut View<'_>) -> bool {
        let mut buffer = [0; 4096];
        let mut open = true;
        loop {
            match self.socket.read(&mut buffer) {
                Ok(0) => {
                    open = false;
                    break;
                }
                Ok(length) => self.input.extend_from_slice(buffer.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return false,
            }
            if self.input.len() > MAX_LINE {
                return false;
            }
        }
        while let Some(end) = self.input.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.input.drain(..=end).collect();
            let reply = self.session.line(&String::from_utf8_lossy(&line), view);
            if self.socket.write_all(reply.text.as_bytes()).is_err() || reply.close {
                return false;
            }
        }
        open
    }
}
