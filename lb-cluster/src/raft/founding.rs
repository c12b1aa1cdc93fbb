//! The first creation of a cluster: only when all listed nodes are there, all are empty, and all list the same.

use super::Raft;
use super::network::{Answer, Census, Request, ask};
use crate::events::Events;
use crate::runtime::sleep;
use crate::state::{Member, NodeId};
use crate::transport::{Caller, Link};
use lb_core::process::Severity;
use std::collections::BTreeMap;
use std::time::Duration;

/// How often those who are missing are asked.
const PERIOD: Duration = Duration::from_millis(200);
/// Within which one answers.
const LIMIT: Duration = Duration::from_secs(1);

/// What the answers mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All is as it must be: these are the founders, and the first of them creates the cluster.
    Found(BTreeMap<NodeId, Member>),
    /// There is a cluster already; an empty node waits until it is added to it.
    Exists(String),
    /// Somebody lists other nodes.
    Differs(String),
    /// Two nodes have one id: a data-dir was copied.
    Copied(String, String),
}

/// Judges the answers of all listed nodes, this one's included.
pub(super) fn judge(answers: &[(Member, Census)]) -> Verdict {
    let mut founders = BTreeMap::<NodeId, Member>::new();
    let listed = answers.first().map(|(_, census)| sorted(&census.listed)).unwrap_or_default();
    for (member, census) in answers {
        if !census.empty {
            return Verdict::Exists(member.name.clone());
        }
        if sorted(&census.listed) != listed {
            return Verdict::Differs(member.name.clone());
        }
        if let Some(other) = founders.insert(census.node, member.clone()) {
            return Verdict::Copied(other.name, member.name.clone());
        }
    }
    Verdict::Found(founders)
}

fn sorted(members: &[Member]) -> Vec<Member> {
    let mut members = members.to_vec();
    members.sort_by(|a, b| a.name.cmp(&b.name));
    members
}

/// Asks until there is a cluster: one that this node creates, or one that it is made a part of.
pub(super) async fn found(raft: Raft, caller: Caller, me: Census, events: Events) {
    let others = me.listed.iter().filter(|member| member.name != caller.me.name);
    let mut links: Vec<_> =
        others.map(|member| (member.clone(), Link::new(caller.clone(), member.clone()))).collect();
    let mut told = None;
    while !raft.is_initialized().await.unwrap_or(true) {
        let mut answers = vec![(caller.me.clone(), me.clone())];
        for (member, link) in &mut links {
            if let Ok(Answer::Census(census)) = ask(link, None, Request::Census, LIMIT).await {
                answers.push((member.clone(), census));
            }
        }
        let complete = answers.len() == links.len() + 1;
        let verdict = judge(&answers);
        let why = match &verdict {
            Verdict::Found(founders) => {
                if complete && founders.keys().next() == Some(&me.node) {
                    // Refused when another's cluster arrived meanwhile, which is as good.
                    let _ = raft.initialize(founders.clone()).await;
                }
                None
            }
            Verdict::Exists(name) => {
                Some(format!("{name} is in a cluster already; this node waits to be added"))
            }
            Verdict::Differs(name) => Some(format!("{name} lists other nodes; no cluster is created")),
            Verdict::Copied(one, two) => Some(format!("{one} and {two} have copies of one data-dir")),
        };
        if let Some(why) = why
            && told.as_ref() != Some(&why)
        {
            events.tell(Severity::Warning, format!("{why}."));
            told = Some(why);
        }
        sleep(PERIOD).await;
    }
}
