#![allow(clippy::unwrap_used)]

use super::driver::Drivers;
use super::{Asked, Event, ProbePolicy, Report, Status, Wake};
use crate::clock;
use crate::server::testing::servers;
use crate::server::{Operational, Server};
use crate::testing::plan;
use haproxy_cfg_parser::model::{Observe, OnError};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::Duration;

/// A server that one error in traffic turns down.
fn observed() -> Arc<Server> {
    let edit = |line: &mut haproxy_cfg_parser::model::ServerLine| {
        line.check.enabled = true;
        line.check.observe = Some(Observe::Layer7);
        line.check.error_limit = Some(1);
        line.check.on_error = Some(OnError::MarkDown);
    };
    servers(&[1], edit).remove(0)
}

/// Waits for the next millisecond.
fn tick() {
    let before = clock::millis();
    while clock::millis() == before {
        sleep(Duration::from_micros(100));
    }
}

#[test]
fn what_traffic_shows_waits_for_the_policy_where_results_are_shared() {
    let server = observed();
    let probe = server.check.as_deref().unwrap();
    probe.share(true);
    server.observe(Event::BadResponse);
    assert_eq!(server.state(), Operational::Running);
    assert_eq!(probe.take_observed().map(|report| report.status), Some(Status::Observed));
    assert_eq!(probe.take_observed(), None);
    probe.share(false);
    server.observe(Event::BadResponse);
    assert_eq!(server.state(), Operational::Stopped);
}

#[test]
fn the_last_word_of_traffic_counts() {
    let server = observed();
    let probe = server.check.as_deref().unwrap();
    server.observe(Event::GoodResponse);
    assert_eq!((server.answered(), server.unreached()), (None, None), "nobody asks for it");
    probe.share(true);
    server.observe(Event::GoodResponse);
    assert!(server.answered().is_some() && server.unreached().is_none() && !probe.is_asked(Wake::Look));
    tick();
    server.observe(Event::NotConnected);
    assert!(server.answered().is_none() && server.unreached().is_some());
    assert!(probe.is_asked(Wake::Look) && !probe.is_asked(Wake::Look));
    tick();
    server.observe(Event::GoodResponse);
    assert!(server.answered().is_some() && server.unreached().is_none());
}

#[test]
fn what_others_have_agreed_on_is_taken_with_its_words() {
    let server = observed();
    let probe = server.check.as_deref().unwrap();
    assert!(server.adopt(probe, Operational::Stopped, &Report::new(Status::L4Connect, "refused")));
    assert_eq!((server.state(), probe.last().health.value()), (Operational::Stopped, 0));
    assert_eq!(probe.last().report.status, Status::L4Connect);
    assert!(!server.adopt(probe, Operational::Stopped, &Report::default()), "it is so already");
    assert!(server.adopt(probe, Operational::Running, &Report::new(Status::L4Ok, "")));
    assert!(server.state() == Operational::Running && probe.last().health.is_full());
}

/// Asks for the next check as soon as one has ended, until there were so many.
struct Impatient {
    checks: AtomicUsize,
    /// What was found: whether it counts, and the counter after it.
    found: Mutex<Vec<(bool, u32)>>,
    done: tokio::sync::Notify,
}

impl ProbePolicy for Impatient {
    fn found(&self, asked: Asked<'_>, report: &Report) {
        asked.server.checked(asked.probe, report);
        self.found.lock().unwrap().push((!report.early, asked.probe.last().health.value()));
        if self.checks.fetch_sub(1, Relaxed) > 1 {
            asked.probe.ask(Wake::Now);
        } else {
            self.done.notify_one();
        }
    }
}

/// The server of a plan, checked by a policy that asks for so many checks without a pause.
fn hurried(port: u16, health: u32, checks: usize) -> (Arc<Server>, Vec<(bool, u32)>) {
    let text = format!("backend b\n server s 127.0.0.1:{port} check inter 1h rise 2 fall 3\n");
    let plan = Arc::new(plan(&text, None).unwrap());
    let server = Arc::clone(&plan.backends.load()[0].servers.load()[0]);
    server.check.as_deref().unwrap().set_health(|counter| counter.set(health));
    let policy = Arc::new(Impatient {
        checks: AtomicUsize::new(checks),
        found: Mutex::default(),
        done: tokio::sync::Notify::new(),
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let mut drivers = Drivers::new(Arc::clone(&policy) as Arc<dyn ProbePolicy>);
        drivers.serve(&plan);
        policy.done.notified().await;
    });
    let found = std::mem::take(&mut *policy.found.lock().unwrap());
    (server, found)
}

#[test]
fn checks_that_are_asked_for_before_their_time_do_not_count_again() {
    // Bound and not listening: nobody else takes it, and it refuses.
    let refuses = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    refuses.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let port = refuses.local_addr().unwrap().as_socket_ipv4().unwrap().port();
    let (server, found) = hurried(port, 4, 5);
    assert_eq!(found, [(true, 3), (false, 3), (false, 3), (false, 3), (false, 3)]);
    assert_eq!(
        server.state(),
        Operational::Running,
        "three checks in a row of their own time are its `fall`"
    );
    refuses.listen(9).unwrap();
    let (_, found) = hurried(port, 0, 3);
    assert_eq!(found, [(true, 1), (false, 1), (false, 1)], "nor towards `rise`");
}
