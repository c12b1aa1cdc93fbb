//! A client's connection: small while it is idle, and a boxed exchange while a request runs.

use super::exchange::{After, Wake, serve};
use super::work::{self, Work};
use crate::compile::Plan;
use crate::connect::Private;
use crate::engine::{self, Phase, on_plan, phase, with_waker};
use crate::exchange::Session;
use crate::listen::{Arrival, Tenure, admit};
use crate::net::{Buffer, Deadline, Io};
use crate::proxy::Listener;
use haproxy_cfg_parser::model::Mode;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

/// A client's connection between and during exchanges.
pub(crate) struct Client {
    pub(super) io: Io,
    pub(super) deadline: Deadline,
    /// Lent to the running exchange.
    pub(super) session: Option<Box<Session>>,
    pub(super) plan: Arc<Plan>,
    /// A server's connection that only this client may use (`http-reuse never`).
    pub(super) private: Option<Box<Private>>,
    /// What was read while the connection was a TCP session's.
    pub(super) received: Option<Buffer>,
    /// That of its frontend: HTTP, unless it came as a TCP session.
    pub(super) mode: Mode,
    /// When the last exchange ended, or the connection was accepted.
    pub(super) idle_since: Instant,
    /// The time within which it may be served.
    pub(crate) tenure: Option<Tenure>,
}

/// Starts the task of an accepted connection.
pub fn spawn(arrival: Arrival) {
    tokio::spawn(run(arrival));
}

async fn run(mut arrival: Arrival) {
    let _woken = poll_fn(|cx| Poll::Ready(with_waker(cx.waker()))).await;
    if !admit(&mut arrival).await {
        return;
    }
    let Arrival { io, deadline, session, plan, counted: _counted, tenure, .. } = arrival;
    let Some(session) = session else { return };
    Client { tenure, ..Client::of(io, deadline, session, plan, None) }.serve().await;
}

impl Client {
    /// A connection of which `received` has been read, if it was a TCP session before.
    pub(crate) fn of(
        io: Io,
        deadline: Deadline,
        mut session: Box<Session>,
        plan: Arc<Plan>,
        received: Option<Buffer>,
    ) -> Self {
        session.requests = 0;
        let idle_since = session.accepted;
        let mode = if received.is_some() { Mode::Tcp } else { Mode::Http };
        let (session, private, tenure) = (Some(session), None, None);
        Self { io, deadline, session, plan, private, received, mode, idle_since, tenure }
    }

    /// Serves requests until the connection ends.
    pub(crate) async fn serve(mut self) {
        loop {
            let wake = idle(&mut self).await;
            engine::refresh(&mut self.plan);
            let tenure = self.tenure.clone();
            let mut work = work::take(self.plan.bufsize);
            let after = match wake {
                Wake::Readable if !has_sent(&mut self, &mut work).await => Some(After::KeepAlive),
                wake => {
                    let generation = self.plan.generation;
                    on_plan(generation, tenure.as_ref(), boxed(&mut self, &mut work, wake)).await
                }
            };
            work::give(work);
            match after {
                Some(After::KeepAlive) => {}
                Some(After::Close) => return,
                None => {
                    if tenure.is_some_and(|tenure| tenure.is_over()) {
                        // What was said so far must not look like all of it.
                        self.io.reset_on_close();
                    }
                    return;
                }
            }
        }
    }
}

/// Takes what the client has sent; false when there is nothing yet, so that a connection holds no memory while it says
/// nothing: the runtime takes a new one to be readable until it was read once. An end or an error is found again by the
/// next read.
async fn has_sent(client: &mut Client, work: &mut Work) -> bool {
    if let Some(received) = client.received.take().filter(|received| !received.is_empty()) {
        work.client.fill(received.filled());
        return true;
    }
    poll_fn(|cx| match client.io.poll_read(cx, work.client.space()) {
        Poll::Ready(read) => {
            work.client.advance(read.unwrap_or(0));
            Poll::Ready(true)
        }
        Poll::Pending => Poll::Ready(false),
    })
    .await
}

/// A running exchange on the heap, made outside the task's own state so that an idle connection is small.
fn boxed<'a>(
    client: &'a mut Client,
    work: &'a mut Work,
    wake: Wake,
) -> Pin<Box<dyn Future<Output = After> + Send + 'a>> {
    Box::pin(serve(client, work, wake))
}

/// Waits for the first byte of the next request.
async fn idle(client: &mut Client) -> Wake {
    let Some(session) = &mut client.session else { return Wake::Stopping };
    let first = session.requests == 0;
    if client.received.as_ref().is_some_and(|received| !received.is_empty()) {
        return Wake::Readable;
    }
    let wait = Listener::look(&mut session.listener, |frontend| {
        let timeouts = &frontend.timeouts;
        let wait = match first {
            true => timeouts.http_request,
            false => timeouts.http_keep_alive.or(timeouts.http_request),
        };
        (frontend.mode == client.mode).then(|| wait.or(timeouts.client))
    });
    match wait {
        Some(Some(wait)) => client.deadline.after(client.idle_since, wait),
        // A reload has made it a frontend of another mode.
        Some(None) => return Wake::Stopping,
        None => {}
    }
    let listener = &session.listener;
    let tenure = client.tenure.as_ref();
    poll_fn(|cx| match client.io.poll_read_ready(cx) {
        _ if tenure.is_some_and(Tenure::is_over) => Poll::Ready(Wake::Stopping),
        Poll::Ready(_) => Poll::Ready(Wake::Readable),
        Poll::Pending if client.deadline.poll(cx) => Poll::Ready(Wake::TimedOut),
        Poll::Pending if !first && (phase() >= Phase::Draining || listener.is_retired()) => {
            Poll::Ready(Wake::Stopping)
        }
        Poll::Pending => Poll::Pending,
    })
    .await
}
