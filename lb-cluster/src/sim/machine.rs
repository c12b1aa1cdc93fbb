//! A machine: its clocks, its disk, its kernel, and the process on it, which dies and is started again.

use super::disk::{self, Disk};
use super::executor::Time;
use super::hands::Watched;
use super::kernel::{self, Machinery, Post};
use super::network::Open;
use super::world::{ELECTION, MS};
use super::{as_at, network, with};
use crate::cluster::{Beginning, Order, View, live};
use crate::health::Health;
use crate::raft::{Basis, Node, Role, Settings, Status};
use crate::state::{Member, NodeId};
use crate::store::Writer;
use crate::transport::{Credentials, Identity};
use crate::vip::{Grip, Lease, Moment, keeper};
use lb_core::listen::Permit;
use openraft::SnapshotPolicy;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// A clock that only goes on, at its own rate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    offset: u64,
    rate: f64,
}

impl Clock {
    pub(super) fn new(random: &mut fastrand::Rng) -> Self {
        // 9 % between the slowest and the fastest.
        let rate = 0.957 + random.f64() * 0.086;
        let ends = [0.957, 1.043];
        let rate = if random.bool() { ends[random.usize(..2)] } else { rate };
        Self { offset: random.u64(1_000..1_000_000) * 1000 * MS, rate }
    }

    /// What it says at a time.
    pub(super) fn at(&self, time: Time) -> Moment {
        Duration::from_nanos(self.offset + (time as f64 * self.rate) as u64)
    }

    /// The first time at which it says so.
    pub(super) fn when(&self, moment: Moment) -> Time {
        let since = u64::try_from(moment.as_nanos()).unwrap_or(u64::MAX).saturating_sub(self.offset);
        let mut time = (since as f64 / self.rate) as Time;
        while self.at(time) < moment {
            time += 1;
        }
        time
    }
}

/// One of them.
pub(super) struct Machine {
    pub(super) member: Member,
    pub(super) clock: Clock,
    /// Seconds by which the clock on its wall was set.
    pub(super) wall: u64,
    pub(super) disk: Disk,
    pub(super) kernel: Machinery,
    pub(super) post: Post,
    /// The process.
    pub(super) life: Option<usize>,
    pub(super) node: Weak<Node>,
    pub(super) orders: Option<mpsc::Sender<Order>>,
    pub(super) view: Option<watch::Receiver<Option<View>>>,
    pub(super) open: Option<Open>,
    pub(super) election: (Duration, Duration),
    pub(super) listed: Vec<Member>,
    pub(super) preferred: Vec<String>,
    /// Until when, by its clock, its holder has asked for the guard to be open.
    pub(super) granted: Option<Moment>,
    /// It was told to stop.
    pub(super) stopping: bool,
    /// It is no part of the cluster (any more).
    pub(super) outside: bool,
}

impl Machine {
    pub(super) fn new(member: Member, random: &mut fastrand::Rng) -> Self {
        Self {
            member,
            clock: Clock::new(random),
            wall: 1_700_000_000,
            disk: Disk::new(random.u64(1..)),
            kernel: Machinery::default(),
            post: Post::default(),
            life: None,
            node: Weak::new(),
            orders: None,
            view: None,
            open: None,
            election: ELECTION,
            listed: Vec::new(),
            preferred: Vec::new(),
            granted: None,
            stopping: false,
            outside: false,
        }
    }

    pub(super) fn id(&self) -> NodeId {
        let id = self.disk.contents.fact(crate::store::Fact::Node).and_then(|id| id.try_into().ok());
        NodeId(id.map(u64::from_le_bytes).unwrap_or_default())
    }

    pub(super) fn status(&self) -> Option<Status> {
        let node = self.node.upgrade()?;
        Some(as_at(&self.clock, || node.status()))
    }

    pub(super) fn leads(&self) -> bool {
        self.status().is_some_and(|status| status.role == Role::Leader && status.settled)
    }

    /// It runs, and keeps silent.
    pub(super) fn is_in_quarantine(&self) -> bool {
        self.life.is_some() && self.node.strong_count() == 0
    }
}

/// Starts the process.
pub(super) fn start(machine: usize) {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    let identity = IDENTITY.get_or_init(|| {
        let secret = Credentials::Secret(b"0123456789abcdef".to_vec());
        Identity::new(&secret).unwrap_or_else(|error| unreachable!("{error}"))
    });
    let begun = with(|sim| {
        if sim.world.machines[machine].life.is_some() {
            return None;
        }
        let silent = sim.world.machines.iter().filter(|machine| machine.is_in_quarantine()).count();
        if silent > 0 && sim.executor.now() > 500 * MS {
            sim.world.coverage.count("two nodes in quarantine");
        }
        let life = sim.executor.begin(machine);
        let this = &mut sim.world.machines[machine];
        this.life = Some(life);
        let settings = Settings {
            cluster: "edge".into(),
            me: this.member.clone(),
            listen: this.member.address,
            listed: this.listed.clone(),
            identity: identity.clone(),
            data_dir: Default::default(),
            heartbeat: Duration::from_millis(50),
            election: this.election,
            succession: Duration::ZERO,
            preferred: this.preferred.clone(),
            events: Default::default(),
            counts: Default::default(),
            health: Health::new(false, Default::default(), Default::default()),
        };
        let contents = this.disk.contents.clone();
        let id = this.id();
        sim.world.ids.insert(id, machine);
        sim.note(|| format!("{machine} starts as {id}"));
        Some((life, settings, contents))
    });
    let Some((life, settings, contents)) = begun else { return };
    let Ok((remote, served)) = keeper::pair() else { return };
    kernel::post(machine, served, Lease::new(settings.election.1));
    let hands = Watched::new(machine, life, Grip::new(Permit::default(), Some(remote)));
    let (orders, ordered) = mpsc::channel(8);
    let (shown, view) = watch::channel(None);
    let (writer, work) = Writer::new();
    let mut beginning = Beginning::new(&settings, Box::new(hands), None, shown);
    // Rule 8: a witness never holds.
    beginning.witness &= !super::is_without(8);
    let mut basis = Basis::new(settings, contents).unwrap_or_else(|error| unreachable!("{error}"));
    let config = Arc::make_mut(&mut basis.config);
    // Few entries are many here.
    config.snapshot_policy = SnapshotPolicy::LogsSinceLast(12);
    config.max_in_snapshot_log_to_keep = 3;
    let run = async move {
        let starting = async {
            let node =
                Node::join(basis, writer, None, |door, service| network::open(machine, life, door, service));
            let node = Arc::new(node.await?);
            with(|sim| {
                sim.note(|| format!("{machine} joins"));
                sim.world.machines[machine].node = Arc::downgrade(&node);
            });
            Ok(node)
        };
        live(starting, beginning, ordered).await;
        with(|sim| {
            let now = sim.executor.now();
            sim.executor.at(now, move || end(machine, life));
        });
    };
    with(|sim| {
        let this = &mut sim.world.machines[machine];
        (this.orders, this.view) = (Some(orders), Some(view));
        sim.executor.spawn(life, Box::pin(disk::write(machine, work)));
        sim.executor.spawn(life, Box::pin(run));
    });
}

/// The process has come to its end by itself.
fn end(machine: usize, life: usize) {
    if with(|sim| sim.world.machines[machine].life == Some(life)) {
        with(|sim| sim.note(|| format!("{machine} has ended")));
        kill(machine);
    }
}

/// The worker's process ends at once. The keeper sees that, and cleans up.
pub(super) fn kill(machine: usize) {
    let gone = with(|sim| {
        let finishes = sim.world.random.bool();
        let this = &mut sim.world.machines[machine];
        (this.node, this.stopping) = (Weak::new(), false);
        this.disk.crash(finishes);
        let orders = (this.orders.take(), this.view.take(), this.open.take());
        let life = this.life.take()?;
        sim.note(|| format!("{machine} is killed"));
        Some((sim.executor.kill(life), orders))
    });
    drop(gone);
    kernel::call(machine);
}

/// Worker and keeper end at once: what the kernel has stays.
pub(super) fn kill_all(machine: usize) {
    let monitor = with(|sim| {
        sim.note(|| format!("{machine}'s keeper is killed"));
        sim.world.machines[machine].post.kill()
    });
    kill(machine);
    drop(monitor);
}

/// The machine is switched off.
pub(super) fn reset(machine: usize) {
    kill_all(machine);
    with(|sim| sim.world.machines[machine].kernel.reset());
}
