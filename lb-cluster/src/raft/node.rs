//! A node: its store, its Raft, and its place among the others.

use super::agree::Links;
use super::condition::{Conditions, ask_others};
use super::encoding::encode;
use super::handover::Handover;
use super::line::Line;
use super::network::{Answer, Census, Network, Request, ask};
use super::prepared::Basis;
use super::service::{Heard, Service};
use super::{Log, Machine, Prepared, Raft, Replica, Role, Status, Types};
use super::{admission, founding};
use crate::runtime::{Tasks, now, sleep, timeout};
use crate::state::{Decision, Member, NodeId, Outcome, State, Tenure, Verdicts};
use crate::store::{Directory, Fact, Write, Writer};
use crate::transport::{Caller, Counters, Link, Roster, serve};
use openraft::alias::WatchReceiverOf;
use openraft::async_runtime::WatchReceiver;
use openraft::errors::{ClientWriteError, RaftError};
use openraft::{ChangeMembers, RaftMetrics};
use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// The longest decision, in bytes.
const MAX_DECISION: usize = 64 << 10;
/// Within which a decision is committed, or its proposer is told that it is not.
const DECIDE: Duration = Duration::from_secs(2);
/// Within which a new node has copied the log and votes.
const CATCH_UP: Duration = Duration::from_secs(60);

/// Why a node cannot start, or not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its data-dir.
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    /// Its address.
    #[error("cannot listen on {address} for the other nodes: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Its thread, or what its data-dir holds.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Its settings.
    #[error("{0}")]
    Settings(String),
    /// No majority, no leader, or too late. It may be decided later, or never.
    #[error("not committed: {0}")]
    NotCommitted(String),
    /// It has stopped.
    #[error("this node has stopped: {0}")]
    Stopped(String),
}

/// What it takes to answer the others.
pub(crate) struct Door {
    /// Who this node is.
    pub(crate) caller: Caller,
    /// Who may ask.
    pub(crate) roster: Roster,
    /// Where it is counted.
    pub(crate) counters: Arc<Counters>,
}

/// A running node. What it runs ends when it is dropped; [`Node::stop`] waits for it.
pub struct Node {
    pub(super) raft: Raft,
    machine: Machine,
    metrics: WatchReceiverOf<Types, RaftMetrics<Types>>,
    pub(super) caller: Caller,
    counters: Arc<Counters>,
    handover: Arc<Handover>,
    heard: Heard,
    conditions: Conditions,
    writer: Writer,
    pub(super) links: Links,
    /// The longest election timeout.
    pub(super) election: Duration,
    pub(super) started: Instant,
    tasks: Tasks,
    _directory: Option<Directory>,
}

impl Node {
    /// Waits until no promise of an earlier life can hurt, and joins the others.
    ///
    /// # Errors
    /// What the data-dir holds is damaged, or its disk fails.
    pub async fn start(prepared: Prepared) -> Result<Self, Error> {
        let replica = prepared.replica();
        let Prepared { basis, listener, directory, store, .. } = prepared;
        let listener = TcpListener::from_std(listener)?;
        let writer = Writer::start(store)?;
        Self::join_with(replica, basis, writer, Some(directory), |door, service| {
            serve(listener, door.caller, door.roster, door.counters, service)
        })
        .await
    }

    /// The same, wherever its log is written and however it is asked.
    #[cfg(test)]
    pub(crate) async fn join<F: Future<Output = ()> + Send + 'static>(
        basis: Basis,
        writer: Writer,
        directory: Option<Directory>,
        open: impl FnOnce(Door, Service) -> F,
    ) -> Result<Self, Error> {
        let replica = Arc::new(Replica::of(&basis.contents)?);
        Self::join_with(replica, basis, writer, directory, open).await
    }

    /// The same, with a replica that others look at already.
    async fn join_with<F: Future<Output = ()> + Send + 'static>(
        replica: Arc<Replica>,
        basis: Basis,
        writer: Writer,
        directory: Option<Directory>,
        open: impl FnOnce(Door, Service) -> F,
    ) -> Result<Self, Error> {
        let longest = basis.longest_lease()?;
        let Basis { settings, config, node, contents } = basis;
        let election = settings.election.1;
        let log = Log::new(&contents, writer.clone())?;
        let machine = Machine::on(replica, writer.clone());
        quarantine(longest, &writer, settings.election.1).await?;
        let terms = encode(&(&settings.cluster, settings.election, settings.succession))?;
        let caller = Caller { identity: settings.identity, me: settings.me, terms };
        let network = Network { caller: caller.clone(), counts: settings.counts, election };
        let raft = Raft::new(node, config, network, log, machine.clone()).await.map_err(stopped)?;

        let mut tasks = Tasks::new();
        let roster = Roster::new(settings.listed.clone());
        let counters = Arc::new(Counters::default());
        let census = Census { node, empty: true, listed: settings.listed.clone() };
        let handover = Arc::new(Handover::new(settings.election.1));
        let heard = Arc::new(Mutex::new(None));
        let conditions = Conditions::default();
        tasks.spawn(ask_others(raft.metrics(), caller.clone(), conditions.clone()));
        let service = Service {
            conditions: conditions.clone(),
            health: settings.health,
            heard: Arc::clone(&heard),
            raft: raft.clone(),
            node,
            listed: settings.listed,
            handover: Arc::clone(&handover),
            arriving: Default::default(),
        };
        let door = Door { caller: caller.clone(), roster: roster.clone(), counters: Arc::clone(&counters) };
        tasks.spawn(open(door, service));
        let listed = census.listed.clone();
        tasks.spawn(admission::ask_around(
            raft.metrics(),
            Arc::clone(&heard),
            roster.clone(),
            caller.clone(),
            listed.clone(),
            election,
        ));
        tasks.spawn(admission::follow_membership(raft.metrics(), roster, listed, settings.events.clone()));
        tasks.spawn(founding::found(raft.clone(), caller.clone(), census, settings.events));
        let metrics = raft.metrics();
        Ok(Self {
            raft,
            machine,
            metrics,
            caller,
            counters,
            handover,
            heard,
            conditions,
            writer,
            links: Links::default(),
            election,
            started: now(),
            tasks,
            _directory: directory,
        })
    }

    /// What this node knows now.
    pub fn status(&self) -> Status {
        Status::of(&self.metrics.borrow_watched())
    }

    /// When a leader last sent something to this node.
    pub fn leader_heard(&self) -> Option<Instant> {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whether this node could serve on the addresses; who leads asks.
    pub fn set_fit(&self, fit: bool) {
        self.conditions.set_own(fit);
    }

    /// Another has said lately that it could; known while this node leads.
    pub fn is_fit(&self, node: NodeId) -> bool {
        self.conditions.is_fit(node)
    }

    /// How often a holder has given the addresses to a preferred node.
    pub fn yields(&self) -> u32 {
        self.machine.yields()
    }

    /// Tells when something that [`Node::status`] says has changed.
    pub fn changes(&self) -> Changes {
        Changes(self.raft.metrics())
    }

    /// A copy of what the cluster decided, as far as this node has applied it.
    pub fn state(&self) -> State {
        self.machine.state()
    }

    /// Who holds the addresses, as far as this node has applied what the cluster decided.
    pub fn holder(&self) -> Option<Tenure> {
        self.machine.holder()
    }

    /// What is said of servers' health, where that is another revision.
    pub fn verdicts(&self, known: Option<u64>) -> Option<Verdicts> {
        self.machine.verdicts(known)
    }

    /// A way to another node, to confer about servers' health.
    pub fn line(&self, to: NodeId, member: Member) -> Line {
        Line::new(to, Link::new(self.caller.clone(), member))
    }

    /// What the transport turned away.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// How long the disk has been at its present work.
    pub fn disk_stalled(&self) -> Duration {
        self.writer.stalled()
    }

    /// Has something decided, on whichever node leads, and returns when it is committed and applied there.
    ///
    /// # Errors
    /// It is not committed within two seconds: there is no majority, or no leader.
    pub async fn propose(&self, decision: Decision) -> Result<Outcome, Error> {
        if !fits(&decision) {
            return Ok(Outcome::Refused(format!("The change is longer than {MAX_DECISION} bytes.")));
        }
        let decided = timeout(DECIDE, self.decide(decision)).await;
        decided.unwrap_or_else(|_| {
            Err(Error::NotCommitted(format!("no majority within {} s", DECIDE.as_secs())))
        })
    }

    async fn decide(&self, decision: Decision) -> Result<Outcome, Error> {
        let leader = match self.raft.client_write(decision.clone()).await {
            Ok(done) => return Ok(done.data),
            Err(RaftError::APIError(ClientWriteError::ForwardToLeader(to))) => {
                to.leader_id.zip(to.leader_node)
            }
            Err(RaftError::APIError(error)) => return Err(Error::NotCommitted(error.to_string())),
            Err(RaftError::Fatal(error)) => return Err(stopped(error)),
        };
        let (id, leader) = leader.ok_or_else(|| Error::NotCommitted("there is no leader".to_owned()))?;
        let mut link = Link::new(self.caller.clone(), leader);
        match ask(&mut link, Some(id), Request::Propose(decision), DECIDE).await {
            Ok(Answer::Proposed(outcome)) => Ok(outcome),
            Ok(_) => Err(Error::NotCommitted("an answer to another request".to_owned())),
            Err(error) => Err(Error::NotCommitted(error.to_string())),
        }
    }

    /// Waits until this node has applied all that was committed before the call: what it tells then is not old.
    ///
    /// # Errors
    /// There is no majority that vouches for it.
    pub async fn read_barrier(&self) -> Result<(), Error> {
        let read = self.raft.ensure_linearizable(openraft::ReadPolicy::ReadIndex);
        match timeout(DECIDE, read).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Error::NotCommitted(error.to_string())),
            Err(_) => Err(Error::NotCommitted(format!("no majority within {} s", DECIDE.as_secs()))),
        }
    }

    /// Has another voter lead. It bypasses leases: the addresses must have been released before.
    ///
    /// # Errors
    /// This node does not lead, or has stopped.
    pub async fn transfer(&self, to: NodeId) -> Result<(), Error> {
        if self.status().role != Role::Leader {
            return Err(Error::NotCommitted("this node does not lead".to_owned()));
        }
        // The successor asks this node for its vote, too.
        self.handover.announce(to);
        self.raft.trigger().transfer_leader(to).await.map_err(stopped)
    }

    /// Takes a node in that is empty and listens, in place of the one that had its name, if any: it copies the log
    /// first, then votes.
    ///
    /// # Errors
    /// It does not answer, is in a cluster already, or there is no majority.
    pub async fn admit(&self, member: Member) -> Result<NodeId, Error> {
        let mut link = Link::new(self.caller.clone(), member.clone());
        let census = match ask(&mut link, None, Request::Census, DECIDE).await {
            Ok(Answer::Census(census)) => census,
            Ok(_) => {
                return Err(Error::NotCommitted("an answer to another request".to_owned()));
            }
            Err(error) => return Err(Error::NotCommitted(format!("{}: {error}", member.name))),
        };
        let seats = self.status().seats;
        // One that was half-way in when a leader was lost is taken in again.
        if !census.empty && seats.iter().all(|seat| seat.node != census.node) {
            return Err(Error::NotCommitted(format!(
                "{} is in another cluster, or was removed",
                member.name
            )));
        }
        let replaced = |seat: &&super::Seat| seat.member.name == member.name && seat.node != census.node;
        let gone: BTreeSet<_> = seats.iter().filter(replaced).map(|seat| seat.node).collect();
        let voters =
            seats.iter().filter(|seat| seat.voter && !gone.contains(&seat.node)).map(|seat| seat.node);
        let voters = voters.chain([census.node]).collect();
        let seat = async {
            self.raft.add_learner(census.node, member, true).await.map_err(refused)?;
            let change = ChangeMembers::ReplaceAllVoters(voters);
            self.raft.change_membership(change, false).await.map_err(refused)
        };
        match timeout(CATCH_UP, seat).await {
            Ok(seated) => seated.map(|_| census.node),
            Err(_) => Err(Error::NotCommitted(format!("it is not done after {} s", CATCH_UP.as_secs()))),
        }
    }

    /// Takes a node out. The holder of the addresses must have released them before.
    ///
    /// # Errors
    /// There is no majority.
    pub async fn remove(&self, node: NodeId) -> Result<(), Error> {
        let change = ChangeMembers::RemoveVoters(BTreeSet::from([node]));
        match timeout(DECIDE, self.raft.change_membership(change, false)).await {
            Ok(removed) => removed.map(drop).map_err(refused),
            Err(_) => Err(Error::NotCommitted(format!("no majority within {} s", DECIDE.as_secs()))),
        }
    }

    /// Ends the node, and waits until all that it was given is on disk.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
        let _ = self.raft.shutdown().await;
        let _ = self.writer.flush(Vec::new()).await;
    }
}

#[cfg(test)]
impl Node {
    /// The cluster is between two memberships.
    pub(crate) fn is_between(&self) -> bool {
        self.metrics.borrow_watched().membership_config.membership().get_joint_config().len() > 1
    }
}

/// Changes of a node's status.
pub struct Changes(WatchReceiverOf<Types, RaftMetrics<Types>>);

impl Changes {
    /// Waits for the next. False: the node has stopped, and there is none.
    pub async fn next(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}

/// True when as many decisions as one request carries fit into a frame.
pub(super) fn fits(decision: &Decision) -> bool {
    encode(decision).is_ok_and(|bytes| bytes.len() <= MAX_DECISION)
}

/// Keeps silent until no promise of an earlier life can hurt.
async fn quarantine(longest: Duration, writer: &Writer, election: Duration) -> io::Result<()> {
    let wait = sleep(longest.mul_f64(1.2));
    #[cfg(test)]
    if crate::sim::is_without(5) {
        return Ok(());
    }
    // A crash in here must not shorten the next one's wait.
    writer.flush(vec![Write::Set(Fact::Election, encode(&longest)?)]).await?;
    wait.await;
    writer.flush(vec![Write::Set(Fact::Election, encode(&election)?)]).await
}

fn stopped(error: impl std::fmt::Display) -> Error {
    Error::Stopped(error.to_string())
}

fn refused(error: impl std::fmt::Display) -> Error {
    Error::NotCommitted(error.to_string())
}
