//! Both directions of a session until both sides have ended: half-closed sides, time-outs, how it ended.
//!
//! Each direction has two clocks, one for its sender and one for its receiver, as HAProxy's channels have: what is
//! written to a side is a sign of life of that side as well, unless `option independent-streams` says otherwise.

use super::flow::{Failed, Flow};
use crate::exchange::Cause;
use crate::net::{Deadline, Io};
use crate::server::Severed;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// Which of the two parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Server,
}

/// What `timeout ...` lines say for a relay.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Patience {
    /// `timeout client`, or `timeout tunnel`.
    pub(super) client: Option<Duration>,
    /// `timeout server`, or `timeout tunnel`.
    pub(super) server: Option<Duration>,
    /// `timeout client-fin`.
    pub(super) client_fin: Option<Duration>,
    /// `timeout server-fin`.
    pub(super) server_fin: Option<Duration>,
    /// `timeout tunnel` is in force.
    pub(super) tunnel: bool,
    /// `option independent-streams` of client and server: what is written to them is no sign of life of theirs.
    pub(super) independent: (bool, bool),
}

/// One direction with its clocks.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) flow: Flow,
    read: Clock,
    write: Clock,
}

/// How long one waits, and since when.
#[derive(Clone, Copy, Debug)]
struct Clock {
    since: Instant,
    patience: Option<Duration>,
}

impl Clock {
    fn at(&self) -> Option<Instant> {
        self.patience
            .filter(|patience| !patience.is_zero())
            .and_then(|patience| self.since.checked_add(patience))
    }

    fn passed(&self, now: Instant) -> bool {
        self.at().is_some_and(|at| at <= now)
    }
}

impl Lane {
    fn new(flow: Flow, read: Option<Duration>, write: Option<Duration>, now: Instant) -> Self {
        Self {
            flow,
            read: Clock { since: now, patience: read },
            write: Clock { since: now, patience: write },
        }
    }

    /// The earliest moment at which a clock runs out.
    fn at(&self) -> Option<Instant> {
        let read = if self.flow.wants_more() { self.read.at() } else { None };
        let write =
            if self.flow.is_pending() && !self.flow.shut && !self.flow.held { self.write.at() } else { None };
        [read, write].into_iter().flatten().min()
    }

    /// Ends both halves of it; what waits is dropped.
    pub(super) fn kill(&mut self) {
        self.flow.ended = true;
        self.flow.shut = true;
        self.flow.discard();
    }
}

/// What ended a session early, and on whose account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Incident {
    pub(super) cause: Cause,
    /// A transport failed; else a time-out.
    pub(super) failed: Option<Side>,
}

/// A session that is connected.
pub(super) struct Relay {
    /// From the client.
    pub(super) up: Lane,
    /// From the server.
    pub(super) down: Lane,
    patience: Patience,
    /// What went wrong first.
    pub(super) incident: Option<Incident>,
    /// The server has failed, which may come after another incident.
    pub(super) server_failed: bool,
    /// While the server's bytes are held: when their inspection ends whatever they are.
    pub(super) until: Option<Instant>,
    /// Whether the server's side was ended from outside, which ends both.
    pub(super) severed: Option<Arc<Severed>>,
}

impl Relay {
    pub(super) fn new(up: Flow, down: Flow, patience: Patience, now: Instant) -> Self {
        Self {
            up: Lane::new(up, patience.client, patience.server, now),
            down: Lane::new(down, patience.server, patience.client, now),
            patience,
            incident: None,
            server_failed: false,
            until: None,
            severed: None,
        }
    }

    /// Relays until both sides have ended, or, while the server's bytes are held, until there is more of them to
    /// look at.
    pub(super) async fn run(&mut self, client: &mut Io, server: &mut Io, deadline: &mut Deadline) {
        poll_fn(|cx| self.poll(cx, client, server, deadline)).await;
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        client: &mut Io,
        server: &mut Io,
        deadline: &mut Deadline,
    ) -> Poll<()> {
        loop {
            let (up, down) = (self.up.flow.poll(cx, client, server), self.down.flow.poll(cx, server, client));
            let moved = |result: &Result<_, _>| match result {
                Ok(moved) => *moved,
                Err(_) => super::flow::Moved::default(),
            };
            let (sent, received) = (moved(&up), moved(&down));
            if sent.read || sent.wrote || received.read || received.wrote {
                self.note(sent, received, Instant::now());
            }
            for (result, reader, writer) in
                [(up, Side::Client, Side::Server), (down, Side::Server, Side::Client)]
            {
                match result {
                    Ok(_) => {}
                    Err(Failed::Read) => self.lost(reader),
                    Err(Failed::Write) => self.refused(writer),
                }
            }
            let ended = self.down.flow.ended || self.server_failed;
            if let Some(cause) = self.severed.as_ref().filter(|_| ended).and_then(|severed| severed.cause()) {
                self.incident = Some(Incident { cause, failed: None });
                self.up.kill();
                self.down.flow.ended = true;
                self.server_failed = false;
            }
            self.pass_ends(cx, client, server);
            if self.is_over() || (self.down.flow.held && received.read) {
                return Poll::Ready(());
            }
            deadline.set([self.until, self.up.at(), self.down.at()].into_iter().flatten().min());
            if !deadline.poll(cx) {
                return Poll::Pending;
            }
            if deadline.was_cut() {
                self.incident = Some(Incident { cause: Cause::Killed, failed: None });
                self.up.kill();
                self.down.kill();
                return Poll::Ready(());
            }
            let now = Instant::now();
            self.expire(now);
            if self.until.is_some_and(|until| until <= now) {
                return Poll::Ready(());
            }
        }
    }

    /// Winds the clocks of those who gave a sign of life.
    fn note(&mut self, sent: super::flow::Moved, received: super::flow::Moved, now: Instant) {
        let (client, server) = self.patience.independent;
        if sent.read || (received.wrote && !client) {
            self.up.read.since = now;
        }
        if received.read || (sent.wrote && !server) {
            self.down.read.since = now;
        }
        if sent.read || sent.wrote {
            self.up.write.since = now;
        }
        if received.read || received.wrote {
            self.down.write.since = now;
        }
    }

    /// Tells receivers that their sender has ended, once they have all of its bytes.
    fn pass_ends(&mut self, cx: &mut Context<'_>, client: &mut Io, server: &mut Io) {
        for _ in 0..2 {
            if self.up.flow.ended && !self.up.flow.shut && !self.up.flow.is_pending() {
                // A side that does not take the end is gone, which the next read tells.
                let _ = server.poll_shutdown(cx);
                self.shut(Side::Server);
            }
            let held = self.down.flow.held;
            if self.down.flow.ended && !self.down.flow.shut && !held && !self.down.flow.is_pending() {
                let _ = client.poll_shutdown(cx);
                self.shut(Side::Client);
            }
            // Nobody reads for a receiver that takes no more.
            self.up.flow.ended |= self.up.flow.shut;
            self.down.flow.ended |= self.down.flow.shut;
        }
    }

    /// A side was told the end: from now on the `-fin` patience holds for it.
    fn shut(&mut self, side: Side) {
        let now = Instant::now();
        let Patience { client_fin, server_fin, tunnel, .. } = self.patience;
        let (fin, other_fin) = match side {
            Side::Server => (server_fin, client_fin),
            Side::Client => (client_fin, server_fin),
        };
        let (to, from) = self.lanes(side);
        to.flow.shut = true;
        if fin.is_some() {
            from.read = Clock { since: now, patience: fin };
        }
        if tunnel && other_fin.is_some() {
            from.write.patience = other_fin;
        }
    }

    /// A side's transport is gone. The other gets what is on its way to it.
    fn lost(&mut self, side: Side) {
        self.refused(side);
        let (_, from) = self.lanes(side);
        from.flow.ended = true;
    }

    /// A side takes no more bytes; it may have sent some that are still to be read.
    fn refused(&mut self, side: Side) {
        let (to, _) = self.lanes(side);
        to.kill();
        self.server_failed |= side == Side::Server;
        let cause = if side == Side::Client { Cause::Client } else { Cause::Server };
        self.incident.get_or_insert(Incident { cause, failed: Some(side) });
    }

    /// The lane to a side, and the one from it.
    fn lanes(&mut self, side: Side) -> (&mut Lane, &mut Lane) {
        match side {
            Side::Client => (&mut self.down, &mut self.up),
            Side::Server => (&mut self.up, &mut self.down),
        }
    }

    /// Ends what a clock ran out for. The order is HAProxy's, for the log shows the first only.
    fn expire(&mut self, now: Instant) {
        let lanes = [
            (&mut self.up, Cause::ClientTimeout, Cause::ServerTimeout),
            (&mut self.down, Cause::ServerTimeout, Cause::ClientTimeout),
        ];
        for (lane, reader, writer) in lanes {
            if lane.flow.wants_more() && lane.read.passed(now) {
                lane.flow.ended = true;
                self.incident.get_or_insert(Incident { cause: reader, failed: None });
            }
            if lane.flow.is_pending() && !lane.flow.shut && !lane.flow.held && lane.write.passed(now) {
                lane.kill();
                self.incident.get_or_insert(Incident { cause: writer, failed: None });
            }
        }
    }

    fn is_over(&self) -> bool {
        let (up, down) = (&self.up.flow, &self.down.flow);
        up.ended && up.shut && down.ended && down.shut
    }
}
