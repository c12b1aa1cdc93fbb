//! Whom a node lets in: who is in the cluster, as far as it knows; before there is one, who is listed.
//!
//! A voter that was away while the cluster changed does not know who came in, and would turn it away: its request for a vote, and
//! its log, should it lead. Where that voter is needed for a majority nobody could ever lead again. So a node that hears no leader
//! asks those it knows whom they know, and lets these in as well until a leader that it knows is heard.

use super::listing;
use super::network::{Answer, Request, ask};
use super::service::Heard;
use super::{Role, Status, Types};
use crate::events::Events;
use crate::runtime::{self, since};
use crate::state::Member;
use crate::transport::{Caller, Link, Roster};
use futures_util::future::join_all;
use lb_core::process::Severity;
use openraft::RaftMetrics;
use openraft::alias::WatchReceiverOf;
use openraft::async_runtime::WatchReceiver;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::PoisonError;
use std::time::Duration;

/// How often others are asked, and how long one may take.
const EVERY: Duration = Duration::from_millis(200);
const LIMIT: Duration = Duration::from_millis(300);
/// As many are let in on others' word.
const MOST: usize = 64;

type Metrics = WatchReceiverOf<Types, RaftMetrics<Types>>;

/// Follows the membership, and tells where it is not what is listed.
pub(super) async fn follow_membership(
    mut metrics: Metrics,
    roster: Roster,
    listed: Vec<Member>,
    events: Events,
) {
    let mut known = Vec::new();
    let mut told = Vec::new();
    loop {
        let seats = Status::of(&metrics.borrow_watched()).seats;
        if !seats.is_empty() && seats != known {
            roster.replace(seats.iter().map(|seat| seat.member.clone()).collect());
            let differences = listing::differences(&seats, &listed);
            for text in differences.iter().filter(|text| !told.contains(*text)) {
                events.tell(Severity::Warning, format!("{text}."));
            }
            told = differences;
            known = seats;
        }
        if metrics.changed().await.is_err() {
            return;
        }
    }
}

/// Asks around for as long as the node runs, while it hears no leader.
pub(super) async fn ask_around(
    metrics: Metrics,
    heard: Heard,
    roster: Roster,
    caller: Caller,
    listed: Vec<Member>,
    election: Duration,
) {
    let mut links: BTreeMap<(String, SocketAddr), Link> = BTreeMap::new();
    let mut tick = runtime::interval(EVERY);
    loop {
        tick.tick().await;
        let status = Status::of(&metrics.borrow_watched());
        let last = *heard.lock().unwrap_or_else(PoisonError::into_inner);
        let hears = status.role == Role::Leader || last.is_some_and(|last| since(last) < election);
        // Before there is a cluster whoever is listed is let in, and nobody else can be needed.
        if hears || status.seats.is_empty() {
            links.clear();
            if status.seats.iter().any(|seat| Some(seat.node) == status.leader) {
                roster.vouch(Vec::new());
            }
            continue;
        }
        let others: BTreeMap<_, _> = status
            .seats
            .into_iter()
            .map(|seat| seat.member)
            .chain(listed.iter().cloned())
            .filter(|member| member.name != caller.me.name)
            .map(|member| ((member.name.clone(), member.address), member))
            .collect();
        let questions: Vec<_> = others
            .into_iter()
            .map(|(key, member)| {
                let mut link = links.remove(&key).unwrap_or_else(|| Link::new(caller.clone(), member));
                async move {
                    let said = ask(&mut link, None, Request::Members, LIMIT).await;
                    (key, link, said)
                }
            })
            .collect();
        links.clear();
        let mut vouched = BTreeMap::new();
        for (key, link, said) in join_all(questions).await {
            links.insert(key, link);
            if let Ok(Answer::Members(members)) = said {
                vouched.extend(
                    members.into_iter().map(|member| ((member.name.clone(), member.address), member)),
                );
            }
        }
        if !vouched.is_empty() {
            roster.vouch(vouched.into_values().take(MOST).collect());
        }
    }
}
