//! openraft's requests over the transport.

use super::Types;
use super::encoding::{decode, encode};
use crate::counts::Counts;
use crate::health::Frame;
use crate::runtime::{now, since};
use crate::state::{Decision, Member, NodeId, Outcome};
use crate::transport::{Caller, Error, Link};
use openraft::OptionalSend;
use openraft::alias::{SnapshotMetaOf, SnapshotOf, VoteOf};
use openraft::errors::{NetworkError, RPCError, ReplicationClosed, StreamingError, Unreachable};
use openraft::network::v2::RaftNetworkV2;
use openraft::network::{RPCOption, RaftNetworkFactory};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderRequest,
    TransferLeaderResponse, VoteRequest, VoteResponse,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// A piece of a snapshot, in bytes.
pub(super) const CHUNK: usize = 512 << 10;
/// Within so many longest election timeouts one piece has arrived: who lacks it may be needed for a majority, and all that is
/// lost should be over within five.
const CHUNK_LIMIT: u32 = 3;

/// A request with its address.
#[derive(Serialize, Deserialize)]
pub(super) struct Envelope {
    /// Whom it is for. An emptied node has the name and the address of the one that it was, and must not be taken for
    /// it. `None`: whoever is there.
    pub(super) to: Option<NodeId>,
    pub(super) request: Request,
}

/// What nodes ask one another. The order is the wire's format: new ones go to the end.
#[derive(Serialize, Deserialize)]
pub(super) enum Request {
    Append(AppendEntriesRequest<Types>),
    Vote(VoteRequest<Types>),
    PreVote(VoteRequest<Types>),
    Snapshot(Piece),
    Transfer(TransferLeaderRequest<Types>),
    /// Who are you, and do you know of a cluster?
    Census,
    /// The leader is asked to have this decided.
    Propose(Decision),
    /// Could you serve on the addresses?
    Condition,
    /// The leader is asked to have this decided, maybe not for the first time.
    Agree(Decision),
    /// The leader is asked how far one must be to know all that is decided.
    ReadPlace,
    /// What there is to tell of servers' health.
    Health(Frame),
    /// Who is in the cluster?
    Members,
}

/// Their answers.
#[derive(Serialize, Deserialize)]
pub(super) enum Answer {
    Append(AppendEntriesResponse<Types>),
    Vote(VoteResponse<Types>),
    /// `None`: there are more pieces to come.
    Snapshot(Option<SnapshotResponse<Types>>),
    Transfer(TransferLeaderResponse<Types>),
    Census(Census),
    Proposed(Outcome),
    Condition {
        fit: bool,
    },
    /// The place in the log, and the outcome.
    Agreed(u64, Outcome),
    ReadPlace(u64),
    /// Nothing was done, and why.
    Vain(String),
    Health(Frame),
    Members(Vec<Member>),
}

/// What a request is, to whom looks at the wire.
#[cfg(test)]
pub(crate) fn is_snapshot(request: &[u8]) -> bool {
    decode::<Envelope>(request).is_ok_and(|envelope| matches!(envelope.request, Request::Snapshot(_)))
}

/// A piece of a snapshot.
#[derive(Serialize, Deserialize)]
pub(super) struct Piece {
    pub(super) vote: VoteOf<Types>,
    pub(super) meta: SnapshotMetaOf<Types>,
    pub(super) offset: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) last: bool,
}

/// What a node says of itself before there is a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Census {
    pub(super) node: NodeId,
    /// It has never been in a cluster.
    pub(super) empty: bool,
    /// The nodes that its configuration lists.
    pub(super) listed: Vec<Member>,
}

/// Makes ways to nodes.
pub(super) struct Network {
    pub(super) caller: Caller,
    pub(super) counts: Arc<Counts>,
    /// The longest election timeout.
    pub(super) election: Duration,
}

impl RaftNetworkFactory<Types> for Network {
    type Network = Peer;

    async fn new_client(&mut self, node: NodeId, member: &Member) -> Peer {
        let link = Link::new(self.caller.clone(), member.clone());
        Peer { node, link, counts: Arc::clone(&self.counts), chunk_limit: self.election * CHUNK_LIMIT }
    }
}

/// The way to one node, for one purpose: heartbeats have their own.
pub(super) struct Peer {
    node: NodeId,
    link: Link,
    counts: Arc<Counts>,
    chunk_limit: Duration,
}

/// Asks a node, and waits for its answer no longer than `limit`.
///
/// # Errors
/// Those of [`Link::call`], or the answer is none of Raft's.
pub(super) async fn ask(
    link: &mut Link,
    to: Option<NodeId>,
    request: Request,
    limit: Duration,
) -> Result<Answer, Error> {
    let answer = link.call(&encode(&Envelope { to, request })?, limit).await?;
    decode(&answer).map_err(|_| Error::Malformed("no answer of Raft"))
}

impl Peer {
    async fn raft(&mut self, request: Request, limit: Duration) -> Result<Answer, RPCError<Types>> {
        let begun = now();
        let asked = ask(&mut self.link, Some(self.node), request, limit).await;
        match &asked {
            Ok(_) => self.counts.answers.observe(since(begun)),
            Err(_) => self.counts.unanswered.inc(),
        }
        asked.map_err(|error| match error {
            Error::Refused(_) | Error::Malformed(_) => RPCError::Network(NetworkError::new(&error)),
            // Trying again at once would not help.
            error => RPCError::Unreachable(Unreachable::new(&error)),
        })
    }
}

fn unexpected<T>() -> Result<T, RPCError<Types>> {
    Err(RPCError::Network(NetworkError::from_string("an answer to another request")))
}

impl RaftNetworkV2<Types> for Peer {
    type SnapshotData = Vec<u8>;

    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<Types>,
        option: RPCOption,
    ) -> Result<AppendEntriesResponse<Types>, RPCError<Types>> {
        match self.raft(Request::Append(request), option.soft_ttl()).await? {
            Answer::Append(answer) => Ok(answer),
            _ => unexpected(),
        }
    }

    async fn vote(
        &mut self,
        request: VoteRequest<Types>,
        option: RPCOption,
    ) -> Result<VoteResponse<Types>, RPCError<Types>> {
        match self.raft(Request::Vote(request), option.soft_ttl()).await? {
            Answer::Vote(answer) => Ok(answer),
            _ => unexpected(),
        }
    }

    async fn pre_vote(
        &mut self,
        request: VoteRequest<Types>,
        option: RPCOption,
    ) -> Result<VoteResponse<Types>, RPCError<Types>> {
        match self.raft(Request::PreVote(request), option.soft_ttl()).await? {
            Answer::Vote(answer) => Ok(answer),
            _ => unexpected(),
        }
    }

    async fn full_snapshot(
        &mut self,
        vote: VoteOf<Types>,
        snapshot: SnapshotOf<Types, Vec<u8>>,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        _: RPCOption,
    ) -> Result<SnapshotResponse<Types>, StreamingError<Types>> {
        let send = async {
            let all = &snapshot.snapshot;
            let mut sent = 0;
            loop {
                let bytes = all[sent..].iter().take(CHUNK).copied().collect::<Vec<_>>();
                let (offset, next) = (sent as u64, sent + bytes.len());
                let last = next == all.len();
                let piece = Piece { vote, meta: snapshot.meta.clone(), offset, bytes, last };
                match self.raft(Request::Snapshot(piece), self.chunk_limit).await? {
                    Answer::Snapshot(Some(answer)) => return Ok(answer),
                    Answer::Snapshot(None) if !last => sent = next,
                    _ => return unexpected(),
                }
            }
        };
        tokio::select! {
            biased;
            closed = cancel => Err(closed.into()),
            sent = send => Ok(sent?),
        }
    }

    async fn transfer_leader(
        &mut self,
        request: TransferLeaderRequest<Types>,
        option: RPCOption,
    ) -> Result<TransferLeaderResponse<Types>, RPCError<Types>> {
        match self.raft(Request::Transfer(request), option.soft_ttl()).await? {
            Answer::Transfer(answer) => Ok(answer),
            _ => unexpected(),
        }
    }
}
