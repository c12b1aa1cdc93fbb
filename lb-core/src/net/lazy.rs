//! A TCP connection that the event loop watches only once it has to.

use crate::sys;
use nix::sys::socket::MsgFlags;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};
use tokio::io::unix::{AsyncFd, AsyncFdReadyGuard};

/// A connection that may be over before anything has to be waited for: the event loop never hears of such a one, which
/// saves two system calls.
///
/// The request of a short connection is often there when it is accepted, and its answer fits into the socket's buffer.
/// A health check of a server on this machine connects, sends and closes in one go.
#[derive(Debug)]
pub struct Lazy {
    /// Its entry in the event loop.
    watch: Option<AsyncFd<Arc<TcpStream>>>,
    socket: Arc<TcpStream>,
    /// One read may go without the event loop. More would be out of the runtime's budget, by which a task that always
    /// finds something to read lets others run.
    has_read: bool,
}

impl Lazy {
    /// A client's socket, which does not block and may have brought bytes with it.
    pub fn accepted(socket: TcpStream) -> Self {
        Self { watch: None, socket: Arc::new(socket), has_read: false }
    }

    /// A socket to a server, which does not block and brings nothing before it was asked.
    pub fn dialled(socket: TcpStream) -> Self {
        Self { has_read: true, ..Self::accepted(socket) }
    }

    fn watch<'a>(
        watch: &'a mut Option<AsyncFd<Arc<TcpStream>>>,
        socket: &Arc<TcpStream>,
    ) -> io::Result<&'a AsyncFd<Arc<TcpStream>>> {
        Ok(match watch {
            Some(watch) => watch,
            None => watch.insert(sys::watch(socket)?),
        })
    }

    /// Does something when there may be something to read; `short`: the result shows that no more is there.
    fn poll_in<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut act: impl FnMut(&TcpStream) -> io::Result<T>,
        short: impl Fn(&T) -> bool,
    ) -> Poll<io::Result<T>> {
        let watch = Self::watch(&mut self.watch, &self.socket)?;
        loop {
            let guard = ready!(watch.poll_read_ready(cx))?;
            if let Some(done) = attempt(guard, act(&self.socket), &short) {
                return Poll::Ready(done);
            }
        }
    }

    /// Does something when there may be room to write.
    fn poll_out<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut act: impl FnMut(&TcpStream) -> io::Result<T>,
        short: impl Fn(&T) -> bool,
    ) -> Poll<io::Result<T>> {
        if self.watch.is_none() {
            match act(&self.socket) {
                Err(error) if is_for_later(&error) => {}
                done => return Poll::Ready(done),
            }
        }
        let watch = Self::watch(&mut self.watch, &self.socket)?;
        loop {
            let guard = ready!(watch.poll_write_ready(cx))?;
            if let Some(done) = attempt(guard, act(&self.socket), &short) {
                return Poll::Ready(done);
            }
        }
    }

    /// Reads into `space`; zero bytes: the peer has ended its side.
    #[inline]
    pub fn poll_read(&mut self, cx: &mut Context<'_>, space: &mut [u8]) -> Poll<io::Result<usize>> {
        if !self.has_read {
            self.has_read = true;
            match (&*self.socket).read(space) {
                Err(error) if is_for_later(&error) => {}
                read => return Poll::Ready(read),
            }
        }
        let length = space.len();
        self.poll_in(cx, |mut socket| socket.read(space), |&read| read > 0 && read < length)
    }

    /// Writes some of `bytes`.
    #[inline]
    pub fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_out(cx, |mut socket| socket.write(bytes), |&wrote| wrote > 0 && wrote < bytes.len())
    }

    /// Writes some of `parts`.
    #[inline]
    pub fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        self.poll_out(cx, |mut socket| socket.write_vectored(parts), |&wrote| wrote > 0 && wrote < length)
    }

    /// Ready when there may be something to read, an end or an error included.
    #[inline]
    pub fn poll_read_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.has_read {
            return Poll::Ready(Ok(()));
        }
        let watch = Self::watch(&mut self.watch, &self.socket)?;
        watch.poll_read_ready(cx).map_ok(drop)
    }

    /// Copies what has arrived without taking it; zero bytes: the peer has ended its side.
    pub fn poll_peek(&mut self, cx: &mut Context<'_>, space: &mut [u8]) -> Poll<io::Result<usize>> {
        let peek =
            |socket: &TcpStream| Ok(nix::sys::socket::recv(socket.as_raw_fd(), space, MsgFlags::MSG_PEEK)?);
        self.poll_in(cx, peek, |_| false)
    }

    /// Moves bytes that have arrived into an empty pipe, inside the kernel; zero: the peer has ended its side.
    pub fn poll_splice_from(
        &mut self,
        cx: &mut Context<'_>,
        pipe: BorrowedFd<'_>,
        length: usize,
    ) -> Poll<io::Result<usize>> {
        self.poll_in(cx, |socket| sys::splice(socket.as_fd(), pipe, length), |_| false)
    }

    /// Moves bytes out of a pipe that holds some.
    pub fn poll_splice_to(
        &mut self,
        cx: &mut Context<'_>,
        pipe: BorrowedFd<'_>,
        length: usize,
    ) -> Poll<io::Result<usize>> {
        self.poll_out(cx, |socket| sys::splice(pipe, socket.as_fd(), length), |_| false)
    }

    /// Ends our side for writing.
    pub fn shutdown(&self) -> io::Result<()> {
        self.socket.shutdown(Shutdown::Write)
    }

    /// The socket, as long as this has it.
    pub fn socket(&self) -> Weak<TcpStream> {
        Arc::downgrade(&self.socket)
    }

    /// The descriptor, for socket options.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// The event loop is to say when it can be done.
fn is_for_later(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// Tells the event loop what an attempt has shown; none: it is to be made again later. After less than was asked for, the
/// next attempt would be in vain: the event loop has seen everything that came before, and says what comes next.
fn attempt<T>(
    mut guard: AsyncFdReadyGuard<'_, Arc<TcpStream>>,
    done: io::Result<T>,
    short: impl Fn(&T) -> bool,
) -> Option<io::Result<T>> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            guard.clear_ready();
            None
        }
        Err(error) if error.kind() == io::ErrorKind::Interrupted => None,
        Ok(done) => {
            if short(&done) {
                guard.clear_ready();
            }
            Some(Ok(done))
        }
        Err(error) => Some(Err(error)),
    }
}

/// A listening socket.
#[derive(Debug)]
pub struct Acceptor(AsyncFd<TcpListener>);

impl Acceptor {
    /// A socket that listens and does not block.
    ///
    /// # Errors
    /// The event loop does not take it.
    pub fn new(socket: TcpListener) -> io::Result<Self> {
        sys::watch_listener(socket).map(Self)
    }

    /// Accepts a connection.
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Lazy, SocketAddr)>> {
        loop {
            let mut guard = ready!(self.0.poll_read_ready(cx))?;
            if let Ok(accepted) = guard.try_io(|listener| sys::accept(listener.get_ref())) {
                return Poll::Ready(accepted.map(|(socket, source)| (Lazy::accepted(socket), source)));
            }
        }
    }

    /// The descriptor.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.0.get_ref().as_fd()
    }

    /// The socket, out of the event loop.
    pub fn into_inner(self) -> TcpListener {
        self.0.into_inner()
    }
}
