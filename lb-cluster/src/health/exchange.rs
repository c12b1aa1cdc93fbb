//! What talks to the other nodes, and has findings decided. On the cluster's thread.

use super::policy::{Census, Health};
use crate::cluster::View;
use crate::counts::Counts;
use crate::raft::{Line, Node, Role};
use crate::runtime::{Tasks, interval, now, since, sleep};
use crate::state::{Decision, Finding, Member, NodeId, Outcome};
use futures_util::future::{FutureExt, pending};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};

/// How often it is looked what time brings, if nothing wakes it before.
const TICK: Duration = Duration::from_millis(20);
/// How often a node is greeted that there is nothing to tell.
const GREETING: Duration = Duration::from_millis(250);
/// How long news wait for more: at first, and as long as there are more all the time.
const TOGETHER: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(20));
/// How long an answer may take.
const LIMIT: Duration = Duration::from_millis(500);
/// Without a majority for so long, each node checks for itself. A change of leaders is not as long.
const LONELY: Duration = Duration::from_secs(1);
/// Findings that one entry of the log carries: well within what it may.
const FINDINGS: usize = 150;

type Proposal = Pin<Box<dyn Future<Output = Result<Outcome, String>> + Send>>;

/// Shares health until it is dropped.
pub async fn run(node: Arc<Node>, health: Health, counts: Arc<Counts>, view: watch::Receiver<Option<View>>) {
    if !health.is_enabled() {
        return;
    }
    let mut tick = interval(TICK);
    let mut stirred = health.stirred();
    let mut talks = Tasks::new();
    let mut peers: BTreeMap<NodeId, (Member, oneshot::Sender<Infallible>)> = BTreeMap::new();
    let mut revision = None;
    let mut quorum: Option<Instant> = None;
    let mut proposal: Option<(Proposal, Instant)> = None;
    loop {
        let decided = async {
            match &mut proposal {
                Some((proposal, _)) => proposal.await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            outcome = decided => {
                let begun = proposal.take().map(|(_, begun)| begun);
                counts.health.commits.observe(begun.map_or(Duration::ZERO, since));
                match outcome {
                    Ok(Outcome::Done) => {}
                    // That there is no room is told by who sees it.
                    Ok(Outcome::Refused(why)) => tracing::debug!("cluster: {why}"),
                    Err(error) => {
                        counts.health.uncommitted.inc();
                        tracing::debug!("cluster: {error}");
                    }
                }
            }
            Some(_) = talks.join_next() => {}
            () = tick.tick() => {}
            Ok(()) = stirred.changed() => {}
        }
        let Some(view) = view.borrow().clone() else { continue };
        let seats = view
            .status
            .seats
            .iter()
            .filter(|seat| seat.voter && !seat.member.witness && seat.node != view.status.node);
        let others: BTreeMap<_, _> = seats.map(|seat| (seat.node, seat.member.clone())).collect();
        peers.retain(|id, (member, _)| others.get(id) == Some(member));
        for (id, member) in &others {
            peers.entry(*id).or_insert_with(|| {
                let (stays, gone) = oneshot::channel();
                let talk = talk(node.line(*id, member.clone()), health.clone());
                talks.spawn(async move {
                    tokio::select! {
                        biased;
                        _ = gone => {}
                        () = talk => {}
                    }
                });
                (member.clone(), stays)
            });
        }
        if view.quorum {
            quorum = Some(now());
        }
        let census = Census {
            me: view.status.node,
            others: others.into_keys().collect(),
            quorum: quorum.is_some_and(|at| since(at) < LONELY),
            leads: view.status.role == Role::Leader,
        };
        let verdicts = node.verdicts(revision);
        if let Some(verdicts) = &verdicts {
            revision = Some(verdicts.revision());
        }
        // One entry at a time: what is found meanwhile goes together into the next.
        let room = if proposal.is_none() { FINDINGS } else { 0 };
        let findings = health.tick(census, verdicts.as_ref(), room);
        if !findings.is_empty() {
            proposal = Some((propose(&node, findings), now()));
        }
    }
}

/// Has findings decided.
fn propose(node: &Arc<Node>, findings: Vec<Finding>) -> Proposal {
    let node = Arc::clone(node);
    async move { node.propose(Decision::Health(findings)).await.map_err(|error| error.to_string()) }.boxed()
}

/// Talks to one node: at once where there is news, and now and then to say that this one is there.
async fn talk(mut line: Line, health: Health) {
    let to = line.to();
    let mut stirred = health.stirred();
    loop {
        let sent = now();
        let frame = health.frame(to);
        match line.confer(frame.clone(), LIMIT).await {
            Ok(answer) => health.hear(answer),
            Err(error) => {
                tracing::debug!("cluster: {error}");
                health.returned(to, frame);
                sleep(GREETING).await;
            }
        }
        let silence = sleep(GREETING);
        tokio::pin!(silence);
        while !health.has_news(to) {
            tokio::select! {
                biased;
                () = &mut silence => break,
                Ok(()) = stirred.changed() => {}
            }
        }
        // News of one moment travel together.
        sleep(TOGETHER.1.saturating_sub(since(sent)).max(TOGETHER.0)).await;
    }
}
