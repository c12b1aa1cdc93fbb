//! What a node needs before it can start: all that can fail for reasons that an operator can mend, and may need
//! privileges that the process gives up later. Nothing here makes a thread.

use super::encoding::decode;
use super::{Error, Replica};
use crate::counts::Counts;
use crate::events::Events;
use crate::health::Health;
use crate::state::{Member, NodeId};
use crate::store::{Contents, Directory, Fact, Store};
use crate::transport::Identity;
use openraft::{Config, SnapshotPolicy};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// As many entries as one request carries fit in a frame.
const ENTRIES_PER_REQUEST: u64 = 15;
/// Entries between two snapshots, and those kept behind the last one for who lags a little.
const SNAPSHOT_EVERY: u64 = 1000;
const KEPT_BEHIND: u64 = 500;
/// The shortest election timeout: below, a busy machine fences itself.
pub const MIN_ELECTION: Duration = Duration::from_millis(300);

/// What a node is started with.
pub struct Settings {
    /// The cluster's name.
    pub cluster: String,
    /// This node, as it is listed.
    pub me: Member,
    /// Where it listens for the others.
    pub listen: SocketAddr,
    /// All nodes, this one included.
    pub listed: Vec<Member>,
    /// How it proves itself.
    pub identity: Identity,
    /// What it keeps.
    pub data_dir: PathBuf,
    /// How often a leader tells that it is there.
    pub heartbeat: Duration,
    /// After how long without a leader others are asked for votes: a random time between the two.
    pub election: (Duration, Duration),
    /// How long a new leader waits before it holds, since guards of its predecessor's kind end late. The same on all nodes.
    pub succession: Duration,
    /// Nodes that take the addresses back once they are fit, the best one first.
    pub preferred: Vec<String>,
    /// Where it tells what happens.
    pub events: Events,
    /// Where it counts.
    pub counts: Arc<Counts>,
    /// The health of servers, as far as it is shared.
    pub health: Health,
}

/// A node that can start.
pub struct Prepared {
    pub(super) basis: Basis,
    pub(super) listener: TcpListener,
    pub(super) directory: Directory,
    pub(super) store: Store,
    replica: Arc<Replica>,
}

/// What it is, wherever it keeps its log.
pub(crate) struct Basis {
    pub(crate) settings: Settings,
    pub(crate) config: Arc<Config>,
    pub(super) node: NodeId,
    pub(super) contents: Contents,
}

impl Prepared {
    /// Binds the address, opens the data-dir, and verifies what is in it.
    ///
    /// # Errors
    /// The settings make no sense, the data-dir is damaged or in use, or the address cannot be bound.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let config = Arc::new(config(&settings)?);
        let listen = settings.listen;
        let listener = TcpListener::bind(listen).and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok(listener)
        });
        let listener = listener.map_err(|source| Error::Listen { address: listen, source })?;
        let directory = Directory::open(&settings.data_dir)?;
        let (store, contents) = Store::open(&directory)?;
        let replica = Arc::new(Replica::of(&contents)?);
        let basis = Basis { node: identity(&contents)?, settings, config, contents };
        Ok(Self { basis, listener, directory, store, replica })
    }

    /// What this node will have of what all know alike; it has its last snapshot of it already.
    pub fn replica(&self) -> Arc<Replica> {
        Arc::clone(&self.replica)
    }

    /// What Raft knows this node by.
    pub fn node(&self) -> NodeId {
        self.basis.node
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.basis.settings
    }
}

impl Basis {
    /// Of a node whose store is open.
    #[cfg(test)]
    pub(crate) fn new(settings: Settings, contents: Contents) -> Result<Self, Error> {
        let (config, node) = (Arc::new(config(&settings)?), identity(&contents)?);
        Ok(Self { settings, config, node, contents })
    }

    /// How long the node must keep silent first: a voter that restarts has forgotten which leases it granted, so all of
    /// them must be over, also by a clock that runs slow, and also those of a longer timeout that it had before.
    pub(super) fn longest_lease(&self) -> io::Result<Duration> {
        let before = self.contents.fact(Fact::Election).map(decode::<Duration>).transpose()?;
        Ok(before.unwrap_or_default().max(self.settings.election.1))
    }
}

fn config(settings: &Settings) -> Result<Config, Error> {
    let (min, max) = settings.election;
    if max < MIN_ELECTION || min > max {
        return Err(Error::Settings(format!(
            "election-timeout {}ms {}ms: the first must not exceed the second, nor the second be below {}ms",
            min.as_millis(),
            max.as_millis(),
            MIN_ELECTION.as_millis()
        )));
    }
    if !settings.listed.contains(&settings.me) {
        return Err(Error::Settings(format!("node '{}' is not listed", settings.me.name)));
    }
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let config = Config {
        cluster_name: settings.cluster.clone(),
        heartbeat_interval: millis(settings.heartbeat),
        election_timeout_min: millis(min),
        election_timeout_max: millis(max),
        enable_pre_vote: Some(true),
        enable_leader_restore: Some(false),
        backoff: "20ms 50ms 100ms ...200ms".to_owned(),
        max_payload_entries: ENTRIES_PER_REQUEST,
        snapshot_policy: SnapshotPolicy::LogsSinceLast(SNAPSHOT_EVERY),
        max_in_snapshot_log_to_keep: KEPT_BEHIND,
        ..Config::default()
    };
    config.validate().map_err(|error| Error::Settings(error.to_string()))
}

fn identity(contents: &Contents) -> io::Result<NodeId> {
    let id = contents.fact(Fact::Node).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes);
    id.map(NodeId).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the node's id is damaged"))
}
