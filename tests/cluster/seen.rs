//! What operators see, on every node, and the command that moves the lead.

use crate::site::Site;
use lb_harness::ask;

#[test]
fn every_node_shows_who_holds_and_the_leader_steps_down() {
    let site = Site::start();
    let first = site.holder();
    let shows = |index: usize, text: &str| site.shows(index, "show cluster", text);
    for index in 0..3 {
        shows(index, &format!("\nholder: {}\n", Site::name(first)));
        shows(index, "\nquorum: yes\n");
        let metrics = ask(site.own(index), "GET /metrics?scope=global", &[], "").unwrap().text();
        let holds = format!("\nlb_cluster_holds_addresses {}\n", u8::from(index == first));
        assert!(metrics.contains(&holds), "{metrics}");
        let page = ask(site.own(index), "GET /stats", &[], "").unwrap().text();
        assert!(page.contains("<h3>cluster edge <small>"), "{page}");
        assert!(site.command(index, "help show cluster").contains("show cluster events [json]"));
    }
    let follower = (0..3).find(|index| *index != first).unwrap();
    let refused = format!("This node does not lead: {} does.\n\n", Site::name(first));
    assert_eq!(site.command(follower, "cluster step-down"), refused);

    assert_eq!(site.command(first, "cluster step-down"), "\n");
    let second = site.holder_among(|index| index != first);
    for index in 0..3 {
        shows(index, &format!("\nholder: {}\n", Site::name(second)));
    }
    let events = site.command(first, "show cluster events");
    assert!(
        events.contains("let go of the virtual addresses") && events.contains("it hands over."),
        "{events}"
    );
}
