//! One stream type over all transports.

use super::{Buffer, Deadline, Lazy};
use nix::sys::socket::MsgFlags;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// A connection. Clear text over TCP is the runtime's own stream, since Pingora's wrapper cost 0.3 us a request
/// and a system call per close when measured; what Pingora makes (TLS) comes boxed.
#[derive(Debug)]
pub enum Io {
    /// TCP in clear text.
    Tcp(TcpStream),
    /// The same, from a client or for a short errand.
    Lazy(Lazy),
    /// A unix socket.
    Unix(UnixStream),
}

/// Why a wait for bytes ended without them.
#[derive(Debug)]
pub enum Fail {
    /// The deadline came first.
    Timeout,
    /// The transport failed, a reset included.
    Io(io::Error),
}

impl From<io::Error> for Fail {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

macro_rules! each {
    ($io:expr, $stream:ident => $body:expr, $lazy:ident => $own:expr) => {
        match $io {
            Io::Tcp($stream) => $body,
            Io::Unix($stream) => $body,
            Io::Lazy($lazy) => $own,
        }
    };
}

impl Io {
    /// Reads into `space`; zero bytes: the peer has ended its side.
    #[inline]
    pub fn poll_read(&mut self, cx: &mut Context<'_>, space: &mut [u8]) -> Poll<io::Result<usize>> {
        each!(
            self,
            stream => {
                let mut buf = ReadBuf::new(space);
                ready!(Pin::new(stream).poll_read(cx, &mut buf))?;
                Poll::Ready(Ok(buf.filled().len()))
            },
            lazy => lazy.poll_read(cx, space)
        )
    }

    /// Writes some of `bytes`.
    #[inline]
    pub fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        each!(self, stream => Pin::new(stream).poll_write(cx, bytes), lazy => lazy.poll_write(cx, bytes))
    }

    /// Writes some of `parts`.
    #[inline]
    pub fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each!(
            self,
            stream => Pin::new(stream).poll_write_vectored(cx, parts),
            lazy => lazy.poll_write_vectored(cx, parts)
        )
    }

    /// Ready when there may be something to read, an end or an error included.
    #[inline]
    pub fn poll_read_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => stream.poll_read_ready(cx), lazy => lazy.poll_read_ready(cx))
    }

    /// Copies what has arrived without taking it; zero bytes: the peer has ended its side.
    pub fn poll_peek(&mut self, cx: &mut Context<'_>, space: &mut [u8]) -> Poll<io::Result<usize>> {
        if let Self::Lazy(lazy) = self {
            return lazy.poll_peek(cx, space);
        }
        let mut peek = |fd: BorrowedFd<'_>| {
            nix::sys::socket::recv(fd.as_raw_fd(), space, MsgFlags::MSG_PEEK).map_err(io::Error::from)
        };
        loop {
            ready!(self.poll_read_ready(cx))?;
            match self.try_io(Interest::READABLE, &mut peek) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                seen => return Poll::Ready(seen),
            }
        }
    }

    /// Moves bytes that have arrived into an empty pipe, inside the kernel; zero: the peer has ended its side.
    pub fn poll_splice_from(
        &mut self,
        cx: &mut Context<'_>,
        pipe: BorrowedFd<'_>,
        length: usize,
    ) -> Poll<io::Result<usize>> {
        if let Self::Lazy(lazy) = self {
            return lazy.poll_splice_from(cx, pipe, length);
        }
        loop {
            ready!(self.poll_read_ready(cx))?;
            match self.try_io(Interest::READABLE, |fd| crate::sys::splice(fd, pipe, length)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                moved => return Poll::Ready(moved),
            }
        }
    }

    /// Moves bytes out of a pipe that holds some.
    pub fn poll_splice_to(
        &mut self,
        cx: &mut Context<'_>,
        pipe: BorrowedFd<'_>,
        length: usize,
    ) -> Poll<io::Result<usize>> {
        loop {
            match self {
                Self::Tcp(stream) => ready!(stream.poll_write_ready(cx))?,
                Self::Unix(stream) => ready!(stream.poll_write_ready(cx))?,
                Self::Lazy(lazy) => return lazy.poll_splice_to(cx, pipe, length),
            }
            match self.try_io(Interest::WRITABLE, |fd| crate::sys::splice(pipe, fd, length)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                moved => return Poll::Ready(moved),
            }
        }
    }

    /// Does something with the descriptor of a stream of the runtime's, which learns of it when it would block.
    fn try_io<T>(
        &self,
        interest: Interest,
        act: impl FnOnce(BorrowedFd<'_>) -> io::Result<T>,
    ) -> io::Result<T> {
        match self {
            Self::Tcp(stream) => stream.try_io(interest, || act(stream.as_fd())),
            Self::Unix(stream) => stream.try_io(interest, || act(stream.as_fd())),
            Self::Lazy(lazy) => act(lazy.fd()),
        }
    }

    /// Ends our side for writing.
    pub fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, stream => Pin::new(stream).poll_shutdown(cx), lazy => Poll::Ready(lazy.shutdown()))
    }

    /// The descriptor, for socket options.
    pub fn fd(&self) -> BorrowedFd<'_> {
        each!(self, stream => stream.as_fd(), lazy => lazy.fd())
    }

    /// Reads once into the buffer; zero: the peer has ended its side.
    #[inline]
    pub async fn read(&mut self, buffer: &mut Buffer, deadline: &mut Deadline) -> Result<usize, Fail> {
        poll_fn(|cx| match self.poll_read(cx, buffer.space()) {
            Poll::Ready(Ok(n)) => {
                buffer.advance(n);
                Poll::Ready(Ok(n))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error.into())),
            Poll::Pending if deadline.poll(cx) => Poll::Ready(Err(Fail::Timeout)),
            Poll::Pending => Poll::Pending,
        })
        .await
    }

    /// Writes all of `bytes`.
    #[inline]
    pub async fn write_all(&mut self, bytes: &[u8], deadline: &mut Deadline) -> Result<(), Fail> {
        let mut written = 0;
        poll_fn(|cx| {
            while written < bytes.len() {
                match self.poll_write(cx, &bytes[written..]) {
                    Poll::Ready(Ok(0)) => {
                        return Poll::Ready(Err(io::Error::from(io::ErrorKind::WriteZero).into()));
                    }
                    Poll::Ready(Ok(n)) => written += n,
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error.into())),
                    Poll::Pending if deadline.poll(cx) => return Poll::Ready(Err(Fail::Timeout)),
                    Poll::Pending => return Poll::Pending,
                }
            }
            Poll::Ready(Ok(()))
        })
        .await
    }

    /// Closes a connection on which nothing is owed any more by a reset: no closing handshake, no lingering port.
    pub fn abandon(self) {
        self.reset_on_close();
    }

    /// The same connection, watched by the calling thread's event loop instead of the one that it came from; none where
    /// that fails, and of a client's.
    pub fn moved_here(self) -> Option<Self> {
        match self {
            Self::Tcp(stream) => stream.into_std().and_then(TcpStream::from_std).map(Self::Tcp).ok(),
            Self::Unix(stream) => stream.into_std().and_then(UnixStream::from_std).map(Self::Unix).ok(),
            Self::Lazy(_) => None,
        }
    }

    /// This side's address, where it has one.
    pub fn near(&self) -> Option<SocketAddr> {
        let fd = self.fd();
        socket2::SockRef::from(&fd).local_addr().ok()?.as_socket()
    }

    /// The other side's address, where it has one.
    pub fn far(&self) -> Option<SocketAddr> {
        let fd = self.fd();
        socket2::SockRef::from(&fd).peer_addr().ok()?.as_socket()
    }

    /// Has the coming close be a reset.
    pub fn reset_on_close(&self) {
        let fd = self.fd();
        // Without it the close is an orderly one, which costs more and is as right.
        let _ = socket2::SockRef::from(&fd).set_linger(Some(std::time::Duration::ZERO));
    }

    /// Has the coming close tell the peer nothing (`silent-drop`): with the right to, the socket is taken out of the
    /// protocol's hands; without it, what is sent dies at the router number `ttl`.
    pub fn vanish(&self, ttl: u8) {
        let fd = self.fd();
        if crate::sys::set_tcp_option(&fd, libc::TCP_REPAIR, 1).is_err() {
            let socket = socket2::SockRef::from(&fd);
            let _ = socket.set_linger(Some(std::time::Duration::ZERO));
            let _ = socket.set_ttl_v4(ttl.into()).or_else(|_| socket.set_unicast_hops_v6(ttl.into()));
        }
    }

    /// True when an idle connection is as it was left: nothing to read, not ended. Never waits.
    #[inline]
    pub fn is_quiet(&mut self) -> bool {
        let mut byte = [0_u8; 1];
        let mut cx = Context::from_waker(std::task::Waker::noop());
        // Outside the runtime's budget, which must not make an ended connection look quiet.
        let mut probe = tokio::task::unconstrained(poll_fn(|cx| self.poll_read(cx, &mut byte)));
        std::future::Future::poll(Pin::new(&mut probe), &mut cx).is_pending()
    }
}

// === for what speaks tokio's own traits: sessions of the runtime API, TLS ===

impl AsyncRead for Io {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = ready!(self.get_mut().poll_read(cx, buf.initialize_unfilled()))?;
        buf.advance(read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Io {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_shutdown(cx)
    }
}
