//! The regression tests of Debian's haproxy source package, run on lb: what it is and how to use it stands in
//! `README.md` beside this file.

mod ratchet;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use lb_harness::regtest::{Build, Requirements};
use lb_harness::suite::{self, Options, Outcomes};
use lb_harness::varnishtest::{self, Outcome, Varnishtest};
use lb_harness::{debian, debian_source};
use ratchet::Ratchet;

/// How often a listed test may run again before its failure counts: some of them race.
const RERUNS: usize = 3;

/// For one test; HAProxy's own script gives 10 s to a machine that does nothing else.
const LIMIT: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    let options = match Options::parse("regression") {
        Ok(options) => options,
        Err(error) => {
            eprintln!("regression: {error}");
            return ExitCode::from(2);
        }
    };
    if options.list {
        return ExitCode::SUCCESS;
    }
    if !options.run && !debian::demanded() {
        println!(
            "regression: skipped; HAProxy's tests are fetched and run by: cargo test --release --test regression -- --run"
        );
        return ExitCode::SUCCESS;
    }
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("regression: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the wanted tests and prints what came of them. False when a listed one failed.
fn run(options: &Options) -> io::Result<bool> {
    let [varnishtest] = debian::find_all([debian::VARNISHTEST]).map_err(io::Error::other)?;
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let source = debian_source::haproxy(&scratch.join("haproxy-source"))?;
    let lb = PathBuf::from(env!("CARGO_BIN_EXE_lb"));
    let runner = Varnishtest {
        program: varnishtest,
        proxy: options.program.clone().unwrap_or(lb),
        // The default of HAProxy's own script. Many of these files warn, so warnings can't be errors here.
        proxy_arguments: "-dM",
        logs: scratch.join("regression-logs"),
        folder: source.join("reg-tests"),
        limit: LIMIT,
    };
    let build = Build::of(&runner.proxy)?;
    println!("{} says that it is version {}", runner.proxy.display(), build.version);

    let mut outcomes = Outcomes::new();
    let mut applicable = Vec::new();
    for name in varnishtest::files_below(&runner.folder)?.into_iter().filter(|name| options.wants(name)) {
        let text = String::from_utf8_lossy(&fs::read(runner.folder.join(&name))?).into_owned();
        match Requirements::parse(&text).skip_reason(&build) {
            Some(reason) => {
                outcomes.insert(name, Outcome::Skipped(reason));
            }
            None => applicable.push(name),
        }
    }
    let ratchet = Ratchet::read()?;
    // Those that are not listed mostly wait for a program that refused its file: many of them go at once.
    let (listed, others): (Vec<_>, Vec<_>) = applicable.into_iter().partition(|name| ratchet.holds(name));
    let jobs = options.jobs.unwrap_or(2);
    for (names, jobs) in [(listed, jobs), (others, jobs * 4)] {
        runner.run_all(&names, jobs, |name, outcome| {
            outcomes.insert(name.into(), outcome);
        })?;
    }

    if options.program.is_some() {
        // Another program is only looked at: the list is about lb.
        println!("\n{}", suite::report(&outcomes));
        return Ok(true);
    }
    for name in ratchet.lost(&outcomes, |name| options.wants(name)) {
        rerun(&runner, &name, &mut outcomes)?;
    }
    println!("\n{}", suite::report(&outcomes));
    for (name, outcome) in &outcomes {
        if *outcome == Outcome::Passed && !ratchet.holds(name) {
            println!("candidate for passing.txt: {name}");
        }
    }
    if options.update {
        ratchet.write(&outcomes)?;
        return Ok(true);
    }
    let lost = ratchet.lost(&outcomes, |name| options.wants(name));
    lost.iter().for_each(|name| println!("REGRESSED: {name}"));
    Ok(lost.is_empty())
}

/// Gives a listed test that failed more tries, alone.
fn rerun(runner: &Varnishtest, name: &str, outcomes: &mut Outcomes) -> io::Result<()> {
    for _ in 0..RERUNS {
        if !matches!(outcomes.get(name), Some(Outcome::Failed(_))) {
            break;
        }
        outcomes.insert(name.into(), runner.run(name)?);
    }
    Ok(())
}
