//! Nodes that come, go and take another's place while the others run.

use crate::site::{LIMIT, Site};
use crate::watch::Watch;
use lb_harness::eventually;
use nix::sys::signal::Signal;

#[test]
fn a_cluster_grows_and_shrinks_and_a_removed_node_is_heard_no_more() {
    let mut site = Site::start();
    let holder = site.holder();
    let watch = Watch::start(site.front);
    let new = site.grow();
    site.start_node(new);
    // Nobody talks to a stranger, and so it knows of nobody.
    site.shows(new, "show cluster", "\nnode: lb4, learner, ");
    let added = format!("cluster add-node {} {}", Site::name(new), site.link(new));
    assert_eq!(site.command(holder, &added), "\n");
    site.shows(new, "show cluster", " follower, term ");
    site.shows(holder, "show cluster", &format!("\n{} ", Site::name(new)));

    let gone = (0..3).find(|index| *index != holder).unwrap();
    assert_eq!(site.command(holder, &format!("cluster remove-node {}", Site::name(gone))), "\n");
    for index in (0..=new).filter(|index| *index != gone) {
        assert!(
            eventually(LIMIT, || !site
                .command(index, "show cluster")
                .contains(&format!("\n{} ", Site::name(gone)))),
            "{}",
            site.command(index, "show cluster")
        );
    }
    // What it still says is a stranger's word.
    site.shows(gone, "show cluster", "\nquorum: no\n");
    assert_eq!(watch.stop().holders(), [Site::name(holder)]);
    let told = site.command(holder, "cluster remove-node lb9");
    assert!(told.contains("The cluster has no node 'lb9'."), "{told}");

    // Two of the three that are left are a majority, and the new one may hold.
    let third = (0..3).find(|index| *index != holder && *index != gone).unwrap();
    site.end(third, Signal::SIGKILL);
    assert_eq!(site.holder(), holder);
    assert_eq!(site.command(holder, "cluster step-down"), "\n");
    site.holder_among(|index| index == new);
}

#[test]
fn an_emptied_node_is_taken_in_again_in_place_of_the_one_that_it_was() {
    let mut site = Site::start();
    let holder = site.holder();
    let lost = (0..3).find(|index| *index != holder).unwrap();
    site.end(lost, Signal::SIGKILL);
    std::fs::remove_dir_all(site.path(&Site::name(lost))).unwrap();
    site.start_node(lost);
    site.says(lost, "is in a cluster already; this node waits to be added.");
    let added = format!("cluster add-node {} {}", Site::name(lost), site.link(lost));
    assert_eq!(site.command(site.holder(), &added), "\n");
    site.shows(lost, "show cluster", " follower, term ");
    // Its vote counts: with the third node gone, the two are a majority.
    let holder = site.holder();
    let third = (0..3).find(|index| *index != holder && *index != lost).unwrap();
    site.end(third, Signal::SIGKILL);
    assert_eq!(site.command(holder, "cluster step-down"), "\n");
    assert_eq!(site.holder_among(|index| index == lost), lost);
}
