//! A fresh connection to a server.

use super::socks4;
use super::way::Route;
use crate::net::{Deadline, Io, Lazy, abstract_name};
use crate::server::ServerAddress;
use socket2::{Domain, Protocol, Socket, Type};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::os::linux::net::SocketAddrExt;
use std::task::Poll;
use tokio::net::{TcpStream, UnixStream};

/// Why there is no connection.
#[derive(Debug)]
pub enum ConnectError {
    /// `timeout connect`.
    Timeout,
    /// The server or the network refused.
    Refused(io::Error),
    /// The SOCKS4 proxy on the way led nowhere.
    Proxy(socks4::Failure),
    /// This machine has no socket, port or descriptor left.
    Resource(io::Error),
}

impl ConnectError {
    /// Time ran out.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout | Self::Proxy(socks4::Failure::TimedOut))
    }

    /// The other end said no.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Proxy(_)) && !self.is_timeout()
    }
}

/// How to connect.
#[derive(Clone, Copy, Debug, Default)]
struct Manner<'a> {
    /// What is to be sent first.
    first: &'a [u8],
    /// Bytes follow soon, or none ever: either way the server need not hear of the connection by itself.
    quiet: bool,
    /// The connection may be over before anything has to be waited for.
    brief: bool,
}

/// Connects by `route` before the deadline, and sends the start of `first` where that can be
/// done without waiting: to a server on this machine the connection is there when the call returns, which saves a
/// round through the event loop. Gives the connection and how many bytes were sent.
///
/// Done with the runtime's own sockets: Pingora's connector adds digests, a boxed stream and a system call per close
/// that a clear-text connection per request would pay for.
pub async fn dial(
    route: &Route<'_>,
    first: &[u8],
    deadline: &mut Deadline,
) -> Result<(Io, usize), ConnectError> {
    by(route, Manner { first, quiet: !first.is_empty(), brief: false }, deadline).await
}

/// [`dial`] for a health check, which may end without having waited: the event loop hears of its connection only if it
/// has to. `quiet`: bytes follow soon, or none ever, so that a check that wants no more than a connection does not
/// wake the server at all.
///
/// # Errors
/// As [`dial`]'s.
pub async fn dial_briefly(
    route: &Route<'_>,
    first: &[u8],
    quiet: bool,
    deadline: &mut Deadline,
) -> Result<(Io, usize), ConnectError> {
    by(route, Manner { first, quiet, brief: true }, deadline).await
}

async fn by(
    route: &Route<'_>,
    manner: Manner<'_>,
    deadline: &mut Deadline,
) -> Result<(Io, usize), ConnectError> {
    match (&route.to, route.via) {
        (ServerAddress::Inet(to), Some(proxy)) => {
            // Nothing but the question may reach the proxy before it has answered.
            let manner = Manner { first: b"", quiet: true, ..manner };
            let (mut io, _) = connect(proxy, route, manner, deadline).await?;
            socks4::ask(&mut io, *to, deadline).await.map_err(ConnectError::Proxy)?;
            Ok((io, 0))
        }
        (address, _) => connect(address, route, manner, deadline).await,
    }
}

async fn connect(
    address: &ServerAddress,
    route: &Route<'_>,
    manner: Manner<'_>,
    deadline: &mut Deadline,
) -> Result<(Io, usize), ConnectError> {
    match address {
        ServerAddress::Inet(to) => inet(*to, route, manner, deadline).await,
        ServerAddress::Unix(path) => {
            let connected = std::os::unix::net::UnixStream::connect(&**path);
            connected.and_then(local).map_err(classify)
        }
        ServerAddress::Abstract(name) => {
            let address = std::os::unix::net::SocketAddr::from_abstract_name(abstract_name(name));
            let connected =
                address.and_then(|address| std::os::unix::net::UnixStream::connect_addr(&address));
            connected.and_then(local).map_err(classify)
        }
        // In maintenance until its name has an address; this is for those who persist on it.
        ServerAddress::Unresolved(_) => Err(ConnectError::Refused(io::ErrorKind::AddrNotAvailable.into())),
    }
}

async fn inet(
    to: SocketAddr,
    route: &Route<'_>,
    manner: Manner<'_>,
    deadline: &mut Deadline,
) -> Result<(Io, usize), ConnectError> {
    let (socket, at_once) = start(to, route, manner).map_err(classify)?;
    let sent = match manner {
        Manner { first: b"", brief: true, .. } if !at_once => again(&socket, to),
        Manner { first: b"", .. } if at_once => Ok(0),
        Manner { first: b"", .. } => Err(io::ErrorKind::WouldBlock.into()),
        Manner { first, .. } => socket.send(first),
    };
    match sent {
        Ok(sent) => return keep(socket, manner).map(|io| (io, sent)).map_err(classify),
        Err(_) if at_once => return keep(socket, manner).map(|io| (io, 0)).map_err(classify),
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected) => {}
        Err(error) => return Err(classify(error)),
    }
    let stream = TcpStream::from_std(socket.into()).map_err(classify)?;
    poll_fn(|cx| match stream.poll_write_ready(cx) {
        Poll::Ready(done) => Poll::Ready(done.map_err(classify)),
        Poll::Pending if deadline.poll(cx) => Poll::Ready(Err(ConnectError::Timeout)),
        Poll::Pending => Poll::Pending,
    })
    .await?;
    match stream.take_error() {
        Ok(None) => Ok((Io::Tcp(stream), 0)),
        Ok(Some(error)) | Err(error) => Err(classify(error)),
    }
}

/// A connection that stands.
fn keep(socket: Socket, manner: Manner<'_>) -> io::Result<Io> {
    if manner.brief {
        return Ok(Io::Lazy(Lazy::dialled(socket.into())));
    }
    TcpStream::from_std(socket.into()).map(Io::Tcp)
}

/// Asks whether what was begun has led to a connection.
fn again(socket: &Socket, to: SocketAddr) -> io::Result<usize> {
    match socket.connect(&to.into()) {
        Ok(()) => Ok(0),
        Err(error) => match error.raw_os_error() {
            Some(libc::EISCONN) => Ok(0),
            Some(libc::EALREADY | libc::EINPROGRESS) => Err(io::ErrorKind::WouldBlock.into()),
            _ => Err(error),
        },
    }
}

/// Begins to connect; true: the connection is there already.
fn start(to: SocketAddr, route: &Route<'_>, manner: Manner<'_>) -> io::Result<(Socket, bool)> {
    let mut result = attempt(to, route, manner);
    // Of a range of ports some may be taken.
    for _ in 1..route.from.tries() {
        match &result {
            Err(error) if matches!(error.raw_os_error(), Some(libc::EADDRINUSE | libc::EADDRNOTAVAIL)) => {
                result = attempt(to, route, manner);
            }
            _ => break,
        }
    }
    result
}

fn attempt(to: SocketAddr, route: &Route<'_>, manner: Manner<'_>) -> io::Result<(Socket, bool)> {
    let socket =
        Socket::new(Domain::for_address(to), Type::STREAM.nonblocking().cloexec(), Some(Protocol::TCP))?;
    socket.set_tcp_nodelay(true)?;
    if manner.quiet {
        // The handshake's last acknowledgement travels with the request: one packet less, and the server wakes up once
        // (HAProxy: `option tcp-smart-connect`). Without it nothing is lost.
        let _ = socket.set_tcp_quickack(false);
    }
    if !route.from.is_free() {
        route.from.bind(&socket, to)?;
    }
    if route.user_timeout.is_some() {
        // A kernel that does not know it has its own patience.
        let _ = socket.set_tcp_user_timeout(route.user_timeout);
    }
    if route.fast_open && !manner.first.is_empty() {
        // Without it the handshake goes first, as always.
        let _ = crate::sys::set_tcp_option(&socket, libc::TCP_FASTOPEN_CONNECT, 1);
    }
    let at_once = match socket.connect(&to.into()) {
        Ok(()) => true,
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => false,
        Err(error) => return Err(error),
    };
    Ok((socket, at_once))
}

/// A local connect never waits for long: it succeeds, or fails at once with a full backlog.
fn local(stream: std::os::unix::net::UnixStream) -> io::Result<(Io, usize)> {
    stream.set_nonblocking(true)?;
    Ok((Io::Unix(UnixStream::from_std(stream)?), 0))
}

pub(super) fn classify(error: io::Error) -> ConnectError {
    match error.raw_os_error() {
        Some(
            libc::EMFILE
            | libc::ENFILE
            | libc::ENOBUFS
            | libc::ENOMEM
            | libc::EADDRNOTAVAIL
            | libc::EADDRINUSE,
        ) => ConnectError::Resource(error),
        _ => ConnectError::Refused(error),
    }
}
