//! Machines with far too much to do: nothing moves for it.

use crate::margin::Counts;
use crate::outages::setting;
use crate::site::{Mover, Site};
use lb_harness::debian;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread::{available_parallelism, sleep};
use std::time::{Duration, Instant};

/// Between two reloads.
const RELOAD: Duration = Duration::from_secs(10);

#[test]
#[ignore = "takes minutes and all cores; `just starve` runs it"]
fn starved_nodes_keep_the_address() {
    if debian::WRK.find().is_none() {
        assert!(!debian::demanded(), "wrk is missing");
        eprintln!("skipped: needs wrk");
        return;
    }
    let length = Duration::from_secs(setting("LB_VIP_SECONDS").unwrap_or(60) as u64);
    let lb = Mover::Lb { patient: false, arguments: &[], more: "", front: "" };
    let Some(site) = Site::start("s", lb) else { return };
    let holder = site.holder();
    sleep(Duration::from_secs(2));
    let before = Counts::all(&site);
    // Each of the two alone keeps all cores busy.
    let loads: Vec<Load> = (0..2).map(|_| Load::start(&site, length)).collect();
    let begun = Instant::now();
    while begun.elapsed() < length {
        sleep(RELOAD.min(length.saturating_sub(begun.elapsed())));
        for host in 0..site.world.hosts {
            let process = i32::try_from(site.process(host).unwrap()).unwrap();
            kill(Pid::from_raw(process), Signal::SIGUSR2).unwrap();
        }
    }
    for mut load in loads {
        let said = load.end();
        println!("{said}");
        assert!(said.contains("Requests/sec"), "no load");
    }
    let after = Counts::all(&site);
    for (host, (after, before)) in after.iter().zip(&before).enumerate() {
        println!("{}: {:?}", Site::name(host), after.since(*before));
    }
    assert_eq!(site.holder(), holder);
    for (after, before) in after.iter().zip(&before) {
        let since = after.since(*before);
        let moves = (since.leader_changes, since.acquired, since.released);
        assert_eq!(moves, (0.0, 0.0, 0.0), "{}", site.all_said());
    }
    after[holder].since(before[holder]).assert_margin();
    assert!((0..3).all(|host| site.said(host).contains("Loading success.")), "{}", site.all_said());
}

/// Requests through the address, as fast as they are answered; ended with the test, whatever becomes of it.
struct Load(Child);

impl Load {
    fn start(site: &Site, length: Duration) -> Self {
        let cores = available_parallelism().map_or(2, usize::from);
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &site.world.client(), "wrk", &format!("-t{cores}")]);
        let (connections, length) = (format!("-c{}", cores * 100), format!("-d{}s", length.as_secs()));
        command.args([&connections, &length, "http://10.77.0.100/"]);
        Self(command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap())
    }

    /// What it says at its end.
    fn end(&mut self) -> String {
        let mut said = String::new();
        self.0.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(self.0.wait().unwrap().success(), "{said}");
        said
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
