//! `user`, `group`, `chroot`: who carries traffic.

use crate::program::{End, Place, is_lb, status};
use nix::sys::signal::Signal;

/// Everybody's user and group for nothing in particular.
fn nobody() -> Option<(nix::unistd::User, nix::unistd::Group)> {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: needs root");
        return None;
    }
    let user = nix::unistd::User::from_name("nobody").ok()??;
    let group = nix::unistd::Group::from_gid(user.gid).ok()??;
    Some((user, group))
}

#[test]
fn the_worker_gives_up_everything() {
    let Some((user, group)) = nobody() else { return };
    let place = Place::new();
    let jail = place.path("jail");
    std::fs::create_dir(&jail).unwrap();
    let config =
        place.config(&format!(" user {}\n group {}\n chroot {}", user.name, group.name, jail.display()));
    let running = place.start(["-f", config.to_str().unwrap()]);
    let carrier = running.worker().unwrap_or(running.pid());
    assert_eq!(carrier != running.pid(), is_lb());
    let seen = status(carrier);
    let (uid, gid) = (user.uid.to_string(), group.gid.to_string());
    assert!(seen["Uid"].split_whitespace().all(|id| id == uid), "{seen:?}");
    assert!(seen["Gid"].split_whitespace().all(|id| id == gid), "{seen:?}");
    assert_eq!(seen["Groups"], "");
    assert_eq!(seen["NoNewPrivs"], "1");
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(u64::from_str_radix(&seen[set], 16), Ok(0), "{set}");
    }
    assert_eq!(std::fs::read_link(format!("/proc/{carrier}/root")).unwrap(), jail);
    assert_eq!(running.end_by(Signal::SIGINT).end, End::Signal(Signal::SIGINT as i32));
}

#[test]
fn a_plain_monitor_is_silent_and_ends_as_one_process_would() {
    let Some((user, _)) = nobody() else { return };
    for (signal, end) in [
        (Signal::SIGINT, End::Signal(2)),
        (Signal::SIGTERM, End::Signal(15)),
        (Signal::SIGUSR1, End::Code(0)),
    ] {
        let place = Place::new();
        let config = place.config(&format!(" user {}", user.name));
        let ended = place.start(["-f", config.to_str().unwrap()]).end_by(signal);
        assert_eq!(ended.end, end);
        assert!(
            ended.stderr.lines().all(|line| line.contains(" stopped (cumulated conns: ")),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn names_must_exist() {
    let place = Place::new();
    for keyword in ["user", "group"] {
        let config = place.config(&format!(" {keyword} no-such-name"));
        let ended = place.run(["-c", "-f", config.to_str().unwrap()]);
        assert_eq!(ended.end, End::Code(1));
        let told = format!("lb.cfg:2] : cannot find {keyword} id for 'no-such-name' (0:Success)\n");
        assert!(ended.stderr.contains(&told), "{}", ended.stderr);
    }
}
