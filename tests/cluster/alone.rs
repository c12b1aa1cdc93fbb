//! Nodes without a majority, and all of them again.

use crate::site::{LIMIT, Site};
use lb_harness::eventually;
use nix::sys::signal::Signal;

/// The highest term that a node has told of.
fn term(said: &str) -> u64 {
    let terms = said
        .lines()
        .filter_map(|line| line.rsplit_once(" leads, term ")?.1.trim_end_matches('.').parse().ok());
    terms.max().unwrap_or(0)
}

#[test]
fn a_minority_lets_go_and_goes_on_with_its_own_and_a_cluster_that_restarts_is_the_same() {
    let mut site = Site::start();
    let holder = site.holder();
    let others: Vec<_> = (0..3).filter(|index| *index != holder).collect();
    for index in &others {
        site.end(*index, Signal::SIGKILL);
    }
    site.says(holder, "its lease is over.");
    site.says(holder, "no majority of the nodes is reached");
    assert_eq!(site.answers(site.front), None);
    assert_eq!(site.answers(site.own(holder)), Some(holder));

    // A majority again, and all at once after an end of all.
    site.start_node(others[0]);
    site.holder();
    let said = [holder, others[0]].map(|index| term(&site.end(index, Signal::SIGKILL)));
    let before = said.into_iter().max().unwrap();
    assert_ne!(before, 0);
    assert!(eventually(LIMIT, || site.answers(site.front).is_none()));
    (0..3).for_each(|index| site.start_node(index));
    let holder = site.holder();
    // Nobody founded a new one.
    assert!(eventually(LIMIT, || term(&site.node(holder).stderr()) > before));
}
