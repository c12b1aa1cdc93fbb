//! A server that answers checks as a case says.

use super::Case;
use lb_harness::loopback;
use socket2::{Domain, SockRef, Socket, Type};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// A short pause: what comes before and after it is read apart.
const PAUSE: Duration = Duration::from_millis(60);
/// How long a connection is kept at most.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the server does next.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Reads until it has these bytes; without any: once.
    Read(Vec<u8>),
    Write(Vec<u8>),
    /// Ends its side.
    End,
    /// Ends all with a reset.
    Reset,
    Pause,
    /// Takes no connection.
    Refuse,
}

/// The running server. Its thread waits for connections to the end of the process.
pub(crate) struct Peer {
    addr: SocketAddr,
    first: Arc<Mutex<Option<Vec<u8>>>>,
    /// One that refuses keeps its port by not listening.
    _kept: Option<Socket>,
}

impl Peer {
    pub(crate) fn start(case: &Case) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&SocketAddr::new(loopback::own_address(), 0).into())?;
        let addr = socket.local_addr()?.as_socket().ok_or_else(|| io::Error::other("no address"))?;
        let first = Arc::new(Mutex::new(None));
        if matches!(case.connections.first().and_then(|steps| steps.first()), Some(Step::Refuse)) {
            return Ok(Self { addr, first, _kept: Some(socket) });
        }
        socket.listen(64)?;
        let (listener, connections, seen) =
            (TcpListener::from(socket), case.connections.clone(), Arc::clone(&first));
        thread::spawn(move || {
            for (stream, number) in listener.incoming().flatten().zip(0..) {
                let steps = connections.get(number).or(connections.last()).cloned().unwrap_or_default();
                let seen = (number == 0).then(|| Arc::clone(&seen));
                thread::spawn(move || serve(stream, &steps, seen));
            }
        });
        Ok(Self { addr, first, _kept: None })
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What came on the first connection; none: there was no connection.
    pub(crate) fn first(&self) -> Option<Vec<u8>> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Goes through the steps, then reads until the other side has ended.
fn serve(mut stream: TcpStream, steps: &[Step], seen: Option<Arc<Mutex<Option<Vec<u8>>>>>) {
    let mut read = Vec::new();
    let keep = |read: &[u8]| {
        if let Some(seen) = &seen {
            *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(read.to_vec());
        }
    };
    keep(&read);
    let _ = stream.set_read_timeout(Some(PATIENCE));
    let more = |stream: &mut TcpStream, read: &mut Vec<u8>| {
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer) {
            Ok(count @ 1..) => {
                read.extend_from_slice(&buffer[..count]);
                true
            }
            _ => false,
        }
    };
    for step in steps {
        match step {
            Step::Read(bytes) if bytes.is_empty() => drop(more(&mut stream, &mut read)),
            Step::Read(bytes) => {
                let has = |read: &[u8]| read.windows(bytes.len()).any(|part| part == bytes);
                while !has(&read) && more(&mut stream, &mut read) {}
            }
            Step::Write(bytes) => drop(stream.write_all(bytes)),
            Step::End => drop(stream.shutdown(Shutdown::Write)),
            Step::Reset => {
                let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
                return keep(&read);
            }
            Step::Pause => thread::sleep(PAUSE),
            Step::Refuse => {}
        }
        keep(&read);
    }
    while more(&mut stream, &mut read) {
        keep(&read);
    }
}
