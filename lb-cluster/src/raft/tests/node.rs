use crate::raft::{Error, Node, Prepared, Role, Settings, Status};
use crate::state::{Decision, Member, NodeId, Outcome, Proposal, RequestId};
use crate::transport::keygen::Authority;
use crate::transport::{Credentials, Identity};
use lb_core::admin::{By, Change};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

/// Long enough for a machine that has much else to do.
const SOON: Duration = Duration::from_secs(30);
const HEARTBEAT: Duration = Duration::from_millis(100);
const ELECTION: (Duration, Duration) = (Duration::from_millis(500), Duration::from_millis(1000));

/// Nodes in one process, each with an address and a data-dir of its own.
struct Cluster {
    authority: Authority,
    home: TempDir,
    listed: Vec<Member>,
    /// So many create the cluster, and list nobody else.
    founders: usize,
    nodes: Vec<Option<Node>>,
}

impl Cluster {
    fn new(size: u8) -> Self {
        let member = |host: u8| {
            let free = TcpListener::bind((Ipv4Addr::new(127, 0, 0, host), 0)).unwrap();
            Member { name: format!("lb{host}"), address: free.local_addr().unwrap(), witness: false }
        };
        let listed = (1..=size).map(member).collect::<Vec<_>>();
        let nodes = listed.iter().map(|_| None).collect();
        let (authority, home) = (Authority::new().unwrap(), tempfile::tempdir().unwrap());
        Self { authority, home, founders: listed.len(), listed, nodes }
    }

    fn data_dir(&self, index: usize) -> PathBuf {
        self.home.path().join(format!("lb{}", index + 1))
    }

    async fn start(&mut self, index: usize) {
        let me = self.listed[index].clone();
        let all = if index < self.founders { self.founders } else { self.listed.len() };
        let crt = self.authority.node(&me.name).unwrap();
        let ca = self.authority.certificate().unwrap();
        let identity = Identity::new(&Credentials::Certificates { crt, ca }).unwrap();
        self.nodes[index] = loop {
            let settings = Settings {
                cluster: "edge".into(),
                identity: identity.clone(),
                data_dir: self.data_dir(index),
                listed: self.listed[..all].to_vec(),
                heartbeat: HEARTBEAT,
                election: ELECTION,
                succession: Duration::ZERO,
                preferred: Vec::new(),
                listen: me.address,
                me: me.clone(),
                events: Default::default(),
                counts: Default::default(),
                health: crate::health::Health::new(true, Default::default(), Default::default()),
            };
            let started = match Prepared::new(settings) {
                Ok(prepared) => Node::start(prepared).await,
                Err(error) => Err(error),
            };
            match started {
                Ok(node) => break Some(node),
                // The thread of an earlier life has not let go of the file yet.
                Err(Error::Store(crate::store::Error::Locked { .. })) => {}
                Err(error) => panic!("{error}"),
            }
        };
    }

    async fn start_all(&mut self) {
        for index in 0..self.founders {
            self.start(index).await;
        }
    }

    async fn stop(&mut self, index: usize) {
        self.nodes[index].take().unwrap().stop().await;
    }

    fn node(&self, index: usize) -> &Node {
        self.nodes[index].as_ref().unwrap()
    }

    fn running(&self) -> impl Iterator<Item = (usize, &Node)> {
        self.nodes.iter().enumerate().filter_map(|(index, node)| Some((index, node.as_ref()?)))
    }

    async fn until<T>(&self, what: impl Fn(&Self) -> Option<T>) -> T {
        let reached = async {
            loop {
                if let Some(reached) = what(self) {
                    return reached;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let states = || self.running().map(|(_, node)| node.status()).collect::<Vec<_>>();
        tokio::time::timeout(SOON, reached).await.unwrap_or_else(|_| panic!("{:#?}", states()))
    }

    /// Has something decided through a node, however often the leader changes meanwhile on a busy machine.
    async fn decide(&self, index: usize, decision: &Decision) {
        let decided = async {
            loop {
                match self.node(index).propose(decision.clone()).await {
                    Ok(outcome) => return assert_eq!(outcome, Outcome::Done),
                    Err(Error::NotCommitted(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
                    Err(error) => panic!("{error}"),
                }
            }
        };
        tokio::time::timeout(SOON, decided).await.unwrap();
    }

    /// The one leader that all running nodes agree on, once it knows what is committed.
    async fn leader(&self) -> usize {
        self.until(|cluster| {
            let all: Vec<(usize, Status)> =
                cluster.running().map(|(index, node)| (index, node.status())).collect();
            let (index, leader) =
                all.iter().find(|(_, status)| status.role == Role::Leader && status.settled)?;
            let agreed = all
                .iter()
                .all(|(_, status)| status.leader == Some(leader.node) && status.term == leader.term);
            agreed.then_some(*index)
        })
        .await
    }
}

fn weight(weight: u32) -> Decision {
    let change = Change::Weight { backend: "b".into(), server: "s".into(), weight };
    // Each is a request of its own.
    let id = RequestId { node: NodeId(1), life: u64::from(weight), number: 1 };
    Decision::Change(Box::new(Proposal { id, floor: 0, change, base: 0, by: By::default(), at: 0 }))
}

fn has(node: &Node, wanted: &Decision) -> bool {
    let Decision::Change(wanted) = wanted else {
        return false;
    };
    node.state().changes().after(0).iter().any(|(_, entry)| entry.change == wanted.change)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_elect_lose_and_elect_again() {
    let mut cluster = Cluster::new(3);
    cluster.start(0).await;
    cluster.start(1).await;
    // Two of three listed nodes create nothing, though they are a majority.
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(cluster.running().all(|(_, node)| node.status().seats.is_empty()));
    cluster.start(2).await;
    let first = cluster.leader().await;
    let term = cluster.node(first).status().term;
    assert!(cluster.node(first).status().quorum_acked.is_some());

    // A change through a node that does not lead is on all of them.
    let follower = (first + 1) % 3;
    assert_eq!(cluster.node(follower).propose(weight(1)).await.unwrap(), Outcome::Done);
    cluster.until(|cluster| cluster.running().all(|(_, node)| has(node, &weight(1))).then_some(())).await;
    let leader = cluster.leader().await;
    cluster.node(leader).read_barrier().await.unwrap();

    // The leader is lost: another leads in a later term, and nothing that was acknowledged is.
    let first = cluster.leader().await;
    cluster.stop(first).await;
    let second = cluster.leader().await;
    assert_ne!(second, first);
    assert!(cluster.node(second).status().term > term);
    assert_eq!(cluster.node(second).propose(weight(2)).await.unwrap(), Outcome::Done);

    // It comes back with what it had, and hears what it missed.
    cluster.start(first).await;
    cluster.until(|cluster| has(cluster.node(first), &weight(2)).then_some(())).await;
    assert_eq!(cluster.node(first).state().changes().size().0, 1);

    // Leadership is handed over on demand.
    let target = (cluster.leader().await + 1) % 3;
    while cluster.node(target).status().role != Role::Leader {
        let leader = cluster.leader().await;
        let _ = cluster.node(leader).transfer(cluster.node(target).status().node).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }

    // Without a majority nothing is decided, and the proposer is told.
    let leader = cluster.leader().await;
    for other in (0..3).filter(|index| *index != leader) {
        cluster.stop(other).await;
    }
    cluster.node(leader).propose(weight(3)).await.unwrap_err();
    cluster.node(leader).read_barrier().await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emptied_node_is_a_new_one_that_takes_the_old_ones_seat() {
    let mut cluster = Cluster::new(3);
    cluster.start_all().await;
    let leader = cluster.leader().await;
    for value in 0..20 {
        cluster.decide(leader, &weight(value)).await;
    }
    let lost = (leader + 1) % 3;
    let old = cluster.node(lost).status().node;
    cluster.stop(lost).await;
    std::fs::remove_dir_all(cluster.data_dir(lost)).unwrap();
    cluster.start(lost).await;
    // It neither votes nor leads before it is admitted.
    assert!(cluster.node(lost).status().seats.is_empty());
    let leader = || {
        cluster.until(|cluster| {
            let mut leaders = cluster.running().filter(|(_, node)| node.status().role == Role::Leader);
            leaders.next().map(|(index, _)| index)
        })
    };
    let new = loop {
        match cluster.node(leader().await).admit(cluster.listed[lost].clone()).await {
            Ok(new) => break new,
            Err(error) => eprintln!("{error}"),
        }
    };
    assert_ne!(new, old);
    cluster.until(|cluster| has(cluster.node(lost), &weight(19)).then_some(())).await;
    let leader = leader().await;
    let seats = cluster.node(leader).status().seats;
    assert_eq!(seats.iter().filter(|seat| seat.voter).count(), 3);
    assert!(seats.iter().all(|seat| seat.node != old));
    // To admit it again changes nothing.
    assert_eq!(cluster.node(leader).admit(cluster.listed[lost].clone()).await.unwrap(), new);
}

/// Nobody but the node that came in can lead, and it needs the vote of one that was away then and has never heard of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_came_in_is_let_in_by_a_voter_that_was_away() {
    let mut cluster = Cluster::new(4);
    cluster.founders = 3;
    cluster.start_all().await;
    let away = (cluster.leader().await + 1) % 3;
    cluster.stop(away).await;
    cluster.start(3).await;
    loop {
        let leader = cluster.until(|cluster| {
            let mut leaders = cluster.running().filter(|(_, node)| node.status().role == Role::Leader);
            leaders.next().map(|(index, _)| index)
        });
        match cluster.node(leader.await).admit(cluster.listed[3].clone()).await {
            Ok(_) => break,
            Err(error) => eprintln!("{error}"),
        }
    }
    // Another founder misses a change that the new node has: it cannot lead either.
    let behind = loop {
        let leader = cluster.leader().await;
        let behind = (0..3).find(|index| ![leader, away].contains(index)).unwrap();
        let last = cluster.node(behind).status().last;
        cluster.stop(behind).await;
        // Two of four decide nothing, but both have it.
        let _ = cluster.node(leader).propose(weight(7)).await;
        if cluster.node(3).status().last > last {
            break behind;
        }
        cluster.start(behind).await;
    };
    let third = (0..3).find(|index| ![behind, away].contains(index)).unwrap();
    cluster.stop(third).await;
    cluster.start(behind).await;
    cluster.start(away).await;
    cluster.leader().await;
}

#[tokio::test]
async fn settings_that_make_no_sense_are_refused() {
    let cluster = Cluster::new(1);
    let settings = |election, me: Member| Settings {
        cluster: "edge".into(),
        identity: Identity::new(&Credentials::Secret(b"0123456789abcdef".to_vec())).unwrap(),
        data_dir: cluster.data_dir(0),
        listed: cluster.listed.clone(),
        heartbeat: HEARTBEAT,
        election,
        succession: Duration::ZERO,
        preferred: Vec::new(),
        listen: me.address,
        events: Default::default(),
        counts: Default::default(),
        health: crate::health::Health::new(true, Default::default(), Default::default()),
        me,
    };
    let short = (Duration::from_millis(100), Duration::from_millis(200));
    let error = Prepared::new(settings(short, cluster.listed[0].clone())).err().unwrap().to_string();
    assert_eq!(
        error,
        "election-timeout 100ms 200ms: the first must not exceed the second, nor the second be below 300ms"
    );
    let error = Prepared::new(settings(ELECTION, Member::default())).err().unwrap().to_string();
    assert_eq!(error, "node '' is not listed");
}
