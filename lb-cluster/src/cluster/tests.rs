#![allow(clippy::unwrap_used, clippy::panic)]

use super::Cluster;
use crate::raft::{Error, Prepared, Settings};
use crate::state::Member;
use crate::transport::{Credentials, Identity};
use crate::vip::Grip;
use lb_core::listen::Permit;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(30);

struct Peer {
    cluster: Option<Cluster>,
    gate: Permit,
}

fn start(home: &Path, listed: &[Member], me: &Member) -> Peer {
    let gate = Permit::default();
    let cluster = loop {
        let settings = Settings {
            cluster: "edge".into(),
            me: me.clone(),
            listed: listed.to_vec(),
            identity: Identity::new(&Credentials::Secret(b"0123456789abcdef".to_vec())).unwrap(),
            data_dir: home.join(&me.name),
            listen: me.address,
            events: Default::default(),
            counts: Default::default(),
            health: crate::health::Health::new(true, Default::default(), Default::default()),
            heartbeat: Duration::from_millis(100),
            election: (Duration::from_millis(500), Duration::from_millis(1000)),
            succession: Duration::ZERO,
            preferred: Vec::new(),
        };
        match Prepared::new(settings) {
            Ok(prepared) => {
                break Cluster::start(prepared, Vec::new(), Box::new(Grip::new(gate.clone(), None)), None)
                    .unwrap();
            }
            // The thread of an earlier life has not let go of the file yet.
            Err(Error::Store(crate::store::Error::Locked { .. })) => {}
            Err(error) => panic!("{error}"),
        }
    };
    Peer { cluster: Some(cluster), gate }
}

fn members(witness: usize) -> Vec<Member> {
    let member = |host: u8| {
        let free = TcpListener::bind((Ipv4Addr::new(127, 0, 0, 20 + host), 0)).unwrap();
        let witness = usize::from(host) == witness;
        Member { name: format!("lb{host}"), address: free.local_addr().unwrap(), witness }
    };
    (0..3).map(member).collect()
}

/// Waits for one open gate, and sees at every look that there are never two.
fn holder(peers: &[Peer], among: impl Fn(usize) -> bool) -> usize {
    let begun = Instant::now();
    loop {
        let open: Vec<_> = (0..peers.len()).filter(|index| peers[*index].gate.is_granted()).collect();
        match open[..] {
            [one] if among(one) => return one,
            [] | [_] => {}
            // The first may have been let go before the second was looked at: it counts if it is open still.
            _ => assert!(!open.iter().all(|index| peers[*index].gate.is_granted()), "{open:?} hold at once"),
        }
        assert!(begun.elapsed() < SOON, "{open:?}");
        sleep(Duration::from_millis(1));
    }
}

#[test]
fn the_leader_holds_and_another_takes_over_when_it_steps_down_and_when_it_stops() {
    let home = tempfile::tempdir().unwrap();
    let listed = members(9);
    let mut peers: Vec<_> = listed.iter().map(|me| start(home.path(), &listed, me)).collect();
    let first = holder(&peers, |_| true);
    peers[first].cluster.as_ref().unwrap().step_down();
    let second = holder(&peers, |index| index != first);
    // All hear who holds.
    let node = peers[second].cluster.as_ref().unwrap().view().unwrap().status.node;
    let begun = Instant::now();
    let knows = |peer: &Peer| {
        let view = peer.cluster.as_ref().unwrap().view().unwrap();
        view.holder.is_some_and(|holder| holder.node == node) || holder_changed(&peers, second)
    };
    while !peers.iter().all(knows) {
        assert!(begun.elapsed() < SOON);
        sleep(Duration::from_millis(5));
    }
    let second = holder(&peers, |_| true);
    peers[second].cluster.take().unwrap().stop();
    assert!(!peers[second].gate.is_granted());
    holder(&peers, |index| index != second);
}

/// On a busy machine the addresses may move on by themselves.
fn holder_changed(peers: &[Peer], since: usize) -> bool {
    !peers[since].gate.is_granted()
}

#[test]
fn a_witness_never_holds() {
    let home = tempfile::tempdir().unwrap();
    let listed = members(0);
    let mut peers: Vec<_> = listed.iter().map(|me| start(home.path(), &listed, me)).collect();
    let first = holder(&peers, |index| index != 0);
    peers[first].cluster.take().unwrap().stop();
    let second = holder(&peers, |index| index != first);
    assert_ne!(second, 0);
    // The witness alone is no majority.
    peers[second].cluster.take().unwrap().stop();
    sleep(Duration::from_millis(1500));
    assert!(peers.iter().all(|peer| !peer.gate.is_granted()));
}
