//! A node whose frontend lets nobody in is not fit to hold the address.

use crate::site::{LIMIT, Site};
use lb_harness::{ask, eventually};

#[test]
fn the_address_goes_where_it_is_served_and_stays_where_nobody_is_better() {
    let site = Site::start();
    let first = site.holder();
    // This node's own look is nobody's session.
    std::thread::sleep(std::time::Duration::from_millis(400));
    let metrics = ask(site.own(first), "GET /metrics", &[], "").unwrap().text();
    let counted = metrics.lines().find_map(|line| {
        line.strip_prefix("haproxy_frontend_connections_total{proxy=\"site\"} ")?.parse::<u64>().ok()
    });
    assert!(counted.is_some_and(|counted| counted <= 2), "{counted:?}");

    assert_eq!(site.command(first, "@local disable frontend site"), "\n");
    let second = site.holder_among(|index| index != first);
    site.shows(first, "show cluster events", "let go of the virtual addresses");
    site.shows(first, "show cluster events", "it cannot serve them");

    // The others cannot serve either: whoever holds keeps, and serves as soon as it may again.
    for index in (0..3).filter(|index| *index != first) {
        assert_eq!(site.command(index, "@local disable frontend site"), "\n");
    }
    std::thread::sleep(std::time::Duration::from_secs(1));
    site.shows(second, "show cluster", &format!("\nholder: {}\n", Site::name(second)));
    assert_eq!(site.answers(site.front), None);
    assert_eq!(site.command(first, "@local enable frontend site"), "\n");
    assert!(eventually(LIMIT, || site.answers(site.front) == Some(first)));
}
