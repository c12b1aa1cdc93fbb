//! A server that answers by a script and records what it is sent.

use crate::{End, Heard, connection::Connection, eventually, framing, heard::Ear, loopback};
use std::{
    io,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// How long one step waits for what it needs; the connection then stays open and silent.
const WAIT_LIMIT: Duration = Duration::from_secs(30);

/// The most connections that are taken, so that a proxy gone wild ends.
const MOST_CONNECTIONS: usize = 4096;

/// What a server does, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Wait until the head of the request is there.
    Head,
    /// Wait until the whole request is there, body and trailers.
    Request,
    /// Wait until the other side has closed its half, or reset.
    End,
    /// Send these bytes.
    Send(Vec<u8>),
    /// Let this time pass, so that what follows is a segment of its own.
    Pause(Duration),
    /// Close our half, go on listening.
    HalfClose,
    /// Close.
    Close,
    /// Reset.
    Reset,
}

/// What is done for one request.
///
/// It begins with the first byte of the request, or, where its first step waits for nothing, as soon as the
/// connection is there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exchange {
    /// The steps, in order; when they are done and the connection is still open, the next exchange begins.
    pub steps: Vec<Step>,
}

impl Exchange {
    fn waits(&self) -> bool {
        matches!(self.steps.first(), Some(Step::Head | Step::Request | Step::End))
    }
}

/// The exchanges of one server: handed out in order, whichever connection the requests come on. The last one serves
/// all requests from there on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    /// The exchanges; none at all is a server that accepts and says nothing.
    pub exchanges: Vec<Exchange>,
}

impl Script {
    /// Answers every request, once it is there as a whole, with these bytes.
    #[must_use]
    pub fn answer(bytes: &[u8]) -> Self {
        Self::steps(vec![Step::Request, Step::Send(bytes.to_vec())])
    }

    /// Does these steps for every request.
    #[must_use]
    pub fn steps(steps: Vec<Step>) -> Self {
        Self { exchanges: vec![Exchange { steps }] }
    }

    /// Accepts and says nothing.
    #[must_use]
    pub fn silent() -> Self {
        Self::default()
    }
}

/// A running server; it stops, and closes its connections, when dropped.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    script: Script,
    next: AtomicUsize,
    stopped: AtomicBool,
    /// What to ask each accepted connection, in the order of accepting.
    connections: Mutex<Vec<Seat>>,
}

/// A connection as the server keeps it: its recorder, and the socket while it is open (a second owner would keep a
/// reset from going out).
#[derive(Debug)]
struct Seat {
    ear: Ear,
    stream: Weak<TcpStream>,
}

impl Server {
    /// Starts on a free port of [`loopback::own_address`].
    ///
    /// # Errors
    /// What binding gives.
    pub fn start(script: Script) -> io::Result<Self> {
        Self::start_on(SocketAddr::new(loopback::own_address(), 0), script)
    }

    /// Starts on this address; port 0 is any free one.
    ///
    /// # Errors
    /// What binding gives.
    pub fn start_on(addr: SocketAddr, script: Script) -> io::Result<Self> {
        let listener = TcpListener::bind(addr)?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            script,
            next: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
            connections: Mutex::new(Vec::new()),
        });
        let serve = Arc::clone(&shared);
        thread::Builder::new().name("server".into()).spawn(move || serve.accept_loop(&listener))?;
        Ok(Self { addr, shared })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What each connection heard so far, in the order in which they were accepted.
    #[must_use]
    pub fn heard(&self) -> Vec<Heard> {
        self.shared.seats().iter().map(|seat| seat.ear.now()).collect()
    }

    /// Waits until `condition` holds for what the connections heard, for at most `limit`; says whether it does.
    #[must_use]
    pub fn wait_for(&self, condition: impl Fn(&[Heard]) -> bool, limit: Duration) -> bool {
        eventually(limit, || condition(&self.heard()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        for seat in self.shared.seats().iter() {
            if let Some(stream) = seat.stream.upgrade() {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
        // Wakes the accepting thread, which then sees that it is over.
        let _ = TcpStream::connect_timeout(&self.addr, Duration::from_secs(1));
    }
}

impl Shared {
    fn seats(&self) -> MutexGuard<'_, Vec<Seat>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept_loop(self: Arc<Self>, listener: &TcpListener) {
        for _ in 0..MOST_CONNECTIONS {
            let Ok((stream, _)) = listener.accept() else { return };
            if self.stopped.load(Ordering::SeqCst) {
                return;
            }
            let _ = Arc::clone(&self).take(stream);
        }
    }

    fn take(self: Arc<Self>, stream: TcpStream) -> io::Result<()> {
        let connection = Connection::new(stream)?;
        self.seats().push(Seat { ear: connection.ear.clone(), stream: Arc::downgrade(&connection.stream) });
        thread::Builder::new()
            .name("serve".into())
            .stack_size(256 << 10)
            .spawn(move || self.serve(connection))?;
        Ok(())
    }

    /// Plays exchanges on one connection until it ends.
    fn serve(&self, connection: Connection) {
        let mut at = 0;
        while !self.stopped.load(Ordering::SeqCst) {
            let Some(exchange) = self.next_exchange(&connection, at) else { return };
            let mut end = at;
            for step in &exchange.steps {
                match play(step, &connection, at) {
                    Played::On(len) => end = end.max(len),
                    Played::Closed => return,
                    Played::Reset => {
                        connection.reset();
                        return;
                    }
                }
            }
            if connection.ear.now().end != End::Open {
                return;
            }
            at = end;
        }
    }

    /// The exchange for what begins at `at`: the next of the script, or its last.
    fn next_exchange(&self, connection: &Connection, at: usize) -> Option<&Exchange> {
        let begun = || connection.ear.wait_for(|h| h.bytes.len() > at || h.end != End::Open, WAIT_LIMIT);
        let exchanges = &self.script.exchanges;
        let pick = |index: usize| exchanges.get(index).or(exchanges.last());
        let upcoming = self.next.load(Ordering::SeqCst);
        // Speaks unasked only as long as the script says so anew: its repeated last exchange waits for a request.
        let unasked = exchanges.get(upcoming).is_some_and(|e| !e.waits());
        if !unasked && (!begun() || connection.ear.now().bytes.len() <= at) {
            return None;
        }
        pick(self.next.fetch_add(1, Ordering::SeqCst))
    }
}

enum Played {
    /// Go on; the request reaches up to here in what was heard.
    On(usize),
    Closed,
    Reset,
}

/// Plays one step for the request that begins at `at`.
fn play(step: &Step, connection: &Connection, at: usize) -> Played {
    let wait = |len: fn(&[u8]) -> Option<usize>| {
        let there = |h: &Heard| len(h.bytes.get(at..).unwrap_or_default());
        connection.ear.wait_for(|h| there(h).is_some() || h.end != End::Open, WAIT_LIMIT);
        there(&connection.ear.now()).map_or(Played::Closed, |len| Played::On(at + len))
    };
    let closed = |result: io::Result<()>| if result.is_ok() { Played::On(0) } else { Played::Closed };
    match step {
        Step::Head => wait(framing::head_len),
        Step::Request => wait(framing::request_len),
        Step::End => {
            connection.ear.wait_for(|h| h.end != End::Open, WAIT_LIMIT);
            Played::On(0)
        }
        Step::Send(bytes) => closed(connection.send(bytes)),
        Step::Pause(time) => {
            thread::sleep(*time);
            Played::On(0)
        }
        Step::HalfClose => closed(connection.half_close()),
        Step::Close => Played::Closed,
        Step::Reset => Played::Reset,
    }
}
