//! Accepting connections: within the limits of the process, the frontend and the `bind` line.

use super::{Arrival, Sockets};
use crate::admin;
use crate::engine::{self, Phase, Visitor, phase, with_waker};
use crate::http::client;
use crate::net::{Io, TcpAcceptor};
use crate::proxy::Listener;
use crate::tcp;
use haproxy_cfg_parser::model::Mode;
use socket2::Socket;
use std::future::poll_fn;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::net::UnixListener;
use tokio::task::AbortHandle;

/// After a pause; the system takes no more than `somaxconn`.
const RESUMED_BACKLOG: i32 = 4096;

/// The accepting tasks of one thread.
#[derive(Default)]
pub struct Acceptors {
    /// Those of the runtime API, which no draining ends.
    admin: Vec<(Arc<Listener>, AbortHandle)>,
}

impl Acceptors {
    /// Starts a task for each socket, and ends those of the runtime API whose address is gone. Others end by themselves.
    pub fn take(&mut self, admin: &Arc<admin::Context>, sockets: Sockets) {
        self.admin.retain_mut(|(listener, task)| {
            while let Some(next) = listener.successor.load_full() {
                *listener = next;
            }
            if listener.is_retired() {
                task.abort();
            }
            !listener.is_retired()
        });
        for (listener, sockets) in sockets.all {
            for socket in sockets {
                let listener = Arc::clone(&listener);
                match Acceptor::new(socket) {
                    Ok(acceptor) if listener.level.is_some() => {
                        let task =
                            tokio::spawn(admin_loop(Arc::clone(admin), Arc::clone(&listener), acceptor));
                        self.admin.push((listener, task.abort_handle()));
                    }
                    Ok(acceptor) => {
                        tokio::spawn(accept_loop(listener, acceptor));
                    }
                    Err(error) => tracing::error!(address = listener.address, %error, "cannot listen"),
                }
            }
        }
    }
}

enum Acceptor {
    Tcp(TcpAcceptor),
    Unix(UnixListener),
}

impl Acceptor {
    fn new(socket: Socket) -> io::Result<Self> {
        let unix = socket.local_addr()?.domain() == socket2::Domain::UNIX;
        let fd = OwnedFd::from(socket);
        Ok(if unix {
            Self::Unix(UnixListener::from_std(fd.into())?)
        } else {
            Self::Tcp(TcpAcceptor::new(fd.into())?)
        })
    }

    /// Refuses connections for as long as `is_paused`; those that were not accepted yet are reset, as by
    /// HAProxy. Unix sockets let them wait instead. None: the thread ends.
    async fn pause(self, mut is_paused: impl FnMut() -> bool) -> io::Result<Option<Self>> {
        let resumed = poll_fn(|_| if is_paused() { Poll::Pending } else { Poll::Ready(()) });
        let Self::Tcp(listener) = self else {
            resumed.await;
            return Ok(Some(self));
        };
        // Out of the poller: it would not forget that the socket was shut.
        let socket = Socket::from(listener.into_inner());
        // Not listening any more: an inherited socket that another thread has shut already.
        let _ = socket.shutdown(Shutdown::Read);
        resumed.await;
        if phase() != Phase::Running {
            return Ok(None);
        }
        socket.listen(RESUMED_BACKLOG)?;
        Self::new(socket).map(Some)
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Io, Option<SocketAddr>)>> {
        match self {
            Self::Tcp(listener) => {
                let (stream, source) = ready!(listener.poll_accept(cx))?;
                Poll::Ready(Ok((Io::Accepted(stream), Some(source))))
            }
            Self::Unix(listener) => {
                let (stream, _) = ready!(listener.poll_accept(cx))?;
                Poll::Ready(Ok((Io::Unix(stream), None)))
            }
        }
    }
}

async fn accept_loop(mut listener: Arc<Listener>, mut acceptor: Acceptor) {
    let _woken = poll_fn(|cx| Poll::Ready(with_waker(cx.waker()))).await;
    loop {
        let accepted = poll_fn(|cx| match phase() {
            Phase::Paused | Phase::Stopped => Poll::Ready(None),
            // What the kernel has completed is still served; then the socket closes.
            Phase::Draining => match acceptor.poll_accept(cx) {
                Poll::Ready(accepted) => Poll::Ready(Some(accepted)),
                Poll::Pending => Poll::Ready(None),
            },
            Phase::Running => {
                let frontend = Listener::current(&mut listener);
                if listener.is_retired() {
                    // As when draining: the address is gone by a reload.
                    return match acceptor.poll_accept(cx) {
                        Poll::Ready(accepted) => Poll::Ready(Some(accepted)),
                        Poll::Pending => Poll::Ready(None),
                    };
                }
                if let Some(plan) = engine::plan() {
                    ready!(plan.connections.poll_ready(cx));
                }
                if let Some(frontend) = frontend {
                    if !frontend.gate.is_open() {
                        return Poll::Ready(None);
                    }
                    ready!(frontend.connections.poll_ready(cx));
                }
                ready!(listener.connections.poll_ready(cx));
                acceptor.poll_accept(cx).map(Some)
            }
        })
        .await;
        match accepted {
            None if is_paused(&mut listener) => match acceptor.pause(|| is_paused(&mut listener)).await {
                Ok(Some(resumed)) => acceptor = resumed,
                Ok(None) => return,
                Err(error) => {
                    tracing::error!(address = listener.address, %error, "cannot listen again");
                    return;
                }
            },
            None => return,
            Some(Ok((io, source))) => {
                let frontend = Listener::current(&mut listener);
                let (Some(frontend), Some(plan)) = (frontend, engine::plan()) else { continue };
                let mode = frontend.mode;
                let arrival = Arrival::new(plan, Arc::clone(&listener), frontend, io, source);
                match mode {
                    Mode::Http => client::spawn(arrival),
                    _ => tcp::spawn(arrival),
                }
            }
            Some(Err(error)) => refused(&listener, &error).await,
        }
    }
}

/// Serves a session of the runtime API that came by another way than a `stats socket`.
pub fn receive((socket, level, said): Visitor, admin: &Arc<admin::Context>) {
    let admin = Arc::clone(admin);
    match connection(Socket::from(socket)) {
        Ok(io) => {
            tokio::spawn(async move {
                // A session whose client went away has nobody to tell.
                let _ = admin::resume(io, level, &admin, said).await;
            });
        }
        Err(error) => tracing::error!(%error, "cannot serve a session"),
    }
}

fn connection(socket: Socket) -> io::Result<Io> {
    socket.set_nonblocking(true)?;
    let unix = socket.local_addr()?.domain() == socket2::Domain::UNIX;
    let fd = OwnedFd::from(socket);
    Ok(if unix {
        Io::Unix(tokio::net::UnixStream::from_std(fd.into())?)
    } else {
        Io::Tcp(tokio::net::TcpStream::from_std(fd.into())?)
    })
}

/// The process or the frontend accepts nothing for now, but may again.
fn is_paused(listener: &mut Arc<Listener>) -> bool {
    let frontend = Listener::current(listener);
    let closed = frontend.is_some_and(|frontend| !frontend.gate.is_open()) && !listener.is_retired();
    phase() == Phase::Paused || (closed && phase() == Phase::Running)
}

/// Accepts sessions of the runtime API, also while traffic is paused or drained: operators watch just then.
async fn admin_loop(context: Arc<admin::Context>, mut listener: Arc<Listener>, acceptor: Acceptor) {
    loop {
        let accepted = poll_fn(|cx| acceptor.poll_accept(cx)).await;
        while let Some(next) = listener.successor.load_full() {
            listener = next;
        }
        match accepted {
            Ok((io, _)) => {
                let level = listener.level.unwrap_or_default();
                let context = Arc::clone(&context);
                tokio::spawn(async move {
                    // A session whose client went away has nobody to tell.
                    let _ = admin::serve(io, level, &context).await;
                });
            }
            Err(error) => refused(&listener, &error).await,
        }
    }
}

/// Out of descriptors or memory: wait a little, for the socket stays readable. Others concern one connection only.
async fn refused(listener: &Listener, error: &io::Error) {
    if matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM)) {
        tracing::warn!(address = listener.address, %error, "cannot accept for now");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
