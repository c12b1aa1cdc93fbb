#![allow(clippy::unwrap_used)]

use super::{Event, Report, Status, Wake};
use crate::clock;
use crate::server::testing::servers;
use crate::server::{Operational, Server};
use haproxy_cfg_parser::model::{Observe, OnError};
use std::sync::Arc;
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
