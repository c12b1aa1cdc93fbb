#![allow(clippy::unwrap_used)]

use super::{Questions, Sharing};
use arc_swap::ArcSwap;
use haproxy_cfg_parser::{Source, SystemWorld, parse};
use lb_core::admin::{Applied, Authority, By, Change, Stage};
use lb_core::compile::{Options, Plan, compile};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn plan() -> Plan {
    let text = "defaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 5s\n\
                frontend f\n bind 127.0.0.1:80\n default_backend b\n\
                backend b\n server s 127.0.0.1:1\n";
    let world = SystemWorld::default();
    let (config, _) = parse(&[Source::new("test.cfg", text.to_owned())], &world);
    let options = Options { threads: 1, maxconn: 100, world: &world, previous: None, held: &[] };
    compile(&Arc::new(config), &options).unwrap().0
}

async fn propose(sharing: &Sharing) -> Applied {
    let change = Change::Weight { backend: "b".into(), server: "s".into(), weight: 2 };
    let deadline = Instant::now() + Duration::from_secs(60);
    let stage = Stage::new(Arc::new(ArcSwap::from_pointee(plan())));
    sharing.propose(&stage, change, &By::default(), deadline).await
}

#[tokio::test]
async fn what_was_passed_on_when_the_node_ended_may_be_committed() {
    let (sharing, questions) =
        Sharing::new(Default::default(), Default::default(), Arc::default(), Default::default());
    let Questions { mut asks, .. } = questions;
    // It has gone to the leader; then this node ends.
    let (told, ()) = tokio::join!(propose(&sharing), async { drop(asks.recv().await) });
    let text = told.unwrap_err();
    assert!(text.starts_with("It is not known whether this was committed: "), "{text}");
    // Nobody hears of another.
    drop(asks);
    let text = propose(&sharing).await.unwrap_err();
    assert!(text.starts_with("Not committed: ") && text.ends_with("Nothing was changed."), "{text}");
}
