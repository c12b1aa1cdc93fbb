#![allow(clippy::unwrap_used, clippy::panic)]

use super::{About, Observer};
use crate::cluster::{Order, View};
use crate::health::Health;
use crate::raft::{Role, Seat, Status};
use crate::state::{Member, NodeId, Tenure};
use crate::transport::{Counted, Credentials, Identity};
use lb_core::extension::{Look, Reading};
use lb_core::process::Severity;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

fn member(number: u64) -> Member {
    let address = format!("127.0.0.{number}:7000").parse().unwrap();
    Member { name: format!("lb{number}"), address, witness: number == 3 }
}

/// Node 1 of 3, which leads and holds; 2 was heard, 3 was not.
fn leading() -> View {
    let now = Instant::now();
    let seat = |number| Seat { node: NodeId(number), member: member(number), voter: true };
    let status = Status {
        node: NodeId(1),
        role: Role::Leader,
        term: 7,
        leader: Some(NodeId(1)),
        seats: (1..=3).map(seat).collect(),
        quorum_acked: Some(now),
        acked: [(NodeId(2), now)].into(),
        settled: true,
        last: Some(12),
        applied: Some(11),
    };
    let holder = Some(Tenure { node: NodeId(1), term: 7 });
    let until = Some(now + Duration::from_secs(600));
    View { status, holder, until, quorum: true, leader_heard: None, counted: Counted::default() }
}

fn observer(view: Option<View>) -> (Observer, mpsc::Receiver<Order>) {
    let (orders, ordered) = mpsc::channel(8);
    let about = About {
        cluster: "edge".into(),
        me: member(1),
        listed: (1..=3).map(member).collect(),
        addresses: vec![("127.0.9.9".parse().unwrap(), "bind-only")],
        election: (Duration::from_millis(150), Duration::from_millis(300)),
        heartbeat: Duration::from_millis(50),
        identity: Identity::new(&Credentials::Secret(b"0123456789abcdef".to_vec())).unwrap(),
    };
    let (_, view) = watch::channel(view);
    let observer = Observer {
        about: Arc::new(about),
        view,
        orders,
        events: Default::default(),
        counts: Arc::default(),
        replica: Arc::default(),
        health: Health::new(true, Default::default(), Default::default()),
    };
    (observer, ordered)
}

fn call(observer: &Observer, line: &str) -> Result<String, String> {
    let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
    let extension = observer.extension();
    let command = extension.command(&words).unwrap();
    let said = (command.run)(words[command.words.len()..].to_vec());
    futures_util::FutureExt::now_or_never(said).unwrap_or_else(|| Ok("later".to_owned()))
}

#[test]
fn who_leads_and_who_holds_is_shown() {
    let (observer, _ordered) = observer(Some(leading()));
    let text = call(&observer, "show cluster").unwrap();
    for line in [
        "cluster: edge\n",
        "node: lb1, leader, term 7\n",
        "quorum: yes\nleader: lb1\nholder: lb1\naddress: 127.0.9.9 (bind-only)\nlease: 225 ms, ",
        "log: last 12, applied 11\n",
        "\nlb1 0000000000000001 127.0.0.1:7000 leader yes -\nlb2 0000000000000002 127.0.0.2:7000 follower yes 0\n\
         lb3 0000000000000003 127.0.0.3:7000 witness yes -\n",
    ] {
        assert!(text.contains(line), "{line:?} is not in\n{text}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&call(&observer, "show cluster json").unwrap()).unwrap();
    assert_eq!(json["holder"], "lb1");
    assert_eq!(json["nodes"][2]["reachable"], false);
    assert!(call(&observer, "show cluster xml").unwrap_err().contains("'xml'"));
}

#[test]
fn a_node_that_keeps_silent_shows_what_it_expects() {
    let (observer, _ordered) = observer(None);
    let text = call(&observer, "show cluster").unwrap();
    assert!(text.contains("node: lb1, silent, term 0\nquorum: no\nleader: none\nholder: none\n"), "{text}");
    assert!(text.contains("lb2 - 127.0.0.2:7000 expected yes -\n"), "{text}");
}

#[test]
fn only_a_leader_that_hears_another_steps_down() {
    let (leader, mut ordered) = observer(Some(leading()));
    assert_eq!(call(&leader, "cluster step-down"), Ok(String::new()));
    assert!(matches!(ordered.try_recv(), Ok(Order::StepDown)));
    let mut view = leading();
    // The witness may not hold.
    view.status.acked = [(NodeId(3), Instant::now())].into();
    let (lonely, mut ordered) = observer(Some(view));
    assert!(call(&lonely, "cluster step-down").unwrap_err().contains("No other node"));
    let mut view = leading();
    (view.status.role, view.status.leader) = (Role::Follower, Some(NodeId(2)));
    let (follower, _) = observer(Some(view));
    assert_eq!(call(&follower, "cluster step-down"), Err("This node does not lead: lb2 does.".to_owned()));
    assert!(ordered.try_recv().is_err());
}

#[test]
fn nodes_come_and_go_by_the_leaders_word() {
    let (leader, mut ordered) = observer(Some(leading()));
    assert_eq!(call(&leader, "cluster add-node lb4 127.0.0.4:7000 witness"), Ok("later".to_owned()));
    assert!(
        matches!(ordered.try_recv(), Ok(Order::Admit(member, _)) if member.witness && member.name == "lb4")
    );
    assert_eq!(call(&leader, "cluster remove-node lb2"), Ok("later".to_owned()));
    assert!(matches!(ordered.try_recv(), Ok(Order::Remove(NodeId(2), _))));
    for (line, why) in [
        ("cluster add-node lb4", "Expects"),
        ("cluster add-node lb4 host:7000", "'host:7000' is no IP address"),
        ("cluster remove-node lb9", "has no node 'lb9'"),
        ("cluster remove-node lb1", "'cluster step-down' first"),
    ] {
        let said = call(&leader, line).unwrap_err();
        assert!(said.contains(why), "{line}: {said}");
    }
    assert!(ordered.try_recv().is_err());
}

#[test]
fn events_are_told_with_their_time() {
    let (observer, _ordered) = observer(None);
    observer.events.tell(Severity::Warning, "something happened.".into());
    let text = call(&observer, "show cluster events").unwrap();
    let (time, rest) = text.split_once(' ').unwrap();
    assert!(time.ends_with('Z') && time.len() == "2026-01-01T00:00:00.000Z".len(), "{text}");
    assert_eq!(rest, "warning something happened.\n");
    let json = call(&observer, "show cluster events json").unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0]["text"], "something happened.");
}

#[test]
fn metrics_have_their_own_names_and_say_the_same() {
    let (observer, _ordered) = observer(Some(leading()));
    observer.counts.margin.observe(Duration::from_millis(150));
    let metrics = (observer.extension().metrics.unwrap())();
    let mut names: Vec<_> = metrics.iter().map(|metric| metric.name).collect();
    assert!(names.iter().all(|name| name.starts_with("lb_cluster_")));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), metrics.len());
    let of = |name: &str| &metrics.iter().find(|metric| metric.name == name).unwrap().samples;
    let number = |name: &str| match of(name)[0].1 {
        Reading::Number(number) => number,
        Reading::Histogram { .. } => panic!("{name} is a histogram"),
    };
    assert_eq!(number("lb_cluster_term"), 7.0);
    assert_eq!(number("lb_cluster_holds_addresses"), 1.0);
    assert_eq!(number("lb_cluster_apply_lag_entries"), 1.0);
    assert!(
        matches!(&of("lb_cluster_lease_margin_seconds")[0].1, Reading::Histogram { sum, .. } if *sum == 0.15)
    );
}

#[test]
fn the_page_shows_who_is_there() {
    let (observer, _ordered) = observer(Some(leading()));
    let panels = (observer.extension().panels.unwrap())();
    let panel = &panels[0];
    assert_eq!(panel.title, "cluster edge");
    assert!(
        panel.summary.contains("term 7; lb1 holds the virtual addresses (127.0.9.9)"),
        "{}",
        panel.summary
    );
    let looks: Vec<_> = panel.rows.iter().map(|(look, _)| *look).collect();
    assert_eq!(looks, [Look::Good, Look::Good, Look::Bad]);
}

#[test]
fn nothing_is_alike_before_this_node_has_said_what_it_has() {
    let (observer, _) = observer(Some(leading()));
    let text = super::config::text(&observer).unwrap();
    assert_eq!(text, "node: lb1\nknown: \nunknown: lb1 lb2\nalike: unknown\n");
}
