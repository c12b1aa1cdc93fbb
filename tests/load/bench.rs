//! Time and memory that checking a large file takes, beside haproxy: `cargo bench --workspace --bench load [-- ROUNDS]`.
//!
//! The file has 10,000 `use_backend` rules and 10,000 backends of 5 servers. Both programs read it in turns, so that the
//! machine is the same for both; the least of each is compared. Fails when lb takes more CPU time or memory than haproxy.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use lb_harness::debian;
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs};

/// Rules, and backends.
const COUNT: usize = 10_000;
/// Servers of a backend.
const SERVERS: usize = 5;
/// The first argument of the process that runs one program and tells what it took.
const MEASURE: &str = "measure";

/// What one run took.
#[derive(Clone, Copy, Debug)]
struct Cost {
    /// CPU time, in milliseconds.
    cpu: i64,
    /// Most memory at once, in KiB.
    memory: i64,
}

impl Cost {
    fn least(self, other: Self) -> Self {
        Self { cpu: self.cpu.min(other.cpu), memory: self.memory.min(other.memory) }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    if let [MEASURE, program, file] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        return measured(program, file);
    }
    let [haproxy] = match debian::find_all([debian::HAPROXY]) {
        Ok(found) => found,
        Err(reason) => {
            println!("load: skipped, {reason}");
            return if debian::demanded() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    let rounds: usize = arguments.first().map_or(5, |text| text.parse().expect("a number of rounds"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("large.cfg");
    fs::write(&file, configuration()).unwrap();
    let lb = Path::new(env!("CARGO_BIN_EXE_lb"));
    let programs = [("haproxy", haproxy.as_path()), ("lb", lb)];
    let mut costs = [Cost { cpu: i64::MAX, memory: i64::MAX }; 2];
    for _ in 0..rounds.max(1) {
        for (least, (_, program)) in costs.iter_mut().zip(programs) {
            *least = least.least(measure(program, &file));
        }
    }
    for (cost, (name, _)) in costs.iter().zip(programs) {
        println!("{name:8} {:6} ms of CPU time {:8} KiB", cost.cpu, cost.memory);
    }
    let [theirs, ours] = costs;
    let good = ours.cpu <= theirs.cpu && ours.memory <= theirs.memory;
    let ratio = |ours: i64, theirs: i64| ours as f64 / theirs.max(1) as f64;
    println!(
        "load: {} (time {:.2}, memory {:.2} of haproxy's)",
        if good { "good" } else { "MORE THAN HAPROXY" },
        ratio(ours.cpu, theirs.cpu),
        ratio(ours.memory, theirs.memory)
    );
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn configuration() -> String {
    let mut text = "global\n    maxconn 1000\ndefaults\n    mode http\n    timeout client 5s\n    timeout server 5s\n    \
        timeout connect 5s\nfrontend f\n    bind 127.0.0.1:18080\n"
        .to_owned();
    for index in 0..COUNT {
        writeln!(text, "    use_backend b{index} if {{ path_beg /{index} }}").unwrap();
    }
    for index in 0..COUNT {
        writeln!(text, "backend b{index}\n    balance roundrobin").unwrap();
        for server in 0..SERVERS {
            writeln!(text, "    server s{server} 127.0.0.1:80 check weight 10").unwrap();
        }
    }
    text
}

/// Has a process of its own run the program, since memory is known of the largest child only.
fn measure(program: &Path, file: &Path) -> Cost {
    let done = Command::new(env::current_exe().unwrap()).arg(MEASURE).args([program, file]).output().unwrap();
    assert!(done.status.success(), "{} rejects the file: {done:?}", program.display());
    let text = String::from_utf8(done.stdout).unwrap();
    let (cpu, memory) = text.trim().split_once(' ').unwrap();
    Cost { cpu: cpu.parse().unwrap(), memory: memory.parse().unwrap() }
}

fn measured(program: &str, file: &str) -> ExitCode {
    let mut command = Command::new(program);
    let done = command.args(["-c", "-f", file]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !done.is_ok_and(|status| status.success()) {
        return ExitCode::FAILURE;
    }
    let usage: Usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let cpu = usage.user_time().num_milliseconds() + usage.system_time().num_milliseconds();
    println!("{cpu} {}", usage.max_rss());
    ExitCode::SUCCESS
}
