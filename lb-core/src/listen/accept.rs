//! Accepting connections: within the limits of the process, the frontend and the `bind` line.

use super::guest::admin_loop;
use super::permit::quieten;
use super::{Arrival, Permit, Sockets, Tenure};
use crate::admin;
use crate::clock;
use crate::compile::Plan;
use crate::engine::{self, Phase, RateLimit, phase, with_waker};
use crate::http::client;
use crate::net::{Deadline, Io, TcpAcceptor};
use crate::proxy::{Frontend, Listener};
use crate::tcp;
use haproxy_cfg_parser::model::Mode;
use socket2::Socket;
use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::net::UnixListener;
use tokio::task::AbortHandle;

/// After a pause; the system takes no more than `somaxconn`.
const RESUMED_BACKLOG: i32 = 4096;

thread_local! {
    /// What this thread accepts on at addresses that are always this node's.
    static LISTENING: RefCell<Vec<Weak<Acceptor>>> = const { RefCell::new(Vec::new()) };
}

/// The accepting tasks of one thread.
#[derive(Default)]
pub struct Acceptors {
    /// Those of the runtime API, which no draining ends.
    admin: Vec<(Arc<Listener>, AbortHandle)>,
}

impl Acceptors {
    /// Accepts no more sessions of the runtime API: another process does, on the same sockets.
    pub fn leave_admin(&mut self) {
        self.admin.drain(..).for_each(|(_, task)| task.abort());
    }

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

pub(super) enum Acceptor {
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

    /// The same, to be found by [`listening`] while it accepts.
    pub(super) fn listed(self, listener: &Listener) -> Arc<Self> {
        let acceptor = Arc::new(self);
        if listener.permit.is_none() {
            LISTENING.with_borrow_mut(|listening| {
                listening.retain(|known| known.strong_count() > 0);
                listening.push(Arc::downgrade(&acceptor));
            });
        }
        acceptor
    }

    fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(listener) => listener.fd(),
            Self::Unix(listener) => listener.as_fd(),
        }
    }

    /// Refuses connections for as long as `is_paused`; those that were not accepted yet are reset, as by
    /// HAProxy. Unix sockets let them wait instead. None: the thread ends.
    async fn pause(self, leave: &mut Leave, mut is_paused: impl FnMut() -> bool) -> io::Result<Option<Self>> {
        let Self::Tcp(listener) = self else {
            resumed(&mut is_paused).await;
            return Ok(Some(self));
        };
        // Out of the poller: it would not forget that the socket was shut.
        let socket = Socket::from(listener.into_inner());
        leave.rest(&socket);
        loop {
            resumed(&mut is_paused).await;
            if phase() != Phase::Running {
                return Ok(None);
            }
            if leave.listen(&socket)? {
                return Self::new(socket).map(Some);
            }
        }
    }

    pub(super) fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Io, Option<SocketAddr>)>> {
        match self {
            Self::Tcp(listener) => {
                let (stream, source) = ready!(listener.poll_accept(cx))?;
                Poll::Ready(Ok((Io::Lazy(stream), Some(source))))
            }
            Self::Unix(listener) => {
                let (stream, _) = ready!(listener.poll_accept(cx))?;
                Poll::Ready(Ok((Io::Unix(stream), None)))
            }
        }
    }
}

/// Duplicates of the sockets that the calling thread accepts on.
pub(super) fn listening() -> Vec<Socket> {
    LISTENING.with_borrow(|listening| {
        let duplicate = |one: Arc<Acceptor>| one.fd().try_clone_to_owned().ok().map(Socket::from);
        listening.iter().filter_map(Weak::upgrade).filter_map(duplicate).collect()
    })
}

/// Waits until it is paused no more; whoever changes that wakes the task.
async fn resumed(is_paused: &mut impl FnMut() -> bool) {
    poll_fn(|_| if is_paused() { Poll::Pending } else { Poll::Ready(()) }).await;
}

/// Leave to listen on an address that is not always this node's.
struct Leave {
    permit: Option<Permit>,
    /// The socket, for who withdraws it.
    listening: Option<Arc<Socket>>,
    /// The tenure in which it began to listen: in the next one it has to begin again, also where nobody looked in between.
    tenure: Option<u64>,
}

impl Leave {
    /// Has a socket listen no more.
    fn rest(&mut self, socket: &Socket) {
        match &self.permit {
            Some(permit) => permit.rest(socket),
            None => quieten(socket),
        }
        self.listening = None;
    }

    /// Has a socket listen; false: the leave was withdrawn meanwhile.
    fn listen(&mut self, socket: &Socket) -> io::Result<bool> {
        let Some(permit) = &self.permit else { return socket.listen(RESUMED_BACKLOG).map(|()| true) };
        self.tenure = permit.tenure();
        self.listening = permit.listen(socket, RESUMED_BACKLOG)?;
        Ok(self.listening.is_some())
    }

    /// The socket listens, as far as leave is concerned.
    fn lasts(&self) -> bool {
        self.permit.as_ref().is_none_or(|permit| self.tenure.is_some_and(|tenure| !permit.is_over(tenure)))
    }
}

async fn accept_loop(mut listener: Arc<Listener>, acceptor: Acceptor) {
    let mut acceptor = acceptor.listed(&listener);
    let mut leave = Leave { permit: listener.permit.clone(), listening: None, tenure: None };
    let _woken = poll_fn(|cx| Poll::Ready(with_waker(cx.waker()))).await;
    let mut pause = Deadline::default();
    loop {
        let accepted = poll_fn(|cx| match phase() {
            Phase::Paused | Phase::Stopped => Poll::Ready(None),
            // What came was reset.
            Phase::Draining if listener.permit.is_some() && !listener.outlasts_draining() => {
                Poll::Ready(None)
            }
            // What the kernel has completed is still served; then the socket closes.
            Phase::Draining if !listener.outlasts_draining() => match acceptor.poll_accept(cx) {
                Poll::Ready(accepted) => Poll::Ready(Some(accepted)),
                Poll::Pending => Poll::Ready(None),
            },
            Phase::Draining | Phase::Running => {
                let frontend = Listener::current(&mut listener);
                if listener.is_retired() {
                    // As when draining: the address is gone by a reload.
                    return match acceptor.poll_accept(cx) {
                        Poll::Ready(accepted) => Poll::Ready(Some(accepted)),
                        Poll::Pending => Poll::Ready(None),
                    };
                }
                if !leave.lasts() {
                    return Poll::Ready(None);
                }
                let plan = engine::plan();
                if let Some(plan) = &plan {
                    ready!(plan.connections.poll_ready(cx));
                }
                if let Some(frontend) = &frontend {
                    if !frontend.gate.is_open() {
                        return Poll::Ready(None);
                    }
                    ready!(frontend.connections.poll_ready(cx));
                }
                ready!(listener.connections.poll_ready(cx));
                if let (Some(plan), Some(frontend)) = (&plan, &frontend) {
                    ready!(poll_rates(&mut pause, plan, frontend, cx));
                }
                acceptor.poll_accept(cx).map(Some)
            }
        })
        .await;
        match accepted {
            None if is_paused(&mut listener) || is_running(&listener) && !leave.lasts() => {
                // Nobody else holds it but for the moment of a look.
                let Some(paused) = Arc::into_inner(acceptor) else { return };
                match paused.pause(&mut leave, || is_paused(&mut listener)).await {
                    Ok(Some(resumed)) => acceptor = resumed.listed(&listener),
                    Ok(None) => return,
                    Err(error) => {
                        tracing::error!(address = listener.address, %error, "cannot listen again");
                        return;
                    }
                }
            }
            None => return,
            Some(Ok((io, source))) => {
                let frontend = Listener::current(&mut listener);
                let (Some(frontend), Some(plan)) = (frontend, engine::plan()) else { continue };
                // A socket bound to one address tells nothing new about its connections.
                let reached = listener.bound.or_else(|| source.and_then(|_| io.near()));
                if is_probe(&listener, source, reached) {
                    io.abandon();
                    continue;
                }
                let tenure = listener.permit_for(reached).map(Tenure::of);
                if matches!(tenure, Some(None)) {
                    // It came while the address was this node's, and that is over.
                    io.abandon();
                    continue;
                }
                if let Some(probes) = &frontend.probes {
                    probes.apply(&io);
                }
                let mode = frontend.mode;
                let is_rated = frontend.rate_limit != 0 || plan.session_rate.max() != 0;
                let arrival = Arrival::new(
                    plan,
                    Arc::clone(&listener),
                    frontend,
                    io,
                    (source, reached),
                    tenure.flatten(),
                );
                match mode {
                    Mode::Http => client::spawn(arrival),
                    _ => tcp::spawn(arrival),
                }
                if is_rated {
                    // A session counts when its task has run.
                    tokio::task::yield_now().await;
                }
            }
            Some(Err(error)) => refused(&listener, &error).await,
        }
    }
}

/// Ready when limits per second allow another connection; else the task is woken when to ask again.
fn poll_rates(pause: &mut Deadline, plan: &Plan, frontend: &Frontend, cx: &mut Context<'_>) -> Poll<()> {
    loop {
        let own = RateLimit::delay_at(frontend.rate_limit, || {
            frontend.stats.counters.sum(|counters| counters.sess_rate.read(clock::millis()))
        });
        let Some(delay) = own.max(plan.connection_rate.delay()).max(plan.session_rate.delay()) else {
            return Poll::Ready(());
        };
        pause.after(Instant::now(), Some(delay));
        if !pause.poll(cx) {
            return Poll::Pending;
        }
    }
}

/// The process, the frontend or this address accepts nothing for now, but may again.
fn is_paused(listener: &mut Arc<Listener>) -> bool {
    let frontend = Listener::current(listener);
    let closed = frontend.is_some_and(|frontend| !frontend.gate.is_open()) || !is_permitted(listener);
    phase() == Phase::Paused || closed && is_running(listener)
}

/// Connections are accepted here, if nothing else is in the way.
fn is_running(listener: &Listener) -> bool {
    phase() == Phase::Running && !listener.is_retired()
}

/// This node itself looks whether clients would be served: that is no session.
#[inline]
fn is_probe(listener: &Listener, source: Option<SocketAddr>, reached: Option<SocketAddr>) -> bool {
    match (&listener.probe, source) {
        (Some(probe), Some(source)) => probe.is_from(source, reached),
        _ => false,
    }
}

/// The address is this node's now.
fn is_permitted(listener: &Listener) -> bool {
    listener.permit.as_ref().is_none_or(Permit::is_granted)
}

/// Out of descriptors or memory: wait a little, for the socket stays readable. Others concern one connection only.
pub(super) async fn refused(listener: &Listener, error: &io::Error) {
    if matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM)) {
        tracing::warn!(address = listener.address, %error, "cannot accept for now");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
