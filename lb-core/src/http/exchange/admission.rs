//! Rules about a connection, before its first byte (manual 4.2 "tcp-request connection", "tcp-request session").

use super::{Client, Run, work};
use crate::rule::Verdict;

/// Runs the frontend's connection and session rules on a connection just accepted; false: it is to be closed.
pub(in crate::http) fn admitted(client: &mut Client) -> bool {
    let frontend = client.session.as_ref().and_then(|session| session.listener.frontend.load_full());
    let Some(frontend) = frontend else { return false };
    let (connection, session) = (&frontend.rules.tcp_request_connection, &frontend.rules.tcp_request_session);
    if connection.is_empty() && session.is_empty() {
        return true;
    }
    let mut work = work::take(client.plan.bufsize);
    let admitted = match Run::begin(client, &mut work) {
        Some(mut run) => {
            let counters = frontend.stats.counters.mine();
            let mut admitted = true;
            for (rules, refused) in [(connection, &counters.dcon), (session, &counters.dses)] {
                let verdict = rules.run(&mut run.exchange);
                if !matches!(verdict, Verdict::Continue | Verdict::Accept) {
                    if matches!(verdict, Verdict::SilentDrop) {
                        run.client.io.vanish();
                    }
                    refused.inc();
                    admitted = false;
                    break;
                }
            }
            run.exchange.session.src = run.exchange.src();
            run.end(super::After::KeepAlive);
            admitted
        }
        None => false,
    };
    work::give(work);
    admitted
}
