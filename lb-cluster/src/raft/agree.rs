//! Having something decided that may be asked for more than once, and finding out how far one has to be.

use super::network::{Answer, Request, ask};
use super::node::{Node, fits};
use super::{Raft, Status};
use crate::runtime::{now, since, sleep, timeout};
use crate::state::{Decision, Member, NodeId, Outcome};
use crate::transport::{Caller, Error, Link};
use openraft::ReadPolicy;
use openraft::async_runtime::WatchReceiver;
use openraft::errors::{ClientWriteError, LinearizableReadError, RaftError};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(20);
/// Ways to leaders that are kept.
const KEPT: usize = 8;
/// Without a word of a leader for so many election timeouts, there is none.
const SILENT: u32 = 4;

/// Why a decision is not known to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undecided {
    /// It is not made, and will not be.
    Not(String),
    /// It may be made, or have been.
    Unknown(String),
}

impl Undecided {
    /// What kept it from being decided, or from being known.
    pub fn why(self) -> String {
        let (Self::Not(why) | Self::Unknown(why)) = self;
        why
    }
}

/// What one attempt came to.
enum Attempt<T> {
    Done(T),
    /// It had no effect. Another may have one.
    Vain(String),
    /// It may have an effect.
    Open(String),
    /// No other will have an effect either.
    Over(String),
}

/// Connections to nodes that lead, or did.
#[derive(Default)]
pub(super) struct Links {
    idle: Mutex<Vec<(NodeId, Link)>>,
}

impl Links {
    fn take(&self, node: NodeId) -> Option<Link> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let at = idle.iter().position(|(of, _)| *of == node)?;
        Some(idle.swap_remove(at).1)
    }

    fn put(&self, node: NodeId, link: Link) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() == KEPT {
            idle.remove(0);
        }
        idle.push((node, link));
    }

    /// Asks a node over a connection that is kept. An error comes with whether it may have heard the request.
    async fn ask(
        &self,
        caller: &Caller,
        (node, member): (NodeId, Member),
        request: Request,
        limit: Duration,
    ) -> Result<Answer, (Error, bool)> {
        let mut link = self.take(node).unwrap_or_else(|| Link::new(caller.clone(), member));
        let answer = ask(&mut link, Some(node), request, limit).await;
        let sent = link.was_sent();
        self.put(node, link);
        answer.map_err(|error| (error, sent))
    }
}

impl Node {
    /// Has something decided, on whichever node leads, until `deadline`. It may be asked for several times: what decides must
    /// know it again. Returns the place in the log that is not before the decision, and the outcome.
    ///
    /// # Errors
    /// It is not decided, or that is not known.
    pub async fn agree(&self, decision: Decision, deadline: Instant) -> Result<(u64, Outcome), Undecided> {
        if !fits(&decision) {
            return Err(Undecided::Not("the change is too long".to_owned()));
        }
        let mut open = false;
        let why = loop {
            let attempt =
                timeout(deadline.saturating_duration_since(now()), self.propose_once(&decision, deadline))
                    .await;
            let why = match attempt.unwrap_or_else(|_| Attempt::Open("no answer in time".to_owned())) {
                Attempt::Done(decided) => return Ok(decided),
                Attempt::Over(why) => break why,
                Attempt::Vain(why) => why,
                Attempt::Open(why) => {
                    open = true;
                    why
                }
            };
            if now() + PAUSE >= deadline {
                break why;
            }
            sleep(PAUSE).await;
        };
        Err(if open { Undecided::Unknown(why) } else { Undecided::Not(why) })
    }

    async fn propose_once(&self, decision: &Decision, deadline: Instant) -> Attempt<(u64, Outcome)> {
        match self.route() {
            Ok(None) => propose(&self.raft, decision.clone()).await,
            Ok(Some(leader)) => {
                let limit = deadline.saturating_duration_since(now());
                match self.links.ask(&self.caller, leader, Request::Agree(decision.clone()), limit).await {
                    Ok(Answer::Agreed(place, outcome)) => Attempt::Done((place, outcome)),
                    Ok(Answer::Vain(why)) => Attempt::Vain(why),
                    // What became of this one is not said.
                    Ok(_) => Attempt::Open("an answer to another request".to_owned()),
                    Err((error, true)) => Attempt::Open(error.to_string()),
                    Err((error, false)) => Attempt::Vain(error.to_string()),
                }
            }
            Err(why) => Attempt::Vain(why),
        }
    }

    /// The place in the log that this node must have reached to know all that was decided before the call.
    ///
    /// # Errors
    /// There is no majority that vouches for it.
    pub async fn read_place(&self, deadline: Instant) -> Result<u64, String> {
        loop {
            let attempt = timeout(deadline.saturating_duration_since(now()), self.read_once(deadline)).await;
            let why = match attempt.unwrap_or_else(|_| Attempt::Vain("no answer in time".to_owned())) {
                Attempt::Done(place) => return Ok(place),
                Attempt::Over(why) => return Err(why),
                Attempt::Vain(why) | Attempt::Open(why) => why,
            };
            if now() + PAUSE >= deadline {
                return Err(why);
            }
            sleep(PAUSE).await;
        }
    }

    async fn read_once(&self, deadline: Instant) -> Attempt<u64> {
        if self.is_alone() {
            return Attempt::Over("no majority of the nodes is reached".to_owned());
        }
        match self.route() {
            Ok(None) => read_place(&self.raft).await,
            Ok(Some(leader)) => {
                let limit = deadline.saturating_duration_since(now());
                match self.links.ask(&self.caller, leader, Request::ReadPlace, limit).await {
                    Ok(Answer::ReadPlace(place)) => Attempt::Done(place),
                    Ok(Answer::Vain(why)) => Attempt::Vain(why),
                    Ok(_) => Attempt::Vain("an answer to another request".to_owned()),
                    Err((error, _)) => Attempt::Vain(error.to_string()),
                }
            }
            Err(why) => Attempt::Vain(why),
        }
    }

    /// Whom to ask: this node, or the one that leads.
    fn route(&self) -> Result<Option<(NodeId, Member)>, String> {
        let status = self.status();
        match status.leader {
            Some(leader) if leader == status.node => Ok(None),
            Some(leader) => {
                let seat = status.seats.into_iter().find(|seat| seat.node == leader);
                seat.map(|seat| Some((leader, seat.member))).ok_or_else(|| "there is no leader".to_owned())
            }
            None => Err("there is no leader".to_owned()),
        }
    }

    /// For long enough, no leader was heard, and no majority where this one leads: waiting would help nobody.
    fn is_alone(&self) -> bool {
        let status = self.status();
        // One that has begun to lead has heard its predecessor.
        let heard = status.quorum_acked.max(self.leader_heard());
        let others = status.seats.iter().filter(|seat| seat.voter).count() > 1;
        let limit = self.election * SILENT;
        others && since(heard.unwrap_or(self.started)) > limit
    }
}

/// Has something decided, as the leader.
async fn propose(raft: &Raft, decision: Decision) -> Attempt<(u64, Outcome)> {
    if let Some(why) = unheard(&Status::of(&raft.metrics().borrow_watched())) {
        return Attempt::Vain(why);
    }
    match raft.client_write(decision).await {
        Ok(done) => Attempt::Done((done.log_id.index, done.data)),
        Err(RaftError::APIError(ClientWriteError::ForwardToLeader(_))) => {
            // It may have been appended while this node led.
            Attempt::Open("the leader has changed".to_owned())
        }
        Err(RaftError::APIError(error)) => Attempt::Over(error.to_string()),
        Err(RaftError::Fatal(error)) => Attempt::Open(error.to_string()),
    }
}

/// Why a leader does not take what it could not decide: it has heard no majority for a while.
fn unheard(status: &Status) -> Option<String> {
    /// More than the longest election timeout that is usual.
    const LONG: Duration = Duration::from_secs(1);
    let others = status.seats.iter().filter(|seat| seat.voter).count() > 1;
    let heard = status.quorum_acked.is_some_and(|heard| since(heard) < LONG);
    (others && !heard).then(|| "no majority of the nodes is reached".to_owned())
}

async fn read_place(raft: &Raft) -> Attempt<u64> {
    match raft.get_read_linearizer(ReadPolicy::ReadIndex).await {
        Ok(read) => Attempt::Done(read.read_log_id().index()),
        Err(RaftError::APIError(LinearizableReadError::ForwardToLeader(_))) => {
            Attempt::Vain("the leader has changed".to_owned())
        }
        Err(error) => Attempt::Vain(error.to_string()),
    }
}

/// What a leader answers who forwards a decision to it.
pub(super) async fn answer_agree(raft: &Raft, decision: Decision) -> Result<Answer, String> {
    if !fits(&decision) {
        return Ok(Answer::Vain("the change is too long".to_owned()));
    }
    match propose(raft, decision).await {
        Attempt::Done((place, outcome)) => Ok(Answer::Agreed(place, outcome)),
        Attempt::Vain(why) | Attempt::Over(why) => Ok(Answer::Vain(why)),
        Attempt::Open(why) => Err(why),
    }
}

/// What a leader answers who wants to know how far to be.
pub(super) async fn answer_read(raft: &Raft) -> Answer {
    match read_place(raft).await {
        Attempt::Done(place) => Answer::ReadPlace(place),
        Attempt::Vain(why) | Attempt::Over(why) | Attempt::Open(why) => Answer::Vain(why),
    }
}
