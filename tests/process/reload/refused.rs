//! Reloads that fail at each of their steps: what runs stays as it is, with all that commands made of it.

use super::{DEFAULTS, body, change_to, cli, reload, start_master};
use crate::program::{LIMIT, Place, is_lb, open_files};
use lb_harness::{Answering, eventually, loopback};
use nix::sys::signal::Signal;
use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

/// All that the runtime API tells of a state that a reload could spoil.
fn state(place: &Place) -> Vec<String> {
    let commands = [
        "show servers state",
        "show map",
        &format!("show map {}", place.path("map").display()),
        "show acl",
        "show backend",
        "get weight b/s",
    ];
    // Whether a check is being made, and the time since the last change, differ by themselves.
    let steady = |line: &str| {
        let mut fields: Vec<&str> = line.split(' ').collect();
        if fields.len() > 20 {
            fields.remove(13);
            fields.remove(9);
        }
        fields.join(" ")
    };
    commands
        .iter()
        .map(|command| cli(place, command).lines().map(steady).collect::<Vec<_>>().join("\n"))
        .collect()
}

#[test]
fn a_failure_at_any_step_changes_nothing() {
    if !is_lb() {
        return;
    }
    let server = Answering::start().unwrap();
    let place = Place::new();
    let map = place.write("map", "a 1\n");
    let text = format!(
        "global\n stats socket {} level admin\n set-var proc.x int(1)\n{DEFAULTS}frontend f\n bind {}\n \
         http-request set-header x %[path,map({})]\n http-request set-header y %[var(proc.x)]\n default_backend b\n\
         backend b\n option tcp-check\n tcp-check send x\n server s {} weight 9 check inter 20ms\n server t 127.0.0.1:1 track b/s\n",
        place.path("cli").display(),
        place.front,
        map.display(),
        server.address(),
    );
    let running = start_master(&place, &text);
    let worker = running.worker();
    for command in [
        "set server b/s weight 3".to_owned(),
        "set server b/t state drain".to_owned(),
        format!("add map {} b 2", map.display()),
        "set maxconn frontend f 77".to_owned(),
    ] {
        assert_eq!(cli(&place, &command).trim(), "", "{command}");
    }
    let before = state(&place);
    // What would change, if any of these were taken.
    let changed =
        text.replace("weight 9", "weight 8").replace("int(1)", "int(2)").replace("track b/s", "disabled");
    let taken = TcpListener::bind(loopback::free_port().unwrap()).unwrap();
    let listening = format!("frontend g\n bind {}\n", taken.local_addr().unwrap());
    let missing = place.path("nothing");
    let steps = [
        ("no file", None),
        ("no text", Some(String::new())),
        ("a word that is none", Some(format!("{changed} nonsense\n"))),
        ("a line that is cut off", Some(changed.trim_end().to_owned())),
        ("an expression", Some(changed.replace("path,map", "path,nap"))),
        ("a regular expression", Some(format!("{changed} http-request deny if {{ path -m reg ( }}\n"))),
        (
            "a map that is not there",
            Some(changed.replace(&*map.to_string_lossy(), &missing.to_string_lossy())),
        ),
        (
            "a map that is a folder",
            Some(changed.replace(&*map.to_string_lossy(), &place.dir.path().to_string_lossy())),
        ),
        ("a page that is not there", Some(format!("{changed} errorfile 503 {}\n", missing.display()))),
        ("a backend that is not there", Some(changed.replace("default_backend b", "default_backend c"))),
        ("a server that is not there", Some(format!("{changed} server u 127.0.0.1:1 track b/v\n"))),
        ("a name without an address", Some(format!("{changed} server u nowhere.invalid:1\n"))),
        ("no listener", Some("backend b\n server s 127.0.0.1:1\n".to_owned())),
        ("an address that is taken", Some(format!("{changed}{listening}"))),
        ("an address that is not ours", Some(format!("{changed}frontend g\n bind 192.0.2.1:80\n"))),
    ];
    for (step, text) in steps {
        match text {
            Some(text) => drop(place.write("lb.cfg", &text)),
            None => fs::remove_file(place.path("lb.cfg")).unwrap(),
        }
        let answer = reload(&place);
        assert!(answer.starts_with("Success=0\n--\n"), "{step}: {answer}");
        assert_eq!(state(&place), before, "{step}");
        assert_eq!(body(place.front).as_deref(), Some("ok"), "{step}");
    }
    assert_eq!(running.worker(), worker);
    // The worker looks after its servers as before.
    let checks = server.accepted();
    assert!(eventually(LIMIT, || server.accepted() > checks + 3));
    change_to(&place, &changed);
    assert_eq!(cli(&place, "get weight b/s").trim(), "8 (initial 8)");
}

/// Sets a limit of a running process (prlimit(1)).
fn limit(pid: i32, name: &str, to: &str) {
    let done = Command::new("prlimit").args(["--pid", &pid.to_string(), &format!("--{name}={to}")]).status();
    assert!(done.unwrap().success(), "prlimit");
}

#[test]
fn without_descriptors_nothing_changes() {
    if !is_lb() {
        return;
    }
    let place = Place::new();
    let head = format!("global\n stats socket {} level admin\n", place.path("cli").display());
    let text = format!("{head}{}", super::says(&place, "one"));
    let running = start_master(&place, &text);
    let worker = running.worker().unwrap();
    let more: String = (0..4).map(|_| format!(" bind {}\n", loopback::free_port().unwrap())).collect();
    let changed = format!("{head}{}", super::says(&place, "two")) + &more;
    // The process that binds, and the one that gets the sockets.
    for pid in [running.pid(), worker] {
        let before = state(&place);
        let (soft, hard) = open_files(pid).unwrap();
        let open = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
        // One is left for those who ask, and one for the file.
        limit(pid, "nofile", &format!("{}:{hard}", open + 2));
        place.write("lb.cfg", &changed);
        let answer = reload(&place);
        assert!(answer.starts_with("Success=0\n--\n"), "{answer}");
        limit(pid, "nofile", &format!("{soft}:{hard}"));
        assert_eq!(body(place.front).as_deref(), Some("one"));
        assert_eq!(state(&place), before);
        assert_eq!(running.worker(), Some(worker));
    }
    change_to(&place, &changed);
    assert_eq!(body(place.front).as_deref(), Some("two"));
}

/// A running process that can make no thread.
struct Crowded {
    process: i32,
    all: PathBuf,
    own: PathBuf,
}

impl Crowded {
    /// None where the system lets nobody limit it (cgroups(7), `pids`).
    fn new(process: i32) -> Option<Self> {
        let all = ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"].map(PathBuf::from);
        let all = all.into_iter().find(|folder| folder.join("cgroup.procs").exists())?;
        let own = all.join(format!("lb-test-{process}"));
        fs::create_dir(&own).ok()?;
        let crowded = Self { process, all, own };
        fs::write(crowded.own.join("cgroup.procs"), process.to_string()).ok()?;
        // What is over the limit stays.
        fs::write(crowded.own.join("pids.max"), "1").ok()?;
        Some(crowded)
    }
}

impl Drop for Crowded {
    fn drop(&mut self) {
        let _ = fs::write(self.all.join("cgroup.procs"), self.process.to_string());
        let _ = fs::remove_dir(&self.own);
    }
}

#[test]
fn a_reload_needs_no_thread_more() {
    if !is_lb() {
        return;
    }
    let server = Answering::start().unwrap();
    let place = Place::new();
    let says = |text: &str| format!("global\n nbthread 1\n{}", super::says(&place, text));
    let config = place.write("lb.cfg", &says("one"));
    let running = place.start(["-f", config.to_str().unwrap()]);
    assert_eq!(body(place.front).as_deref(), Some("one"));
    // The last thread that is made at the start.
    let tasks = || fs::read_dir(format!("/proc/{}/task", running.pid())).unwrap().flatten();
    let name = |task: fs::DirEntry| fs::read_to_string(task.path().join("comm")).unwrap_or_default();
    assert!(eventually(LIMIT, || tasks().any(|task| name(task) == "lb-drain\n")));
    let Some(_crowded) = Crowded::new(running.pid()) else {
        eprintln!("skipped: needs leave to limit the threads of a process");
        return;
    };
    // What would be read and compiled on a thread of its own is done on the one that there is; what checks is there already.
    let checked = format!(
        "backend b\n option tcp-check\n tcp-check send x\n server s {} check inter 20ms\n",
        server.address()
    );
    place.write("lb.cfg", &(says("two") + &checked));
    running.signal(Signal::SIGUSR2);
    assert!(eventually(LIMIT, || body(place.front).as_deref() == Some("two")));
    assert!(eventually(LIMIT, || server.accepted() > 3));
    let stderr = running.end_by(Signal::SIGTERM).stderr;
    assert!(stderr.contains("Loading success."), "{stderr}");
}
