//! A client's connection: small while it is idle, and a boxed exchange while a request runs.

use super::exchange::{After, Wake, admitted, serve};
use crate::compile::Plan;
use crate::connect::Private;
use crate::engine::{Phase, phase, with_waker};
use crate::exchange::Session;
use crate::net::{Deadline, Io};
use crate::process;
use crate::proxy::{Frontend, Listener};
use crate::sample::Vars;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Instant, SystemTime};

/// A client's connection between and during exchanges.
pub(super) struct Client {
    pub(super) io: Io,
    pub(super) deadline: Deadline,
    /// Lent to the running exchange.
    pub(super) session: Option<Box<Session>>,
    pub(super) plan: Arc<Plan>,
    /// A server's connection that only this client may use (`http-reuse never`).
    pub(super) private: Option<Box<Private>>,
    /// When the last exchange ended, or the connection was accepted.
    pub(super) idle_since: Instant,
}

/// Counts a connection in all its places for as long as it lives.
struct Counted {
    plan: Arc<Plan>,
    listener: Arc<Listener>,
    frontend: Arc<Frontend>,
}

impl Counted {
    fn new(plan: Arc<Plan>, listener: Arc<Listener>, frontend: Arc<Frontend>) -> Self {
        use std::sync::atomic::Ordering::Relaxed;
        process::live().connections.fetch_add(1, Relaxed);
        plan.connections.enter();
        listener.connections.enter();
        frontend.connections.enter();
        let stats = &frontend.stats;
        let now = stats.current.fetch_add(1, Relaxed) + 1;
        stats.current_max.fetch_max(now, Relaxed);
        let counters = stats.counters.mine();
        counters.conn_tot.inc();
        counters.sess_tot.inc();
        let millis = crate::clock::millis();
        counters.conn_rate.add(1, millis);
        counters.sess_rate.add(1, millis);
        Self { plan, listener, frontend }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        process::live().connections.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
        self.frontend.stats.current.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
        self.frontend.connections.leave();
        self.listener.connections.leave();
        self.plan.connections.leave();
    }
}

/// Starts the task of an accepted connection.
pub fn spawn(
    plan: Arc<Plan>,
    listener: Arc<Listener>,
    frontend: Arc<Frontend>,
    io: Io,
    src: Option<SocketAddr>,
) {
    let counted = Counted::new(Arc::clone(&plan), Arc::clone(&listener), frontend);
    // A socket bound to one address tells nothing new about its connections.
    let dst = match listener.bound {
        Some(bound) => Some(bound),
        None => src.and_then(|_| local_address(&io)),
    };
    let accepted = Instant::now();
    let session = Box::new(Session {
        src,
        dst,
        listener,
        accepted_at: SystemTime::now(),
        accepted,
        vars: Vars::default(),
        requests: 0,
    });
    let client = Client {
        io,
        deadline: Deadline::default(),
        session: Some(session),
        plan,
        private: None,
        idle_since: accepted,
    };
    tokio::spawn(run(client, counted));
}

/// The address that the client reached.
fn local_address(io: &Io) -> Option<SocketAddr> {
    let fd = io.fd();
    socket2::SockRef::from(&fd.as_fd()).local_addr().ok()?.as_socket()
}

async fn run(mut client: Client, _counted: Counted) {
    let _woken = poll_fn(|cx| Poll::Ready(with_waker(cx.waker()))).await;
    if !admitted(&mut client) {
        return;
    }
    loop {
        let wake = idle(&mut client).await;
        match boxed(&mut client, wake).await {
            After::KeepAlive => {}
            After::Close => return,
        }
    }
}

/// A running exchange on the heap, made outside the task's own state so that an idle connection is small.
fn boxed(client: &mut Client, wake: Wake) -> Pin<Box<dyn Future<Output = After> + Send + '_>> {
    Box::pin(serve(client, wake))
}

/// Waits for the first byte of the next request.
async fn idle(client: &mut Client) -> Wake {
    let Some(session) = &client.session else { return Wake::Stopping };
    let first = session.requests == 0;
    if let Some(frontend) = &*session.listener.frontend.load() {
        let timeouts = &frontend.timeouts;
        let wait = if first {
            timeouts.http_request.or(timeouts.client)
        } else {
            timeouts.http_keep_alive.or(timeouts.http_request).or(timeouts.client)
        };
        client.deadline.after(client.idle_since, wait);
    }
    poll_fn(|cx| match client.io.poll_read_ready(cx) {
        Poll::Ready(_) => Poll::Ready(Wake::Readable),
        Poll::Pending if client.deadline.poll(cx) => Poll::Ready(Wake::TimedOut),
        Poll::Pending if !first && phase() >= Phase::Draining => Poll::Ready(Wake::Stopping),
        Poll::Pending => Poll::Pending,
    })
    .await
}
