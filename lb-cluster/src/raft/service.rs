//! What a node answers to the others.

use super::agree::{answer_agree, answer_read};
use super::condition::Conditions;
use super::encoding::{decode, encode};
use super::handover::Handover;
use super::network::{Answer, CHUNK, Census, Envelope, Piece, Request};
use super::node::fits;
use super::{Raft, Status, Types};
use crate::health::Health;
use crate::runtime::now;
use crate::state::{Member, NodeId};
use crate::transport::Handler;
use openraft::Snapshot;
use openraft::async_runtime::WatchReceiver;
use openraft::raft::VoteRequest;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// The longest snapshot that is taken, in bytes: the state is bounded far below.
const MAX_SNAPSHOT: usize = 32 << 20;

/// When a leader last sent something.
pub(super) type Heard = Arc<Mutex<Option<Instant>>>;

/// Answers for one node.
pub(crate) struct Service {
    pub(super) heard: Heard,
    pub(super) conditions: Conditions,
    pub(super) health: Health,
    pub(super) raft: Raft,
    pub(super) node: NodeId,
    pub(super) listed: Vec<Member>,
    pub(super) handover: Arc<Handover>,
    /// Snapshots that arrive, by the name of who sends them.
    pub(super) arriving: Mutex<HashMap<String, Vec<u8>>>,
}

impl Handler for Service {
    async fn handle(&self, peer: &Member, request: &[u8]) -> Result<Vec<u8>, String> {
        let Envelope { to, request } = decode(request).map_err(|error| error.to_string())?;
        if to.is_some_and(|to| to != self.node) {
            return Err(format!("This is node {}, not {}.", self.node, to.unwrap_or_default()));
        }
        let answer = self.answer(peer, request).await?;
        encode(&answer).map_err(|error| error.to_string())
    }
}

impl Service {
    async fn answer(&self, peer: &Member, request: Request) -> Result<Answer, String> {
        let raft = &self.raft;
        match request {
            Request::Append(request) => {
                *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(now());
                raft.append_entries(request).await.map(Answer::Append).map_err(text)
            }
            Request::Vote(request) if request.leadership_transfer && !self.named(&request).await => {
                Err("No leader has named this candidate.".to_owned())
            }
            Request::Vote(request) => raft.vote(request).await.map(Answer::Vote).map_err(text),
            Request::PreVote(request) => raft.pre_vote(request).await.map(Answer::Vote).map_err(text),
            Request::Transfer(request) => {
                if !self.leads(peer) {
                    return Err("Only the leader hands over.".to_owned());
                }
                self.handover.announce(*request.to_node_id());
                raft.handle_transfer_leader(request).await.map(Answer::Transfer).map_err(text)
            }
            Request::Snapshot(piece) => self.piece(peer, piece).await,
            Request::Census => {
                let empty = !raft.is_initialized().await.map_err(text)?;
                Ok(Answer::Census(Census { node: self.node, empty, listed: self.listed.clone() }))
            }
            Request::Condition => Ok(Answer::Condition { fit: self.conditions.own() }),
            Request::Agree(decision) => answer_agree(raft, decision).await,
            Request::Members => {
                let status = Status::of(&raft.metrics().borrow_watched());
                Ok(Answer::Members(status.seats.into_iter().map(|seat| seat.member).collect()))
            }
            Request::ReadPlace => Ok(answer_read(raft).await),
            Request::Health(frame) => {
                let from = frame.from;
                self.health.hear(frame);
                Ok(Answer::Health(self.health.answer(from)))
            }
            Request::Propose(decision) if !fits(&decision) => Err("The change is too long.".to_owned()),
            Request::Propose(decision) => {
                raft.client_write(decision).await.map(|done| Answer::Proposed(done.data)).map_err(text)
            }
        }
    }

    async fn named(&self, request: &VoteRequest<Types>) -> bool {
        self.handover.allows(request.vote.leader_id().node_id).await
    }

    /// True when this node takes a peer for the leader.
    fn leads(&self, peer: &Member) -> bool {
        let status = Status::of(&self.raft.metrics().borrow_watched());
        let leader = status.seats.iter().find(|seat| Some(seat.node) == status.leader);
        leader.is_some_and(|leader| leader.member.name == peer.name)
    }

    async fn piece(&self, peer: &Member, piece: Piece) -> Result<Answer, String> {
        let whole = {
            let mut arriving = self.arriving.lock().unwrap_or_else(PoisonError::into_inner);
            let mut bytes = arriving.remove(&peer.name).unwrap_or_default();
            if piece.offset == 0 {
                bytes.clear();
            }
            if piece.offset != bytes.len() as u64 || piece.bytes.len() > CHUNK {
                return Err("This piece of a snapshot does not follow the one before.".to_owned());
            }
            if bytes.len() + piece.bytes.len() > MAX_SNAPSHOT {
                return Err("The snapshot is too long.".to_owned());
            }
            bytes.extend_from_slice(&piece.bytes);
            if !piece.last {
                arriving.insert(peer.name.clone(), bytes);
                return Ok(Answer::Snapshot(None));
            }
            bytes
        };
        let snapshot = Snapshot { meta: piece.meta, snapshot: whole };
        let installed = self.raft.install_full_snapshot(piece.vote, snapshot).await.map_err(text)?;
        Ok(Answer::Snapshot(Some(installed)))
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
