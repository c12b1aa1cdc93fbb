//! The master socket (`-S`, management guide 9.4): commands to the monitor, and through it to the worker.
//!
//! It is served between signals by the monitor's one thread, so nothing here blocks: what a client does not take at once
//! waits for it, and nothing more is read from it meanwhile.

mod address;
mod command;
mod session;

use crate::version::VERSION;
pub(crate) use address::OpenError;
use lb_core::admin::Level;
use nix::poll::PollFlags;
use session::{Reply, Session};
use socket2::Socket;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use super::signals::Source;

/// Connections at once, as HAProxy's.
const MAX_CLIENTS: usize = 10;
/// Longest line with its payload, as HAProxy's buffer.
const MAX_LINE: usize = 16 * 1024;
/// Bytes of answers that wait for a client before more of them is asked for.
const MAX_OUTPUT: usize = 64 * 1024;

/// The listening socket and its connections.
pub(crate) struct MasterSocket {
    listener: Socket,
    level: Level,
    clients: Vec<Client>,
    started: Instant,
    reloads: Reloads,
}

/// How reloads went.
#[derive(Debug, Default)]
struct Reloads {
    /// How many succeeded.
    done: u32,
    /// How many have failed since the last one that did not.
    failed: u32,
    /// What the last one told.
    logs: String,
}

struct Client {
    socket: Socket,
    input: Vec<u8>,
    /// What it is still to be sent.
    output: Vec<u8>,
    session: Session,
    /// The worker's answer to its last command.
    worker: Option<Socket>,
    /// It has said all that it will.
    ended: bool,
}

/// What a reload came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reloaded {
    /// The new configuration runs; else the one before does.
    pub(crate) success: bool,
    /// What was told about it.
    pub(crate) logs: String,
}

/// What the monitor does for commands.
pub(crate) trait Master {
    /// The worker's process id.
    fn worker(&self) -> i32;
    /// Reads the configuration again. `hard`: what runs on the one before ends at once.
    fn reload(&mut self, hard: bool) -> Reloaded;
    /// Has the worker serve a session of the runtime API on this socket.
    ///
    /// # Errors
    /// It cannot be told.
    fn pass(&mut self, socket: OwnedFd, level: Level, said: Vec<u8>) -> io::Result<()>;
}

/// What commands may see, and what they leave to do.
struct View<'a> {
    version: &'static str,
    monitor: i32,
    uptime: Duration,
    reloads: Reloads,
    master: &'a mut dyn Master,
}

impl MasterSocket {
    /// Binds what `-S` says: an address, and options behind commas.
    ///
    /// # Errors
    /// What is wrong with the words, or what the system refuses.
    pub(crate) fn open(words: &str) -> Result<Self, OpenError> {
        let (listener, level) = address::open(words)?;
        let (clients, started) = (Vec::new(), Instant::now());
        Ok(Self { listener, level, clients, started, reloads: Reloads::default() })
    }

    /// What to wait for.
    pub(crate) fn sources(&self) -> impl Iterator<Item = Source<'_>> {
        let listener = (self.clients.len() < MAX_CLIENTS).then(|| (self.listener.as_fd(), PollFlags::POLLIN));
        listener.into_iter().chain(self.clients.iter().flat_map(Client::sources))
    }

    /// Accepts, reads and answers whatever is there.
    pub(crate) fn serve(&mut self, master: &mut dyn Master) {
        while self.clients.len() < MAX_CLIENTS
            && let Ok((socket, _)) = self.listener.accept()
        {
            if socket.set_nonblocking(true).is_ok() {
                self.clients.push(Client::new(socket, self.level));
            }
        }
        let mut clients = std::mem::take(&mut self.clients);
        clients.retain_mut(|client| {
            let mut view = View {
                version: VERSION,
                monitor: i32::try_from(std::process::id()).unwrap_or(0),
                uptime: self.started.elapsed(),
                reloads: std::mem::take(&mut self.reloads),
                master: &mut *master,
            };
            let stays = client.serve(&mut view);
            self.reloads = view.reloads;
            stays
        });
        self.clients = clients;
    }
}

impl Client {
    fn new(socket: Socket, level: Level) -> Self {
        let (input, output) = (Vec::new(), Vec::new());
        Self { socket, input, output, session: Session::new(level), worker: None, ended: false }
    }

    fn sources(&self) -> impl Iterator<Item = Source<'_>> {
        let mut flags = PollFlags::empty();
        if !self.output.is_empty() {
            flags |= PollFlags::POLLOUT;
        } else if self.worker.is_none() {
            flags |= PollFlags::POLLIN;
        }
        let own = (!flags.is_empty()).then(|| (self.socket.as_fd(), flags));
        let worker = self.worker.as_ref().filter(|_| self.output.len() < MAX_OUTPUT);
        own.into_iter().chain(worker.map(|worker| (worker.as_fd(), PollFlags::POLLIN)))
    }

    /// False when the connection has ended.
    fn serve(&mut self, view: &mut View<'_>) -> bool {
        self.talk(view).unwrap_or(false)
    }

    fn talk(&mut self, view: &mut View<'_>) -> io::Result<bool> {
        loop {
            if !self.flush()? {
                return Ok(true);
            }
            if let Some(mut worker) = self.worker.take() {
                match read(&mut worker, &mut self.output)? {
                    Some(0) => self.output.extend(self.session.prompt(view).into_bytes()),
                    Some(_) => self.worker = Some(worker),
                    None => {
                        self.worker = Some(worker);
                        return Ok(true);
                    }
                }
                continue;
            }
            match self.session.next(&mut self.input, view) {
                Some(Reply::Text(text)) => self.output.extend(text.into_bytes()),
                Some(Reply::Worker { level, said }) => self.ask_worker(level, said, view)?,
                Some(Reply::HandOver { level, mut said }) => {
                    said.append(&mut self.input);
                    view.master.pass(self.socket.try_clone()?.into(), level, said)?;
                    return Ok(false);
                }
                Some(Reply::Close) => return Ok(false),
                None if self.ended || self.input.len() > MAX_LINE => return Ok(false),
                None => match read(&mut self.socket, &mut self.input)? {
                    Some(0) => self.ended = true,
                    Some(_) => {}
                    None => return Ok(true),
                },
            }
        }
    }

    /// Sends what waits; false while some of it still does.
    fn flush(&mut self) -> io::Result<bool> {
        while !self.output.is_empty() {
            match self.socket.write(&self.output) {
                Ok(length) => drop(self.output.drain(..length)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn ask_worker(&mut self, level: Level, said: Vec<u8>, view: &mut View<'_>) -> io::Result<()> {
        let (near, far) = Socket::pair(socket2::Domain::UNIX, socket2::Type::STREAM, None)?;
        near.set_nonblocking(true)?;
        // Nothing more is said: the session ends with its answer.
        near.shutdown(std::net::Shutdown::Write)?;
        view.master.pass(far.into(), level, said)?;
        self.worker = Some(near);
        Ok(())
    }
}

/// Reads what is there; none: nothing for now.
fn read(socket: &mut Socket, into: &mut Vec<u8>) -> io::Result<Option<usize>> {
    let mut buffer = [0; 4096];
    loop {
        return match socket.read(&mut buffer) {
            Ok(length) => {
                into.extend_from_slice(buffer.get(..length).unwrap_or_default());
                Ok(Some(length))
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        };
    }
}
