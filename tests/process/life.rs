//! One process in the foreground, and its signals.

use crate::program::{End, LIMIT, Place};
use lb_harness::eventually;
use nix::sys::signal::Signal;

#[test]
fn interrupt_and_terminate_are_deaths_by_signal() {
    for mode in ["-d", "-db", "-V"] {
        for signal in [Signal::SIGINT, Signal::SIGTERM] {
            let place = Place::new();
            let running = place.start([mode, "-f", place.config("").to_str().unwrap()]);
            assert_eq!(running.worker(), None);
            assert_eq!(running.end_by(signal).end, End::Signal(signal as i32), "{mode}");
        }
    }
}

#[test]
fn a_soft_stop_without_connections_ends_at_once() {
    let place = Place::new();
    let config = place.config("");
    let ended = place.start(["-f", config.to_str().unwrap()]).end_by(Signal::SIGUSR1);
    assert_eq!(ended.end, End::Code(0));
    assert!(ended.stderr.contains(" : Proxy f stopped (cumulated conns: FE: "), "{}", ended.stderr);
    assert!(!place.listens());
}

#[test]
fn hangup_tells_the_state_of_servers_and_the_program_goes_on() {
    let place = Place::new();
    let config = place.config("");
    let running = place.start(["-f", config.to_str().unwrap()]);
    running.signal(Signal::SIGHUP);
    running.signal(Signal::SIGQUIT);
    running.signal(Signal::SIGPIPE);
    std::thread::sleep(std::time::Duration::from_millis(100));
    let ended = running.end_by(Signal::SIGTERM);
    assert!(ended.stderr.contains("SIGHUP received, dumping servers states.\n"), "{}", ended.stderr);
    assert!(ended.stderr.contains(" : SIGHUP: Proxy f has no servers."), "{}", ended.stderr);
    assert_eq!(ended.end, End::Signal(Signal::SIGTERM as i32));
}

#[test]
fn listeners_pause_and_resume() {
    let place = Place::new();
    let config = place.config("");
    let running = place.start(["-f", config.to_str().unwrap()]);
    running.signal(Signal::SIGTTOU);
    assert!(eventually(LIMIT, || !place.listens()), "still listens");
    running.signal(Signal::SIGTTIN);
    assert!(eventually(LIMIT, || place.listens()), "does not listen again");
    let ended = running.end_by(Signal::SIGINT);
    assert!(ended.stderr.contains(" : Paused frontend f.\n"), "{}", ended.stderr);
    assert!(ended.stderr.contains(" : Resumed frontend f.\n"), "{}", ended.stderr);
}

#[test]
fn old_processes_go_when_the_new_one_is_ready() {
    for (flag, end) in [("-sf", End::Code(0)), ("-st", End::Signal(Signal::SIGTERM as i32))] {
        let place = Place::new();
        let config = place.config("");
        let mut old = place.start(["-f", config.to_str().unwrap()]);
        let mut new = place.spawn(["-f", config.to_str().unwrap(), flag, &old.pid().to_string()]);
        assert_eq!(old.wait(), end, "{flag}");
        assert!(eventually(LIMIT, || place.listens()));
        assert!(!new.has_ended());
    }
}
