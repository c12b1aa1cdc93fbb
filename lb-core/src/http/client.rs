//! A client's connection: small while it is idle, and a boxed exchange while a request runs.

use super::exchange::{After, Wake, serve};
use super::work::{self, Work};
use crate::compile::Plan;
use crate::connect::Private;
use crate::engine::{self, Phase, Woken, on_plan, phase, with_waker};
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
    /// Has the task woken at every change of phase.
    pub(super) woken: Woken,
    /// When the last exchange ended, or the connection was accepted.
    pub(super) idle_since: Instant,
}

/// Starts the task of an accepted connection.
pub fn spawn(arrival: Arrival) {
    // A task keeps its arguments' place to its end.
    tokio::spawn(run(Box::new(arrival)));
}

async fn run(mut arrival: Box<Arrival>) {
    let woken = poll_fn(|cx| Poll::Ready(with_waker(cx.waker()))).await;
    if !admit(&mut arrival).await {
        return;
    }
    let Arrival { io, deadline, session, plan, counted: _counted, tenure, .. } = *arrival;
    let Some(session) = session else { return };
    Client::of(io, deadline, session, plan, woken, None).serve(tenure).await;
}

impl Client {
    /// A connection of which `received` has been read, if it was a TCP session before.
    pub(crate) fn of(
        io: Io,
        deadline: Deadline,
        mut session: Box<Session>,
        plan: Arc<Plan>,
        woken: Woken,
        received: Option<Buffer>,
    ) -> Self {
        session.requests = 0;
        let idle_since = session.accepted;
        let mode = if received.is_some() { Mode::Tcp } else { Mode::Http };
        Self { io, deadline, session: Some(session), plan, private: None, received, mode, woken, idle_since }
    }

    /// Serves requests until the connection ends, or the time within which it may be served.
    // No `async fn`, which would keep the client twice.
    pub(crate) fn serve(self, tenure: Option<Tenure>) -> impl Future<Output = ()> + Send {
        let mut client = self;
        async move {
            let tenure = tenure.as_ref();
            loop {
                let wake = idle(&mut client, tenure).await;
                match client.step(wake, tenure).await {
                    Some(After::KeepAlive) => {}
                    Some(After::Close) => return,
                    None => {
                        if tenure.is_some_and(Tenure::is_over) {
                            // What was said so far must not look like all of it.
                            client.io.reset_on_close();
                        }
                        return;
                    }
                }
            }
        }
    }

    /// Does what an idle connection has been woken for; none: it was ended from outside.
    async fn step(&mut self, wake: Wake, tenure: Option<&Tenure>) -> Option<After> {
        engine::refresh(&mut self.plan);
        let mut work = work::take(self.plan.bufsize);
        let after = match wake {
            Wake::Readable if !has_sent(self, &mut work).await => Some(After::KeepAlive),
            wake => on_plan(self.plan.generation, tenure, boxed(self, &mut work, wake)).await,
        };
        work::give(work);
        after
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
async fn idle(client: &mut Client, tenure: Option<&Tenure>) -> Wake {
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
        (frontend.mode == client.mode).then(|| (wait.or(timeouts.client), frontend.keeps_idle))
    });
    let mut stays = false;
    match wait {
        Some(Some((wait, keeps))) => {
            client.deadline.after(client.idle_since, wait);
            stays = keeps;
        }
        // A reload has made it a frontend of another mode.
        Some(None) => return Wake::Stopping,
        None => {}
    }
    let (listener, plan) = (&session.listener, &mut client.plan);
    poll_fn(|cx| match client.io.poll_read_ready(cx) {
        _ if tenure.is_some_and(Tenure::is_over) => Poll::Ready(Wake::Stopping),
        Poll::Ready(_) => Poll::Ready(Wake::Readable),
        Poll::Pending if client.deadline.poll(cx) => Poll::Ready(Wake::TimedOut),
        Poll::Pending
            if !first
                && ((phase() >= Phase::Draining && !stays)
                    || phase() == Phase::Stopped
                    || listener.is_retired()) =>
        {
            Poll::Ready(Wake::Stopping)
        }
        Poll::Pending => {
            // A reload wakes it: who says nothing for long must not keep a plan.
            engine::refresh(plan);
            Poll::Pending
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size<A, F: Future>(_: impl Fn(A) -> F) -> usize {
        size_of::<F>()
    }

    /// Each of many idle connections costs its task, besides its session and what the runtime adds.
    #[test]
    fn the_task_of_a_connection_is_small() {
        assert!(size(run) <= 512, "{} bytes", size(run));
    }
}
