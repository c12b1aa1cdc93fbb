//! The task of one TCP connection, from accept to its log line.

use super::flow::Flow;
use super::inspect::Inspected;
use super::relay::{Patience, Relay, Side};
use super::{Peeked, lend};
use crate::clock;
use crate::compile::Plan;
use crate::engine::{Woken, on_plan, with_waker};
use crate::exchange::{Cause, Exchange, Phase, Session, Times};
use crate::http::client::Client;
use crate::listen::{Arrival, admit};
use crate::net::{Buffer, Deadline, Io};
use crate::process;
use crate::proxy::{Backend, Frontend, InBackend};
use crate::roll::{Entry, Mark, Stage};
use haproxy_cfg_parser::model::{Mode, Options};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

/// One TCP session.
pub(super) struct Stream {
    pub(super) io: Io,
    pub(super) deadline: Deadline,
    pub(super) plan: Arc<Plan>,
    pub(super) exchange: Exchange,
    pub(super) client: ClientSide,
    /// Counts the session among its backend's.
    pub(super) in_backend: Option<InBackend>,
    /// Lets operators see and end it.
    pub(super) entry: Entry,
    /// Has the task woken at every change of phase.
    woken: Woken,
    /// The log line is written.
    pub(super) logged: bool,
}

/// What is known of the client's side until it is relayed.
#[derive(Debug)]
pub(super) struct ClientSide {
    /// It has ended its side.
    pub(super) ended: bool,
    /// Its last sign of life.
    pub(super) heard: Instant,
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
    let Arrival { io, deadline, session, plan, frontend, counted, tenure } = *arrival;
    let generation = plan.generation;
    let Some(session) = session else { return };
    // On the heap: it moves no more, and the task's own state stays small.
    let mut stream = Box::new(Stream::new(io, deadline, session, plan, frontend, woken));
    match on_plan(generation, tenure.as_ref(), stream.serve()).await {
        // On the heap, too: most sessions never come here.
        Some(true) => Box::pin(stream.into_client().serve(tenure)).await,
        Some(false) => {}
        None => {
            if tenure.is_some_and(|tenure| tenure.is_over()) {
                // What was passed on so far must not look like all of it.
                stream.io.reset_on_close();
            }
        }
    }
    drop(counted);
}

/// What content rules and the choice of a backend lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Routed {
    /// To a server, byte by byte.
    Relayed,
    /// To HTTP.
    Http,
    /// Nowhere: the session is over.
    Over,
}

impl Stream {
    fn new(
        io: Io,
        mut deadline: Deadline,
        session: Box<Session>,
        plan: Arc<Plan>,
        frontend: Arc<Frontend>,
        woken: Woken,
    ) -> Self {
        let times = Times::begin(session.accepted, session.accepted_at);
        let heard = session.accepted;
        let size = plan.bufsize;
        let mut exchange = Exchange::new(session, frontend, times);
        exchange.session.requests = 1;
        exchange.number = process::live().next_exchange();
        exchange.peeked = Some(Box::new(Peeked::new(lend::take(size))));
        let client = ClientSide { ended: false, heard };
        let entry = Entry::of(&exchange, plan.generation, &woken);
        deadline.watch(entry.mark());
        Self { io, deadline, plan, exchange, client, in_backend: None, entry, woken, logged: false }
    }

    /// Serves the session; true: it goes on as an HTTP client's connection, and nothing has been told of it.
    async fn serve(&mut self) -> bool {
        match self.route().await {
            Routed::Relayed => self.forward().await,
            Routed::Http => return true,
            Routed::Over => {}
        }
        self.finish();
        false
    }

    /// The connection of an HTTP client who has sent so much already.
    fn into_client(self: Box<Self>) -> Client {
        let Self { io, mut deadline, plan, exchange, woken, .. } = *self;
        deadline.watch(Mark::default());
        let received = exchange.peeked.map(|peeked| peeked.request);
        Client::of(io, deadline, exchange.session, plan, woken, received)
    }

    /// Runs the rules up to the choice of the backend, and its rules.
    async fn route(&mut self) -> Routed {
        let frontend = Arc::clone(&self.exchange.frontend);
        let rules = &frontend.rules.tcp_request_content;
        match self.inspect(rules, frontend.inspect_delay, frontend.reads_http).await {
            Inspected::Passed => {}
            Inspected::Http => return Routed::Http,
            Inspected::Refused => return Routed::Over,
        }
        let Some(backend) = frontend.switch(&self.exchange) else {
            self.look_at_client();
            self.terminate(Cause::Server, Phase::Connect);
            return Routed::Over;
        };
        if backend.mode == Mode::Http {
            return Routed::Http;
        }
        self.enter(&backend);
        if self.client_lost() {
            return Routed::Over;
        }
        let rules = &backend.rules.tcp_request_content;
        match self.inspect(rules, backend.inspect_delay, backend.reads_http).await {
            Inspected::Refused => Routed::Over,
            _ if self.client_lost() => Routed::Over,
            Inspected::Passed => Routed::Relayed,
            Inspected::Http => Routed::Http,
        }
    }

    /// Counts the session among those of its backend.
    fn enter(&mut self, backend: &Arc<Backend>) {
        self.exchange.backend = Some(Arc::clone(backend));
        self.in_backend = Some(InBackend::new(Arc::clone(backend)));
        self.entry.in_backend(backend);
        let counters = backend.stats.counters.mine();
        counters.sess_tot.inc();
        counters.sess_rate.add(1, clock::at(self.exchange.times.began));
    }

    /// The client failed or timed out while its bytes were inspected.
    fn client_lost(&mut self) -> bool {
        let cause = self.exchange.termination.cause;
        if !matches!(cause, Cause::Client | Cause::ClientTimeout) {
            return false;
        }
        self.exchange.frontend.stats.counters.mine().ereq.inc();
        self.count(|counters| counters.cli_abrt.inc());
        true
    }

    /// Connects to a server of the backend and relays.
    async fn forward(&mut self) {
        let Some(backend) = self.exchange.backend.clone() else { return };
        let (mut upstream, unsent) = match self.connect(&backend).await {
            Ok(connected) => connected,
            Err(reason) => return self.no_connection(reason),
        };
        self.log_early();
        self.entry.enter(Stage::Data);
        let Some(peeked) = &mut self.exchange.peeked else { return };
        let request = std::mem::replace(&mut peeked.request, Buffer::none());
        let mut up = Flow::new(self.plan.bufsize, Some(request));
        up.send_first(unsent);
        up.ended = self.client.ended;
        let mut down = Flow::new(self.plan.bufsize, None);
        let on =
            |which: fn(&Options) -> bool| which(&self.exchange.frontend.options) || which(&backend.options);
        if on(|options| options.splice.0 || options.splice.2) {
            up.splice_through(self.plan.pipes);
        }
        if on(|options| options.splice.1 || options.splice.2) {
            down.splice_through(self.plan.pipes);
        }
        let patience = self.patience(&backend);
        let mut relay = Relay::new(up, down, patience, Instant::now());
        relay.severed.clone_from(&self.exchange.severed);
        if !backend.rules.tcp_response_content.is_empty() {
            self.inspect_response(&backend, &mut relay, &mut upstream.io).await;
        }
        relay.run(&mut self.io, &mut upstream.io, &mut self.deadline).await;
        self.conclude(&relay);
        let options = &self.exchange.frontend.options;
        if options.nolinger {
            self.io.reset_on_close();
        }
        if backend.options.nolinger {
            upstream.io.reset_on_close();
        }
    }

    fn patience(&self, backend: &Backend) -> Patience {
        let (client, server) = (&self.exchange.frontend.timeouts, &backend.timeouts);
        let tunnel = server.tunnel.filter(|tunnel| !tunnel.is_zero());
        let set = |timeout: Option<Duration>| timeout.filter(|timeout| !timeout.is_zero());
        Patience {
            client: tunnel.or(client.client),
            server: tunnel.or(server.server),
            client_fin: set(client.client_fin),
            server_fin: set(server.server_fin),
            tunnel: tunnel.is_some(),
            independent: (is_independent(&self.exchange.frontend.options), is_independent(&backend.options)),
        }
    }

    /// What the relay's end means for counters and the log.
    fn conclude(&mut self, relay: &Relay) {
        self.exchange.bytes_in = relay.up.flow.total;
        self.exchange.bytes_out = relay.down.flow.total;
        if relay.server_failed {
            let backend = self.exchange.backend.as_ref().map(|backend| backend.stats.counters.mine());
            let server = self.exchange.server.as_ref().map(|server| server.counters.mine());
            for counters in [backend, server].into_iter().flatten() {
                counters.eresp.inc();
            }
        }
        let Some(incident) = relay.incident else { return };
        match incident.cause {
            Cause::Client | Cause::ClientTimeout => self.count(|counters| counters.cli_abrt.inc()),
            cause @ (Cause::Down | Cause::Up | Cause::Killed) => return self.terminate(cause, Phase::Done),
            _ => self.count(|counters| counters.srv_abrt.inc()),
        }
        self.terminate(incident.cause, Phase::Data);
        if incident.failed == Some(Side::Client) {
            self.client.ended = true;
        }
    }
}

/// `option independent-streams`.
fn is_independent(options: &Options) -> bool {
    options.others.iter().any(|(name, _)| *name == "option independent-streams")
}
