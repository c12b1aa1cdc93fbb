//! A fresh connection to a server.

use crate::net::{Deadline, Io};
use crate::server::ServerAddress;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::os::linux::net::SocketAddrExt;
use std::pin::pin;
use std::task::Poll;
use tokio::net::{TcpSocket, UnixStream};

/// Why there is no connection.
#[derive(Debug)]
pub enum ConnectError {
    /// `timeout connect`.
    Timeout,
    /// The server or the network refused.
    Refused(io::Error),
    /// This machine has no socket, port or descriptor left.
    Resource(io::Error),
}

/// Connects to `address` before the deadline, from `source` if given.
///
/// Done with the runtime's own sockets: Pingora's connector adds digests, a boxed stream and a system call per close
/// that a clear-text connection per request would pay for.
pub async fn dial(
    address: &ServerAddress,
    source: Option<SocketAddr>,
    deadline: &mut Deadline,
) -> Result<Io, ConnectError> {
    let mut attempt = pin!(attempt(address, source));
    poll_fn(|cx| match attempt.as_mut().poll(cx) {
        Poll::Ready(Ok(io)) => Poll::Ready(Ok(io)),
        Poll::Ready(Err(error)) => Poll::Ready(Err(classify(error))),
        Poll::Pending if deadline.poll(cx) => Poll::Ready(Err(ConnectError::Timeout)),
        Poll::Pending => Poll::Pending,
    })
    .await
}

async fn attempt(address: &ServerAddress, source: Option<SocketAddr>) -> io::Result<Io> {
    match address {
        ServerAddress::Inet(to) => {
            let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
            socket.set_nodelay(true)?;
            if let Some(source) = source {
                socket.set_reuseaddr(true)?;
                socket.bind(source)?;
            }
            Ok(Io::Tcp(socket.connect(*to).await?))
        }
        ServerAddress::Unix(path) => Ok(Io::Unix(UnixStream::connect(path).await?)),
        ServerAddress::Abstract(name) => {
            let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
            // A local connect never blocks: it succeeds, or fails at once with a full backlog.
            let stream = std::os::unix::net::UnixStream::connect_addr(&address)?;
            stream.set_nonblocking(true)?;
            Ok(Io::Unix(UnixStream::from_std(stream)?))
        }
    }
}

fn classify(error: io::Error) -> ConnectError {
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
