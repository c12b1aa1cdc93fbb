//! `-D` and `daemon`.

use crate::program::{End, LIMIT, Place, children, exists, is_lb, main_says, status};
use lb_harness::eventually;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Kills the daemon of a pid file.
struct Daemon(i32);

impl Daemon {
    fn of(place: &Place) -> Self {
        Self(place.pid_in("pid").expect("a pid file"))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        for pid in children(self.0).into_iter().chain([self.0]) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}

#[test]
fn the_starter_ends_with_success_once_the_daemon_serves() {
    for (global, args) in [
        ("", vec!["-D", "-p", "pid"]),
        (" daemon\n pidfile pid", vec![]),
        ("", vec!["-D", "-W", "-p", "pid"]),
    ] {
        let place = Place::new();
        let config = place.config(global);
        let ended = place.run(args.into_iter().chain(["-f", config.to_str().unwrap()]));
        // haproxy's starter may end a moment before the pid file is written
        assert!(is_lb() || eventually(LIMIT, || place.pid_in("pid").is_some()));
        let daemon = Daemon::of(&place);
        assert_eq!(ended.end, End::Code(0), "{ended:?}");
        assert!(place.listens() || !is_lb() && eventually(LIMIT, || place.listens()));
        assert!(exists(daemon.0));
        let session = std::fs::read_to_string(format!("/proc/{}/stat", daemon.0)).unwrap();
        let session: i32 =
            session.rsplit_once(')').unwrap().1.split_whitespace().nth(3).unwrap().parse().unwrap();
        assert_eq!(session, daemon.0, "leads its own session");
        if !is_lb() {
            std::thread::sleep(std::time::Duration::from_millis(500)); // its signal handlers come later
        }
        kill(Pid::from_raw(daemon.0), Signal::SIGUSR1).unwrap();
        assert!(eventually(LIMIT, || !exists(daemon.0)), "{:?}", status(daemon.0));
    }
}

#[test]
fn d_and_db_keep_it_in_the_foreground() {
    for flag in ["-d", "-db"] {
        let place = Place::new();
        let config = place.config(" daemon");
        let mut running = place.start([flag, "-f", config.to_str().unwrap()]);
        assert!(!running.has_ended());
        assert_eq!(running.end_by(Signal::SIGINT).end, End::Signal(Signal::SIGINT as i32));
    }
}

#[test]
fn a_pid_file_that_cannot_be_written_is_fatal() {
    let place = Place::new();
    let config = place.config("");
    let ended = place.run(["-D", "-p", "/nonexistent/pid", "-f", config.to_str().unwrap()]);
    assert_eq!(ended.end, End::Code(1));
    assert!(ended.stderr.ends_with(&main_says("Cannot create pidfile /nonexistent/pid")), "{}", ended.stderr);
}

#[test]
fn a_worker_that_cannot_start_fails_the_starter() {
    if !is_lb() || !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: needs lb, and root for chroot");
        return;
    }
    let place = Place::new();
    let config = place.config(" chroot /nonexistent");
    let ended = place.run(["-D", "-f", config.to_str().unwrap()]);
    assert_eq!(ended.end, End::Code(1));
    assert!(ended.stderr.contains(&main_says("Cannot chroot(/nonexistent).")), "{}", ended.stderr);
}
