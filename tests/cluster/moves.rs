//! The address moves when its holder dies, and when it is told to end.

use crate::site::Site;
use crate::watch::Watch;
use nix::sys::signal::Signal;
use std::thread::sleep;
use std::time::Duration;

/// Long enough to see more answers of whoever answers.
const A_WHILE: Duration = Duration::from_millis(300);

/// Ends the holder by a signal: another answers, and requests fail in between alone.
fn moves_by(site: &mut Site, signal: Signal) -> (usize, usize) {
    let first = site.holder();
    let watch = Watch::start(site.front);
    sleep(A_WHILE);
    let told = site.end(first, signal);
    let second = site.holder_among(|index| index != first);
    sleep(A_WHILE);
    watch.stop().assert_one_move(&Site::name(first), &Site::name(second));
    let handed_over = told.contains("let go of the virtual addresses") && told.contains("it hands over.");
    assert_eq!(handed_over, signal != Signal::SIGKILL, "{told}");
    (first, second)
}

#[test]
fn a_killed_holder_is_replaced_and_a_terminated_one_hands_over() {
    let mut site = Site::start();
    let (killed, _) = moves_by(&mut site, Signal::SIGKILL);
    // It comes back, and changes nothing.
    let watch = Watch::start(site.front);
    site.start_node(killed);
    site.says(killed, " leads, term ");
    let holder = site.holder();
    watch.stop().assert_all_by(&Site::name(holder));
    assert_ne!(holder, killed);
    moves_by(&mut site, Signal::SIGTERM);
}

#[test]
fn a_worker_of_a_monitor_hands_over_as_well() {
    let mut site = Site::start_with(&["-W"]);
    moves_by(&mut site, Signal::SIGTERM);
}

#[test]
fn a_witness_votes_and_nothing_else() {
    let mut site = Site::start_two_and(1);
    assert_eq!(site.answers(site.own(1)), None);
    let (_, second) = moves_by(&mut site, Signal::SIGKILL);
    assert_ne!(second, 1);
    assert!(!site.end(1, Signal::SIGTERM).contains("this node holds"));
}

#[test]
fn a_soft_stop_hands_over_first() {
    let mut site = Site::start();
    moves_by(&mut site, Signal::SIGUSR1);
}
