//! Protocol behaviour as `.vtc` files (vtc(7)), each run on lb and on Debian's haproxy: the same file must pass on
//! both. What stands in which file, and how to run one: `README.md` beside this file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use lb_harness::debian;
use lb_harness::regtest::{Build, Requirements};
use lb_harness::suite::{self, Options, Outcomes};
use lb_harness::varnishtest::{self, Outcome, Varnishtest};

/// The files' folder.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vtc");

/// For one file: far more than any waits, since machines that build meanwhile are slow.
const LIMIT: Duration = Duration::from_secs(15);

fn main() -> ExitCode {
    let options = match Options::parse("vtc") {
        Ok(options) => options,
        Err(error) => {
            eprintln!("vtc: {error}");
            return ExitCode::from(2);
        }
    };
    if options.list {
        return ExitCode::SUCCESS;
    }
    let varnishtest = match debian::find_all([debian::VARNISHTEST]) {
        Ok([varnishtest]) => varnishtest,
        Err(missing) => {
            println!("vtc: skipped, {missing}");
            return if debian::demanded() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    let mut all_passed = true;
    for proxy in programs(&options) {
        match run(&varnishtest, proxy, &options) {
            Ok(passed) => all_passed &= passed,
            Err(error) => {
                eprintln!("vtc: {error}");
                all_passed = false;
            }
        }
    }
    if all_passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The control first, when it is installed, then lb.
fn programs(options: &Options) -> Vec<PathBuf> {
    match &options.program {
        Some(program) => vec![program.clone()],
        None => debian::HAPROXY.find().into_iter().chain([env!("CARGO_BIN_EXE_lb").into()]).collect(),
    }
}

/// Files that lb doesn't pass yet, one a line; `#` begins a remark. They run, and their failure doesn't count.
const PENDING: &str = include_str!("pending.txt");

/// Runs the wanted files on one proxy and prints what came of them. False when one failed.
fn run(varnishtest: &Path, proxy: PathBuf, options: &Options) -> io::Result<bool> {
    // One that says nothing of itself is tried with every file.
    let build = Build::of(&proxy).unwrap_or_default();
    let name = proxy.file_name().unwrap_or_default();
    let runner = Varnishtest {
        program: varnishtest.into(),
        logs: Path::new(env!("CARGO_TARGET_TMPDIR")).join("vtc-logs").join(name),
        proxy,
        // Unlike many real files, these warn of nothing.
        proxy_arguments: "-dM -dI -dW",
        folder: FOLDER.into(),
        limit: LIMIT,
    };
    let mut outcomes = Outcomes::new();
    let mut applicable = Vec::new();
    for name in varnishtest::files_below(Path::new(FOLDER))?.into_iter().filter(|name| options.wants(name)) {
        let text = fs::read_to_string(Path::new(FOLDER).join(&name))?;
        match Requirements::parse(&text).skip_reason(&build) {
            Some(reason) => drop(outcomes.insert(name, Outcome::Skipped(reason))),
            None => applicable.push(name),
        }
    }
    let is_lb = runner.proxy == Path::new(env!("CARGO_BIN_EXE_lb"));
    let pending = |name: &str| is_lb && PENDING.lines().any(|line| line == name);
    runner.run_all(&applicable, options.jobs.unwrap_or(2), |name, outcome| {
        let outcome = match outcome {
            Outcome::Failed(reason) if pending(name) => Outcome::Skipped(format!("pending: {reason}")),
            Outcome::Passed if pending(name) => {
                println!("no longer pending: {name}");
                outcome
            }
            outcome => outcome,
        };
        outcomes.insert(name.into(), outcome);
    })?;
    // The oracle shows that a file is right; that it was held up beside others shows nothing.
    let is_failed: fn(&Outcome) -> bool = |outcome| matches!(outcome, Outcome::Failed(_));
    let again =
        outcomes.iter().filter(|(_, outcome)| !is_lb && is_failed(outcome)).map(|(name, _)| name.clone());
    let again: Vec<_> = again.collect();
    runner.run_all(&again, 1, |name, outcome| {
        println!("run again, alone: {name}");
        outcomes.insert(name.into(), outcome);
    })?;
    println!("\n{} {}\n{}", runner.proxy.display(), build.version, suite::report(&outcomes));
    let count = |wanted: fn(&Outcome) -> bool| outcomes.values().filter(|outcome| wanted(outcome)).count();
    let failed = count(is_failed);
    println!(
        "vtc: {} passed, {failed} failed, {} skipped on {}",
        count(|outcome| *outcome == Outcome::Passed),
        count(|outcome| matches!(outcome, Outcome::Skipped(_))),
        runner.proxy.display()
    );
    Ok(failed == 0)
}
