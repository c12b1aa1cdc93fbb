//! Another file for a running node.

use crate::site::Site;
use crate::watch::Watch;
use nix::sys::signal::Signal;
use std::fs;

#[test]
fn a_reload_keeps_the_node_and_names_what_waits_for_a_restart() {
    let mut site = Site::start();
    let holder = site.holder();
    let watch = Watch::start(site.front);
    let file = site.node(holder).dir().join("haproxy.cfg");
    let config = site.config(holder).replace("data-dir ", "data-dir /elsewhere/than").replace(
        "frontend own\n",
        "frontend own\n http-request return status 200 content-type text/plain string new if { path /new }\n",
    );
    fs::write(&file, config).unwrap();
    site.signal(holder, Signal::SIGUSR2);
    site.says(holder, "'data-dir' of the cluster has changed, which takes effect at the next start only.");
    site.says(holder, "Loading success.");
    let own = site.own(holder);
    assert!(lb_harness::eventually(crate::site::LIMIT, || {
        lb_harness::ask(own, "GET /new", &[], "").is_ok_and(|answer| answer.text() == "new")
    }));

    // A line that would answer for it all the time is refused as at the start.
    let port = site.front.port();
    fs::write(
        &file,
        site.config(holder).replace("frontend own\n", &format!("frontend own\n bind *:{port}\n")),
    )
    .unwrap();
    site.signal(holder, Signal::SIGUSR2);
    site.says(holder, "would answer for the virtual address");
    site.says(holder, "The running configuration stays.");
    watch.stop().assert_all_by(&Site::name(holder));
}
