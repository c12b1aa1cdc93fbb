//! A fresh connection to a server.

use super::socks4;
use super::way::Route;
use crate::net::{Deadline, Io, abstract_name};
use crate::server::ServerAddress;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
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
    dial_for(route, first, !first.is_empty(), deadline).await
}

/// [`dial`], which is told whether bytes follow soon, or none ever: either way the server need not hear of the
/// connection by itself, and a check that wants no more than a connection does not wake it at all.
///
/// # Errors
/// As [`dial`]'s.
pub async fn dial_for(
    route: &Route<'_>,
    first: &[u8],
    quiet: bool,
    deadline: &mut Deadline,
) -> Result<(Io, usize), ConnectError> {
    match (&route.to, route.via) {
        (ServerAddress::Inet(to), Some(proxy)) => {
            // Nothing but the question may reach the proxy before it has answered.
            let (mut io, _) = connect(proxy, route, b"", true, deadline).await?;
            socks4::ask(&mut io, *to, deadline).await.map_err(ConnectError::Proxy)?;
            Ok((io, 0))
        }
        (address, _) => connect(address, route, first, quiet, deadline).await,
    }
}

async fn connect(
    address: &ServerAddress,
    route: &Route<'_>,
    first: &[u8],
    quiet: bool,
    deadline: &mut Deadline,
) -> Result<(Io, usize), ConnectError> {
    match address {
        ServerAddress::Inet(to) => inet(*to, route, first, quiet, deadline).await,
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
    first: &[u8],
    quiet: bool,
    deadline: &mut Deadline,
) -> Result<(Io, usize), ConnectError> {
    let (stream, at_once) = start(to, route, quiet, !first.is_empty()).map_err(classify)?;
    match if first.is_empty() {
        Err(io::ErrorKind::WouldBlock.into())
    } else {
        SockRef::from(&stream).send(first)
    } {
        Ok(sent) => return Ok((Io::Tcp(stream), sent)),
        Err(_) if at_once => return Ok((Io::Tcp(stream), 0)),
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected) => {}
        Err(error) => return Err(classify(error)),
    }
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

/// Begins to connect; true: the connection is there already. `quiet`: as for [`dial_for`]; `speaks`: bytes follow at once.
fn start(to: SocketAddr, route: &Route<'_>, quiet: bool, speaks: bool) -> io::Result<(TcpStream, bool)> {
    let mut result = attempt(to, route, quiet, speaks);
    // Of a range of ports some may be taken.
    for _ in 1..route.from.tries() {
        match &result {
            Err(error) if matches!(error.raw_os_error(), Some(libc::EADDRINUSE | libc::EADDRNOTAVAIL)) => {
                result = attempt(to, route, quiet, speaks);
            }
            _ => break,
        }
    }
    result
}

fn attempt(to: SocketAddr, route: &Route<'_>, quiet: bool, speaks: bool) -> io::Result<(TcpStream, bool)> {
    let socket =
        Socket::new(Domain::for_address(to), Type::STREAM.nonblocking().cloexec(), Some(Protocol::TCP))?;
    socket.set_tcp_nodelay(true)?;
    if quiet {
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
    if route.fast_open && speaks {
        // Without it the handshake goes first, as always.
        let _ = crate::sys::set_tcp_option(&socket, libc::TCP_FASTOPEN_CONNECT, 1);
    }
    let at_once = match socket.connect(&to.into()) {
        Ok(()) => true,
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => false,
        Err(error) => return Err(error),
    };
    Ok((TcpStream::from_std(socket.into())?, at_once))
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
