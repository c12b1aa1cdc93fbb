//! Backends that commands keep rules from choosing.

use crate::program::{LIMIT, Place, is_lb};
use crate::reload::{body, command};
use lb_harness::eventually;
use nix::sys::signal::Signal;

#[test]
fn rules_pass_over_what_is_not_published() {
    if !is_lb() {
        return;
    }
    let place = Place::new();
    let answer = |name: &str| {
        format!("backend {name}\n http-request return status 200 content-type text/plain string {name}\n")
    };
    let cli = place.path("cli");
    let config = |last: &str| {
        format!(
            "global\n stats socket {} level admin\ndefaults\n mode http\n timeout client 5s\n timeout connect 5s\n \
             timeout server 5s\nfrontend f\n bind {}\n use_backend a\n use_backend %[str(b)]\n default_backend {last}\n{}{}{}",
            cli.display(),
            place.front,
            answer("a"),
            answer("b"),
            answer(last),
        )
    };
    place.write("lb.cfg", &config("c"));
    let running = place.start(["-db", "-f", "lb.cfg"]);
    let says = |text: &str| command(&cli, text);
    let answers = || body(place.front).unwrap_or_default();
    assert_eq!(answers(), "a");
    assert_eq!(says("unpublish backend a"), "Backend unpublished.\n\n");
    assert_eq!(says("unpublish backend a"), "Backend already unpublished.\n\n");
    assert_eq!(answers(), "b");
    assert_eq!(
        says("unpublish backend b;unpublish backend d"),
        "Backend unpublished.\n\nNo such backend.\n\n"
    );
    assert_eq!(answers(), "c");
    // A reload keeps it.
    place.write("lb.cfg", &config("e"));
    running.signal(Signal::SIGUSR2);
    assert!(eventually(LIMIT, || answers() != "c"));
    assert_eq!(answers(), "e");
    assert_eq!(says("unpublish backend e"), "Backend unpublished.\n\n");
    assert!(answers().contains("503 Service Unavailable"));
    assert_eq!(says("publish backend a"), "Backend published.\n\n");
    assert_eq!(answers(), "a");
}
