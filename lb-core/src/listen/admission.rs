//! What comes before a connection's first byte: connection rules, a PROXY header, session rules (manual 4.2
//! "tcp-request connection", "tcp-request session", 5.1 "accept-proxy").

use super::arrival::Arrival;
use crate::exchange::{Exchange, Times};
use crate::process;
use crate::proxy::Frontend;
use crate::proxy_protocol::{self, Kind, Refusal};
use crate::rule::{Ruleset, Verdict};
use crate::thread::Counter;
use std::sync::Arc;
use std::time::Instant;

/// Sees a connection just accepted through all that; false: it is to be closed.
pub async fn admit(arrival: &mut Arrival) -> bool {
    let rules = &arrival.frontend.rules;
    let announced = arrival.session.as_ref().is_some_and(|session| session.listener.announces());
    if !announced && rules.tcp_request_connection.is_empty() && rules.tcp_request_session.is_empty() {
        arrival.count_session();
        return true;
    }
    let frontend = Arc::clone(&arrival.frontend);
    // On the heap, so that tasks of connections without rules stay small.
    Box::pin(examine(arrival, &frontend)).await
}

async fn examine(arrival: &mut Arrival, frontend: &Arc<Frontend>) -> bool {
    let counters = frontend.stats.counters.mine();
    if !pass(arrival, frontend, &frontend.rules.tcp_request_connection, &counters.dcon) {
        // Nothing has been read yet, so nothing is owed.
        arrival.io.reset_on_close();
        return false;
    }
    let expected = expected(arrival);
    for kind in expected.into_iter().flatten() {
        if let Err(refusal) = introduced(kind, arrival, frontend).await {
            let silent = refusal.is_silent() && frontend.options.dontlognull;
            if !silent {
                log(arrival, frontend, refusal.told(kind));
            }
            return false;
        }
    }
    if !pass(arrival, frontend, &frontend.rules.tcp_request_session, &counters.dses) {
        if expected.iter().any(Option::is_some) {
            // What haproxy 2.6 calls a connection that only a rule refused.
            log(arrival, frontend, "Success");
        }
        return false;
    }
    arrival.count_session();
    true
}

/// The headers that the connection begins with, in their order.
fn expected(arrival: &Arrival) -> [Option<Kind>; 2] {
    let Some(session) = &arrival.session else { return [None; 2] };
    let listener = &session.listener;
    let netscaler = session.expects.netscaler || listener.accept_netscaler.is_some();
    let proxy = session.expects.proxy || listener.accept_proxy;
    // Without a number on the `bind` line it is zero.
    let magic = listener.accept_netscaler.unwrap_or(0);
    [netscaler.then_some(Kind::NetScaler(magic)), proxy.then_some(Kind::Proxy)]
}

/// Reads a header; its addresses become the connection's.
async fn introduced(kind: Kind, arrival: &mut Arrival, frontend: &Frontend) -> Result<(), Refusal> {
    let Some(session) = &mut arrival.session else { return Err(Refusal::Failed) };
    let timeouts = &frontend.timeouts;
    arrival.deadline.after(session.accepted, timeouts.client_hs.or(timeouts.client));
    let received =
        proxy_protocol::receive(kind, &mut arrival.io, &mut arrival.deadline, arrival.plan.bufsize).await;
    arrival.deadline.set(None);
    let (addresses, refusal) = match received {
        Ok(header) => {
            let addresses = header.addresses;
            if kind == Kind::Proxy {
                session.proxied = Some(Box::new(header));
            }
            (addresses, None)
        }
        Err((refusal, addresses)) => (addresses, Some(refusal)),
    };
    if let Some((src, dst)) = addresses {
        (session.src, session.dst) = (Some(src), Some(dst));
    }
    refusal.map_or(Ok(()), Err)
}

/// Runs rules; false: the connection is refused.
fn pass(arrival: &mut Arrival, frontend: &Arc<Frontend>, rules: &Ruleset, refused: &Counter) -> bool {
    if rules.is_empty() {
        return true;
    }
    let verdict = with_exchange(arrival, frontend, |exchange| {
        let verdict = rules.run(exchange);
        if let Some(place) = exchange.last_rule.take() {
            exchange.session.last_rule = Some(place);
        }
        (verdict, exchange.marking)
    });
    let verdict = verdict.map(|(verdict, marking)| {
        marking.apply(&arrival.io);
        verdict
    });
    match verdict {
        Some(Verdict::Continue | Verdict::Accept) => true,
        verdict => {
            if let Some(Verdict::SilentDrop { ttl }) = verdict {
                arrival.io.vanish(ttl);
            }
            refused.inc();
            false
        }
    }
}

/// Writes the line of a connection that became no session.
fn log(arrival: &mut Arrival, frontend: &Arc<Frontend>, reason: &str) {
    with_exchange(arrival, frontend, |exchange| crate::log::refused(exchange, reason, Instant::now()));
}

/// Lends the connection to an exchange that has not begun.
fn with_exchange<T>(
    arrival: &mut Arrival,
    frontend: &Arc<Frontend>,
    use_it: impl FnOnce(&mut Exchange) -> T,
) -> Option<T> {
    let session = arrival.session.take()?;
    let times = Times::begin(session.accepted, session.accepted_at);
    let mut exchange = Exchange::new(session, Arc::clone(frontend), times);
    exchange.number = process::live().next_exchange();
    let result = use_it(&mut exchange);
    arrival.session = Some(exchange.session);
    Some(result)
}
