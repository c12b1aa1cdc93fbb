use crate::raft::founding::{Verdict, judge};
use crate::raft::network::Census;
use crate::state::{Member, NodeId};
use std::collections::BTreeMap;

fn member(name: &str) -> Member {
    Member { name: name.into(), ..Member::default() }
}

fn answer(name: &str, node: u64, empty: bool, listed: &[&str]) -> (Member, Census) {
    let listed = listed.iter().map(|name| member(name)).collect();
    (member(name), Census { node: NodeId(node), empty, listed })
}

#[test]
fn a_cluster_is_created_of_empty_nodes_that_agree() {
    let both = [answer("a", 7, true, &["a", "b"]), answer("b", 3, true, &["b", "a"])];
    let founders = BTreeMap::from([(NodeId(7), member("a")), (NodeId(3), member("b"))]);
    assert_eq!(judge(&both), Verdict::Found(founders));
}

#[test]
fn one_that_is_not_empty_or_lists_others_or_is_a_copy_prevents_it() {
    let first = answer("a", 7, true, &["a", "b"]);
    let judged = |second| judge(&[first.clone(), second]);
    assert_eq!(judged(answer("b", 3, false, &["a", "b"])), Verdict::Exists("b".into()));
    assert_eq!(judged(answer("b", 3, true, &["a", "b", "c"])), Verdict::Differs("b".into()));
    assert_eq!(judged(answer("b", 7, true, &["a", "b"])), Verdict::Copied("a".into(), "b".into()));
}
