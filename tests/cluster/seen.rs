//! What operators see, on every node, and the command that moves the lead.

use crate::site::{LIMIT, Site};
use lb_harness::{ask, eventually};
use nix::sys::signal::Signal;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

/// What the runtime API of a node answers.
fn command(site: &Site, index: usize, line: &str) -> String {
    let mut stream = UnixStream::connect(site.socket(index)).unwrap();
    writeln!(stream, "{line}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn every_node_shows_who_holds_and_the_leader_steps_down() {
    let site = Site::start();
    let first = site.holder();
    let shows = |index: usize, text: &str| {
        assert!(
            eventually(LIMIT, || command(&site, index, "show cluster").contains(text)),
            "{text:?} is not in\n{}",
            command(&site, index, "show cluster")
        );
    };
    for index in 0..3 {
        shows(index, &format!("\nholder: {}\n", Site::name(first)));
        shows(index, "\nquorum: yes\n");
        let metrics = ask(site.own(index), "GET /metrics?scope=global", &[], "").unwrap().text();
        let holds = format!("\nlb_cluster_holds_addresses {}\n", u8::from(index == first));
        assert!(metrics.contains(&holds), "{metrics}");
        let page = ask(site.own(index), "GET /stats", &[], "").unwrap().text();
        assert!(page.contains("<h3>cluster edge <small>"), "{page}");
        assert!(command(&site, index, "help show cluster").contains("show cluster events [json]"));
    }
    let follower = (0..3).find(|index| *index != first).unwrap();
    let refused = format!("This node does not lead: {} does.\n\n", Site::name(first));
    assert_eq!(command(&site, follower, "cluster step-down"), refused);

    assert_eq!(command(&site, first, "cluster step-down"), "\n");
    let second = site.holder_among(|index| index != first);
    for index in 0..3 {
        shows(index, &format!("\nholder: {}\n", Site::name(second)));
    }
    let events = command(&site, first, "show cluster events");
    assert!(
        events.contains("let go of the virtual addresses") && events.contains("it hands over."),
        "{events}"
    );
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
    assert_eq!(command(&site, site.holder(), &added), "\n");
    assert!(eventually(LIMIT, || command(&site, lost, "show cluster").contains(" follower, term ")));
    // Its vote counts: with the third node gone, the two are a majority.
    let holder = site.holder();
    let third = (0..3).find(|index| *index != holder && *index != lost).unwrap();
    site.end(third, Signal::SIGKILL);
    assert_eq!(command(&site, holder, "cluster step-down"), "\n");
    assert_eq!(site.holder_among(|index| index == lost), lost);
}
