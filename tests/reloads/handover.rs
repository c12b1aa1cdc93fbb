//! Listening sockets that go from one process to the next under load, from and to lb and haproxy: what clients see.

use crate::load::{Load, Outcome, Pace};
use crate::site::PATIENCE;
use lb_harness::{Answering, Launch, Proxy, debian, loopback};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// Addresses that processes take from each other.
struct Stage {
    folder: TempDir,
    front: SocketAddr,
    server: SocketAddr,
    /// `option idle-close-on-response`.
    patient: bool,
}

impl Stage {
    fn cli(&self) -> PathBuf {
        self.folder.path().join("cli")
    }

    fn launch(&self, program: &Path) -> Launch {
        let option = if self.patient { " option idle-close-on-response\n" } else { "" };
        let text = format!(
            "global\n nbthread 1\n stats socket {} level admin expose-fd listeners\n\
             defaults\n mode http\n timeout client 5s\n timeout connect 5s\n timeout server 5s\n balance roundrobin\n\
             frontend f\n bind {}\n{option} default_backend b\nbackend b\n server s {}\n",
            self.cli().display(),
            self.front,
            self.server,
        );
        Launch::new(program).config(&text).listening_on(self.front)
    }

    /// Starts a process that takes the sockets of `old`, which has to end by itself.
    fn succeed(&self, program: &Path, mut old: Proxy, master: bool) -> Proxy {
        let launch = self.launch(program).arg("-x").arg(self.cli()).arg("-sf").arg(old.pid().to_string());
        let new = if master { launch.arg("-W") } else { launch }.start().unwrap();
        let status = old.wait(PATIENCE);
        assert!(status.is_some_and(|status| status.success()), "the old process: {status:?}");
        new
    }
}

/// Who hands over to whom, so often, under such a load; what clients saw.
fn hand_over(programs: [&Path; 2], rounds: usize, rate: usize, patient: bool, master: bool) -> Outcome {
    let mut all = Outcome::default();
    for _ in 0..rounds {
        let stage = Stage {
            folder: tempfile::Builder::new().prefix("lbh").tempdir().unwrap(),
            front: loopback::free_port().unwrap(),
            server: Answering::start().unwrap().address(),
            patient,
        };
        let launch = stage.launch(programs[0]);
        let old = if master { launch.arg("-W") } else { launch }.start().unwrap();
        let load = Load::start(Pace { to: stage.front, keeping: 8, closing: 4, rate });
        std::thread::sleep(Duration::from_millis(300));
        let _new = stage.succeed(programs[1], old, master);
        std::thread::sleep(Duration::from_millis(300));
        let outcome = load.finish();
        all.answers.extend(outcome.answers);
        all.failures.extend(outcome.failures);
    }
    all
}

/// Each way, with the option and without.
fn judge(rounds: usize, rate: usize) {
    let lb = PathBuf::from(env!("CARGO_BIN_EXE_lb"));
    let Some(haproxy) = debian::HAPROXY.find() else {
        assert!(!debian::demanded(), "haproxy is not installed");
        return println!("haproxy is not installed: nothing to hand over from");
    };
    let (lb, haproxy) = (lb.as_path(), haproxy.as_path());
    let races = |outcome: &Outcome| outcome.failures.iter().filter(|failure| failure.kept).count();
    let theirs = races(&hand_over([haproxy, haproxy], rounds, rate, false, false));
    let ways = [
        ("lb to lb", [lb, lb], false),
        ("lb to lb with monitors", [lb, lb], true),
        ("haproxy to lb", [haproxy, lb], false),
    ];
    for (name, programs, master) in ways {
        let outcome = hand_over(programs, rounds, rate, true, master);
        assert!(outcome.failures.is_empty(), "{name}, idle-close-on-response: {:?}", outcome.failures);
        let outcome = hand_over(programs, rounds, rate, false, master);
        let new: Vec<_> = outcome.failures.iter().filter(|failure| !failure.kept).collect();
        assert!(new.is_empty(), "{name}: {new:?}");
        println!(
            "{name}: {} requests, {} lost on connections that were closed; haproxy to haproxy: {theirs}",
            outcome.answers.len(),
            races(&outcome)
        );
        // Where haproxy is the one that closes, its races are no one else's.
        if programs[0] == lb {
            assert!(
                races(&outcome) <= theirs,
                "{name}: {} races, haproxy to haproxy {theirs}",
                races(&outcome)
            );
        }
    }
}

#[test]
fn no_request_is_lost_that_need_not_be() {
    let lb = Path::new(env!("CARGO_BIN_EXE_lb"));
    for master in [false, true] {
        let outcome = hand_over([lb, lb], 1, 400, true, master);
        assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
        assert!(!outcome.answers.is_empty());
    }
}

#[test]
#[ignore = "takes a minute and the whole machine: `just reloads`"]
fn handovers_are_no_worse_than_haproxys() {
    judge(5, 5_000);
}
